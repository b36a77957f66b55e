//! Files that are refused, each with a message that names the part.

use std::error::Error;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizer::{Tokenizer, TokenizerError};

use crate::support::file;

/// The whole chain of messages.
fn message(result: Result<Tokenizer, TokenizerError>) -> Option<String> {
    let error = result.err()?;
    let source = error.source().map(ToString::to_string);
    Some(format!("{error}: {}", source.unwrap_or_default()))
}

/// Every file is refused with a message that contains this.
fn all_are_refused(
    read: fn(&[u8]) -> Result<Tokenizer, TokenizerError>,
    cases: Vec<(&str, Vec<u8>, &str)>,
) {
    let mut failures = Vec::new();
    for (story, bytes, expected) in cases {
        match message(read(&bytes)) {
            Some(actual) if actual.contains(expected) => {}
            actual => failures.push((story, expected, actual)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn parts_that_are_not_read_are_named() {
    let member = |name: &str, value: Value| file(&json!({ name: value }));
    let step = |kind: &str| json!({"type": "Sequence", "normalizers": [{"type": kind}]});
    let regex =
        |pattern: &str| json!({"type": "Replace", "pattern": {"Regex": pattern}, "content": ""});
    let bpe = |name: &str, value: Value| {
        let mut model = json!({"type": "BPE", "vocab": {"a": 0}, "merges": []});
        model[name] = value;
        member("model", model)
    };
    let map = |bytes: &str| {
        member(
            "normalizer",
            json!({"type": "Precompiled", "precompiled_charsmap": bytes}),
        )
    };
    let contradiction = json!({"type": "Metaspace", "replacement": "▁", "add_prefix_space": false,
        "prepend_scheme": "always"});
    let single_word = json!([{"id": 0, "content": "a", "single_word": true}]);
    let emptied = json!({
        "added_tokens": [{"id": 0, "content": " ", "normalized": true}],
        "normalizer": {"type": "Strip", "strip_left": true, "strip_right": true},
    });
    all_are_refused(
        Tokenizer::from_json,
        vec![
            (
                "a form of Unicode",
                member("normalizer", step("NFKC")),
                "normalizer NFKC",
            ),
            (
                "a pattern",
                member("normalizer", regex("\\s+")),
                "Replace of \"\\\\s+\"",
            ),
            (
                "an empty pattern",
                member(
                    "normalizer",
                    json!({"type": "Replace", "pattern": {"String": ""}, "content": ""}),
                ),
                "Replace of \"\"",
            ),
            (
                "words of another kind",
                member("pre_tokenizer", json!({"type": "ByteLevel"})),
                "pre_tokenizer ByteLevel",
            ),
            (
                "two kinds of words",
                member(
                    "pre_tokenizer",
                    json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}]}),
                ),
                "pre_tokenizer WhitespaceSplit",
            ),
            (
                "two schemes",
                member("pre_tokenizer", contradiction),
                "contradicts prepend_scheme",
            ),
            (
                "another decoder",
                member("decoder", json!({"type": "WordPiece"})),
                "decoder WordPiece",
            ),
            (
                "more tokens",
                member("post_processor", json!({"type": "TemplateProcessing"})),
                "post_processor TemplateProcessing",
            ),
            (
                "fewer tokens",
                member("truncation", json!({"max_length": 5})),
                "truncation",
            ),
            (
                "padding",
                member("padding", json!({"strategy": "BatchLongest"})),
                "padding",
            ),
            (
                "another model",
                member("model", json!({"type": "WordPiece", "vocab": {"a": 0}})),
                "model WordPiece",
            ),
            ("chance", bpe("dropout", json!(0.1)), "BPE with dropout 0.1"),
            (
                "a prefix",
                bpe("continuing_subword_prefix", json!("##")),
                "continuing_subword_prefix \"##\"",
            ),
            (
                "a suffix",
                bpe("end_of_word_suffix", json!("</w>")),
                "end_of_word_suffix \"</w>\"",
            ),
            (
                "a pair that makes nothing",
                bpe("merges", json!(["a a"])),
                "its merges name \"aa\"",
            ),
            (
                "three of a pair",
                bpe("merges", json!(["a a a"])),
                "is no pair",
            ),
            (
                "an unknown that is none",
                bpe("unk_token", json!("?")),
                "its unk_token \"?\"",
            ),
            (
                "merges of numbers",
                bpe("merges", json!([1])),
                "no list of pairs",
            ),
            (
                "a token that is a word",
                member("added_tokens", single_word),
                "single_word",
            ),
            (
                "a token that is nothing",
                file(&emptied),
                "leaves nothing of the added token \" \"",
            ),
            ("a table that is no base64", map("!"), "no base64"),
            ("a table of nothing", map(""), "shorter than its header"),
            ("a table cut short", map("AAQAAAAA"), "cut short"),
            (
                "of the future",
                member("version", json!("2.0")),
                "version 2.0",
            ),
        ],
    );
}

#[test]
fn json_that_is_no_tokenizer_is_refused() {
    let whole = file(&json!({}));
    let deep = [br#"{"model":{"vocab":"#.as_slice(), &vec![b'['; 100_000]].concat();
    let model = |model: &str| format!("{{\"model\":{model}}}").into_bytes();
    all_are_refused(
        Tokenizer::from_json,
        vec![
            ("nothing", vec![], "EOF"),
            ("cut short", whole[..whole.len() / 2].to_vec(), "EOF"),
            (
                "another kind",
                testkit::vocabulary("bpe_identity").unwrap().1,
                "invalid utf-8",
            ),
            ("no object", b"[1]".to_vec(), "invalid"),
            (
                "of another sort",
                br#"{"model_type":"gpt2"}"#.to_vec(),
                "missing field `model`",
            ),
            (
                "no vocabulary",
                model(r#"{"type":"Unigram"}"#),
                "missing field `vocab`",
            ),
            (
                "an empty one",
                model(r#"{"type":"Unigram","vocab":[]}"#),
                "its vocabulary is empty",
            ),
            (
                "an empty map",
                model(r#"{"type":"BPE","vocab":{},"merges":[]}"#),
                "its vocabulary is empty",
            ),
            (
                "of numbers",
                model(r#"{"type":"Unigram","vocab":[1,2]}"#),
                "invalid type",
            ),
            (
                "of another model",
                model(r#"{"type":"BPE","vocab":[["a",0]],"merges":[]}"#),
                "invalid type",
            ),
            (
                "of no model",
                model(r#"{"type":"Whisper","vocab":[["a",0]]}"#),
                "model Whisper",
            ),
            (
                "no unknown piece",
                model(r#"{"type":"Unigram","vocab":[["a",0]]}"#),
                "no unknown piece",
            ),
            (
                "one that is not there",
                model(r#"{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}"#),
                "its unknown piece is 1",
            ),
            ("nested without end", deep, "recursion limit"),
            ("not UTF-8", b"{\"model\":\"\xff\"}".to_vec(), "invalid"),
        ],
    );
}

/// A SentencePiece model of pieces of these types (1: normal, 2: unknown).
fn model(pieces: &[(&str, u8)]) -> Vec<u8> {
    let mut file = Vec::new();
    for (text, kind) in pieces {
        file.extend([0x0a, text.len() as u8 + 4, 0x0a, text.len() as u8]);
        file.extend(text.as_bytes());
        file.extend([0x18, *kind]);
    }
    file
}

#[test]
fn what_is_no_sentencepiece_model_is_refused() {
    let sound = model(&[("<unk>", 2), ("a", 1), ("b", 1)]);
    assert_eq!(
        Tokenizer::from_sentencepiece(&sound).unwrap().vocab_size(),
        3
    );
    let not_a_number = [
        model(&[("<unk>", 2)]),
        vec![0x0a, 8, 0x0a, 1, b'a', 0x15, 0, 0, 0xc0, 0x7f],
    ];
    // Fields of the specification: a model type, and words with white space behind them.
    let trainer = |fields: &[u8]| {
        [
            sound.clone(),
            vec![0x12, fields.len() as u8],
            fields.to_vec(),
        ]
        .concat()
    };
    let normalizer = |fields: &[u8]| {
        [
            sound.clone(),
            vec![0x1a, fields.len() as u8],
            fields.to_vec(),
        ]
        .concat()
    };
    all_are_refused(
        Tokenizer::from_sentencepiece,
        vec![
            ("nothing", vec![], "no pieces"),
            ("another kind", file(&json!({})), "looks like JSON"),
            ("text", b"It was a dark night.".to_vec(), "Protobuf"),
            (
                "a length beyond the file",
                vec![0x0a, 0xff, 0xff, 0xff, 0x7f, 0],
                "Protobuf",
            ),
            (
                "other fields only",
                vec![0x12, 0x02, 0x18, 0x01],
                "no pieces",
            ),
            (
                "groups without end",
                [0x83, 0x01].repeat(100_000),
                "recursion limit",
            ),
            (
                "a piece that is not UTF-8",
                vec![0x0a, 0x03, 0x0a, 0x01, 0xff],
                "UTF-8",
            ),
            (
                "an empty piece",
                model(&[("<unk>", 2), ("", 1)]),
                "piece 1 is empty",
            ),
            (
                "a piece twice",
                model(&[("<unk>", 2), ("a", 1), ("a", 1)]),
                "`a` occurs twice",
            ),
            ("no unknown piece", model(&[("a", 1)]), "no unknown piece"),
            (
                "two unknown pieces",
                model(&[("a", 2), ("b", 2)]),
                "2 unknown pieces",
            ),
            (
                "a type of the future",
                model(&[("<unk>", 2), ("a", 9)]),
                "piece 1 has no type",
            ),
            (
                "a byte without byte_fallback",
                model(&[("<unk>", 2), ("<0x41>", 6)]),
                "byte_fallback is off",
            ),
            (
                "a score that is none",
                not_a_number.concat(),
                "piece 1 has a score",
            ),
            ("no bytes", trainer(&[0x98, 0x02, 1]), "not all 256 bytes"),
            ("a model of the future", trainer(&[0x18, 9]), "model type 9"),
            (
                "words with suffixes",
                trainer(&[0x18, 3, 0xc0, 0x01, 1]),
                "model type WORD",
            ),
            (
                "a damaged table",
                normalizer(&[0x12, 2, 1, 2]),
                "precompiled_charsmap",
            ),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..100)) {
        let _ = Tokenizer::from_json(&bytes);
        let _ = Tokenizer::from_sentencepiece(&bytes);
    }

    /// Also with a damaged table of replacements no text is a danger.
    #[test]
    fn a_sound_file_with_some_bytes_changed(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        text in ".*",
    ) {
        let (mut json, mut model) = testkit::vocabulary("unigram_nfkc").unwrap();
        for (index, byte) in changes {
            *index.get_mut(&mut json) = byte;
            *index.get_mut(&mut model) = byte;
        }
        let both = [Tokenizer::from_json(&json), Tokenizer::from_sentencepiece(&model)];
        for tokenizer in both.into_iter().flatten() {
            let ids = tokenizer.encode(&text);
            tokenizer.decode(&ids);
        }
    }
}
