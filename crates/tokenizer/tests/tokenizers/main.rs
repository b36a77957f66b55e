//! Random lines against the library `tokenizers` itself, with every setting that is read.

#![allow(clippy::unwrap_used, reason = "helpers fail the test that calls them")]

use serde_json::{Value, json};

/// A file, read by both.
struct TokenizerPair {
    name: String,
    ours: tokenizer::Tokenizer,
    theirs: tokenizers::Tokenizer,
}

/// All forms of a vocabulary: its own parts, and others in their place.
#[expect(clippy::too_many_lines, reason = "a list")]
fn forms(name: &str) -> Vec<TokenizerPair> {
    let (json, _) = testkit::vocabulary(name).unwrap();
    let file: Value = serde_json::from_slice(&json).unwrap();
    let mut forms = Vec::new();
    let mut add = |form: String, members: Value| {
        let mut file = file.clone();
        for (member, value) in members.as_object().unwrap() {
            file[member] = value.clone();
        }
        let bytes = serde_json::to_vec(&file).unwrap();
        forms.push(TokenizerPair {
            name: format!("{name}, {form}"),
            ours: tokenizer::Tokenizer::from_json(&bytes).unwrap(),
            theirs: tokenizers::Tokenizer::from_bytes(&bytes).unwrap(),
        });
    };
    let own = &file["normalizer"];
    let prepend = json!({"type": "Prepend", "prepend": "▁"});
    let spaces = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let doubled = json!({"type": "Replace", "pattern": {"String": "ab"}, "content": "  ba"});
    let strip = json!({"type": "Strip", "strip_left": true, "strip_right": true});
    let left = json!({"type": "Strip", "strip_left": true, "strip_right": false});
    let normalizers = [
        ("own", own.clone()),
        ("none", Value::Null),
        (
            "without Prepend",
            sequence(own, |step| step["type"] != "Prepend"),
        ),
        (
            "with Strip",
            json!({"type": "Sequence", "normalizers": [own, left]}),
        ),
        (
            "the table alone",
            sequence(own, |step| step["type"] == "Precompiled"),
        ),
        (
            "Replace and Strip",
            json!({"type": "Sequence", "normalizers": [doubled, strip]}),
        ),
    ];
    let added = |content: &str, flags: &[&str]| {
        let mut token = json!({"id": 0, "content": content, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": false});
        for flag in flags {
            token[flag] = json!(true);
        }
        token
    };
    let tokens = [
        ("own tokens", file["added_tokens"].clone()),
        (
            "more tokens",
            json!([
                added("<unk>", &["special"]),
                added("<s>", &["special", "lstrip"]),
                added("</s>", &["special", "lstrip", "rstrip"]),
                added("the", &["normalized"]),
                added("<laugh>", &["rstrip"]),
                added("<laugh>ab", &[]),
                added("½", &["normalized", "special"]),
            ]),
        ),
    ];
    for scheme in ["always", "first", "never"] {
        for split in [true, false] {
            for (normalizer, steps) in &normalizers {
                for (with, tokens) in &tokens {
                    let metaspace = json!({"type": "Metaspace", "replacement": "▁",
                        "prepend_scheme": scheme, "split": split});
                    add(
                        format!("{scheme}, split {split}, normalizer {normalizer}, {with}"),
                        json!({
                            "pre_tokenizer": metaspace,
                            "normalizer": steps,
                            "added_tokens": tokens,
                            "decoder": {"type": "Sequence", "decoders":
                                [metaspace, {"type": "ByteFallback"}, {"type": "Fuse"}]},
                        }),
                    );
                }
            }
        }
    }
    add(
        "an old Metaspace".to_owned(),
        json!({"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}}),
    );
    add(
        "no pre-tokenizer".to_owned(),
        json!({
            "pre_tokenizer": null,
            "normalizer": {"type": "Sequence", "normalizers": [prepend, spaces]},
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ]},
        }),
    );
    add("no decoder".to_owned(), json!({"decoder": null}));
    let mut model = file["model"].clone();
    model["byte_fallback"] = json!(false);
    add("no bytes".to_owned(), json!({"model": model}));
    if model["type"] == "BPE" {
        model["fuse_unk"] = json!(false);
        add("no bytes, each unknown".to_owned(), json!({"model": model}));
        model["ignore_merges"] = json!(true);
        add("whole words".to_owned(), json!({"model": model}));
        model["unk_token"] = Value::Null;
        let merges = model["merges"].as_array().unwrap().iter();
        let lines = merges.map(|pair| {
            format!(
                "{} {}",
                pair[0].as_str().unwrap(),
                pair[1].as_str().unwrap()
            )
        });
        model["merges"] = lines.collect();
        add("merges as lines".to_owned(), json!({"model": model}));
    }
    forms
}

/// The steps of a normalizer that are wanted.
fn sequence(normalizer: &Value, wanted: impl Fn(&&Value) -> bool) -> Value {
    let one = std::slice::from_ref(normalizer);
    let steps = normalizer["normalizers"]
        .as_array()
        .map_or(one, Vec::as_slice);
    let steps: Vec<&Value> = steps.iter().filter(wanted).collect();
    json!({"type": "Sequence", "normalizers": steps})
}

/// Each line goes to one form of each vocabulary, so that every form sees some 650 of them.
#[test]
fn random_lines_have_the_ids_and_texts_that_tokenizers_gives() {
    let lines = testkit::lines().unwrap();
    assert_eq!(lines.len(), testkit::LINES);
    let mut differences = Vec::new();
    for name in testkit::VOCABULARIES {
        let forms = forms(name);
        assert!(forms.len() >= 75, "{}", forms.len());
        for (line, TokenizerPair { name, ours, theirs }) in lines.iter().zip(forms.iter().cycle()) {
            assert_eq!(ours.vocab_size(), theirs.get_vocab_size(true), "{name}");
            let expected = theirs.encode(line.as_str(), true).unwrap();
            let ids: Vec<i64> = expected.get_ids().iter().map(|&id| id.into()).collect();
            let actual = ours.encode(line);
            let decoded = theirs.decode(expected.get_ids(), true).unwrap();
            let text = ours.decode(&ids);
            if actual != ids || text != decoded {
                differences.push((name.clone(), line.clone(), ids, actual, decoded, text));
            }
        }
    }
    let first = &differences[..differences.len().min(5)];
    assert!(
        differences.is_empty(),
        "{} differences: {first:#?}",
        differences.len()
    );
}
