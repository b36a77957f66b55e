//! What the parts of a `tokenizer.json` do, one by one.

use serde_json::{Value, json};

use crate::support::{pieces, tokenizer};

fn special(content: &str) -> Value {
    json!({"id": 1, "content": content, "special": true, "normalized": false,
        "single_word": false, "lstrip": false, "rstrip": false})
}

/// Every text is cut into these pieces.
fn all_are(cases: &[(&str, Value, &str, &[&str])]) {
    let mut failures = Vec::new();
    for (story, members, text, expected) in cases {
        let actual = pieces(&tokenizer(members), text);
        if actual != *expected {
            failures.push((story, text, actual));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn metaspace_prepends_by_its_scheme() {
    let with = |members: Value| {
        let mut metaspace = json!({"type": "Metaspace", "replacement": "\u{2581}"});
        for (name, value) in members.as_object().unwrap() {
            metaspace[name] = value.clone();
        }
        json!({"added_tokens": [special("<s>")], "pre_tokenizer": metaspace})
    };
    let always = with(json!({"prepend_scheme": "always"}));
    let first = with(json!({"prepend_scheme": "first"}));
    let never = with(json!({"prepend_scheme": "never"}));
    let old = with(json!({"add_prefix_space": true}));
    let old_never = with(json!({"add_prefix_space": false}));
    let whole = with(json!({"split": false}));
    all_are(&[
        ("always", always.clone(), "a<s>a", &["▁a", "<s>", "▁a"]),
        ("always, but once", always.clone(), " a", &["▁a"]),
        ("nothing stays nothing", always.clone(), "", &[]),
        ("a sign is a word", always, "▁ a", &["▁", "▁a"]),
        ("first", first.clone(), "a<s>a", &["▁a", "<s>", "a"]),
        ("first after a token", first, "<s>a", &["<s>", "a"]),
        ("never", never, "a<s>a", &["a", "<s>", "a"]),
        ("an old file", old, "a<s>a", &["▁a", "<s>", "▁a"]),
        (
            "an old file without",
            old_never,
            "a<s>a",
            &["a", "<s>", "a"],
        ),
        ("not split", whole, "  ", &["▁▁"]),
    ]);
}

#[test]
fn added_tokens_are_cut_out_first() {
    let prepend = json!({"type": "Prepend", "prepend": "▁"});
    let added = |tokens: Value| json!({"added_tokens": tokens, "normalizer": prepend});
    let mut spaced = special("b");
    spaced["lstrip"] = json!(true);
    spaced["rstrip"] = json!(true);
    let mut after = special("a");
    after["normalized"] = json!(true);
    all_are(&[
        (
            "each part is normalised by itself",
            added(json!([special("<s>")])),
            "a<s>a",
            &["▁a", "<s>", "▁a"],
        ),
        (
            "the leftmost",
            added(json!([special("ab"), special("bb")])),
            "abb",
            &["ab", "▁", "b"],
        ),
        (
            "of those the longest",
            added(json!([special("a"), special("ab")])),
            "ab",
            &["ab"],
        ),
        (
            "with the white space around",
            added(json!([spaced])),
            "a b a",
            &["▁a", "b", "▁a"],
        ),
        (
            "found as normalised",
            added(json!([after])),
            "ab",
            &["a", "b"],
        ),
        (
            "unknown to the model",
            added(json!([special("<x>")])),
            "<x>",
            &["<x>"],
        ),
    ]);
    let more = tokenizer(&added(json!([special("<x>"), special("<s>"), special("")])));
    assert_eq!((more.vocab_size(), more.encode("<x>")), (10, vec![9]));
}

#[test]
fn normalisers_do_what_converters_want_of_them() {
    let steps = |steps: Value| json!({"normalizer": {"type": "Sequence", "normalizers": steps}});
    let spaces = json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"});
    let text = json!({"type": "Replace", "pattern": {"String": "xx"}, "content": "a"});
    let strip = json!({"type": "Strip", "strip_left": true, "strip_right": false});
    all_are(&[
        (
            "runs of spaces",
            steps(json!([spaces])),
            "a  b    a",
            &["a", "▁", "b", "▁a"],
        ),
        (
            "a text",
            steps(json!([text])),
            "xxxxxb",
            &["a", "a", "<unk>", "b"],
        ),
        ("one end", steps(json!([strip])), "\u{3000} a", &["a"]),
        (
            "one in another",
            steps(json!([{"type": "Sequence", "normalizers": [text]}])),
            "xx",
            &["a"],
        ),
        ("none", steps(json!([])), "a", &["a"]),
    ]);
}

#[test]
fn what_no_piece_has_becomes_bytes_or_the_unknown_piece() {
    let unigram = |bytes: &[&str], fallback: bool| {
        let mut vocab = vec![json!(["<unk>", 0.0]), json!(["a", -1.0])];
        vocab.extend(bytes.iter().map(|byte| json!([byte, 0.0])));
        json!({"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": fallback, "vocab": vocab}})
    };
    let bpe = |members: Value| {
        let mut model = json!({"type": "BPE", "unk_token": "<unk>",
            "vocab": {"<unk>": 0, "a": 1, "<0xC3>": 2, "<0xA9>": 3, "aa": 4}, "merges": ["a a"]});
        for (name, value) in members.as_object().unwrap() {
            model[name] = value.clone();
        }
        json!({ "model": model })
    };
    let (c3, a9) = ("<0xC3>", "<0xA9>");
    all_are(&[
        (
            "bytes",
            unigram(&[c3, a9], true),
            "aéa",
            &["a", c3, a9, "a"],
        ),
        ("all or none", unigram(&[c3, a9], true), "éx", &["<unk>"]),
        ("not wanted", unigram(&[c3, a9], false), "éé", &["<unk>"]),
        (
            "BPE's bytes",
            bpe(json!({"byte_fallback": true})),
            "éx",
            &[c3, a9, "<unk>"],
        ),
        (
            "BPE's runs",
            bpe(json!({"fuse_unk": true})),
            "xxa",
            &["<unk>", "a"],
        ),
        (
            "BPE's each",
            bpe(json!({})),
            "xxa",
            &["<unk>", "<unk>", "a"],
        ),
        ("BPE's none", bpe(json!({"unk_token": null})), "xxa", &["a"]),
        (
            "merges as pairs",
            bpe(json!({"merges": [["a", "a"]]})),
            "aaa",
            &["aa", "a"],
        ),
        ("merges as lines", bpe(json!({})), "aaa", &["aa", "a"]),
        ("no merges", bpe(json!({"merges": []})), "aa", &["a", "a"]),
        (
            "merges ignored",
            bpe(json!({"merges": [], "ignore_merges": true})),
            "aa",
            &["aa"],
        ),
    ]);
}

#[test]
fn decoding_leaves_special_tokens_out() {
    let ids = [1, 6, 5, 8, 2, 0];
    let decoder = |steps: Value| {
        json!({"added_tokens": [special("<s>"), special("</s>")],
        "decoder": {"type": "Sequence", "decoders": steps}})
    };
    let metaspace = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"});
    let never = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"});
    let strip = json!({"type": "Strip", "content": "▁", "start": 1, "stop": 0});
    let fuse = json!({"type": "Fuse"});
    let mut failures = Vec::new();
    for (story, members, expected) in [
        (
            "Metaspace",
            decoder(json!([metaspace, {"type": "ByteFallback"}, fuse])),
            "ab  <unk>",
        ),
        ("without a prefix", decoder(json!([never])), " ab  <unk>"),
        ("Strip", decoder(json!([fuse, strip])), "ab▁▁<unk>"),
        ("none", json!({}), "<s> ▁a b ▁▁ </s> <unk>"),
    ] {
        let actual = tokenizer(&members).decode(&ids);
        if actual != expected {
            failures.push((story, actual));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
