//! What is counted, and what is refused.

use std::error::Error;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::tempdir;

use super::TokenizerKind::{Json, SentencePiece};
use super::*;

fn parse(kind: TokenizerKind, bytes: &[u8]) -> Result<TokenizerFile, TokenizerError> {
    TokenizerFile::new("file".into(), kind, bytes.to_owned().into())
}

fn shipped(kind: TokenizerKind) -> Vec<u8> {
    TokenizerFile::shipped(kind).unwrap().bytes().to_owned()
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
fn kinds_are_resolved_as_upstream_does() {
    struct Case(&'static str, &'static str, TokenizerKind);
    let cases = [
        Case("tokenizers", "a/tokenizer.model", Json),
        Case("json", "", Json),
        Case("sentencepiece", "a/tokenizer.model", SentencePiece),
        Case(
            "sentencepiece",
            "hf://kyutai/a/tokenizer.json@0123abc",
            Json,
        ),
        Case("sentencepiece", "tokenizer.json", Json),
        Case("sentencepiece", "tokenizer.JSON", SentencePiece),
        Case("sentencepiece", "tokenizer.model@main.json", SentencePiece),
        // Cut at the first sign, wherever it stands.
        Case("sentencepiece", "/home/a@b/tokenizer.json", SentencePiece),
        Case("anything", "tokenizer.model", SentencePiece),
        Case("", "", SentencePiece),
    ];
    let mut failures = Vec::new();
    for Case(tokenizer, location, expected) in cases {
        let actual = TokenizerKind::resolve(tokenizer, location);
        if actual != expected {
            failures.push((tokenizer, location, expected, actual));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_shipped_vocabulary_has_4000_pieces_in_both_kinds() {
    for kind in [Json, SentencePiece] {
        let file = TokenizerFile::shipped(kind).unwrap();
        assert_eq!((file.kind(), file.vocab_size()), (kind, 4000));
        file.check(4000).unwrap();
        let message = file.check(8000).unwrap_err().to_string();
        assert!(
            message.contains("4000") && message.contains("8000"),
            "{message}"
        );
        // What was read from a file is that file.
        let folder = tempdir().unwrap();
        let path = folder.path().join(kind.file_name());
        fs::write(&path, file.bytes()).unwrap();
        let read = TokenizerFile::read(&path, kind).unwrap();
        assert_eq!(read.bytes(), file.bytes());
        assert_eq!(read.vocab_size(), 4000);
    }
}

#[test]
fn pieces_are_counted_as_the_libraries_do() {
    let unigram = r#""model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1.5]]}"#;
    let added = |tokens: &str| format!(r#"{{"added_tokens":[{tokens}],{unigram}}}"#);
    let cases = [
        (
            "a list of pieces",
            Json,
            format!("{{{unigram}}}").into_bytes(),
            2,
        ),
        (
            "of an added token",
            Json,
            added(r#"{"id":2,"content":"<s>"}"#).into(),
            3,
        ),
        (
            "added and there already",
            Json,
            added(r#"{"id":1,"content":"a"}"#).into(),
            2,
        ),
        (
            "added without text",
            Json,
            added(r#"{"id":2,"content":""}"#).into(),
            2,
        ),
        (
            "a map, of another model",
            Json,
            br#"{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}}"#
                .to_vec(),
            2,
        ),
        (
            "of an age before types",
            Json,
            br#"{"model":{"vocab":{"a":0},"merges":[]}}"#.to_vec(),
            1,
        ),
        (
            "SentencePiece",
            SentencePiece,
            model(&[("<unk>", 2), ("a", 1), ("b", 1)]),
            3,
        ),
    ];
    let mut failures = Vec::new();
    for (story, kind, bytes, expected) in cases {
        match parse(kind, &bytes) {
            Ok(file) if file.vocab_size() == expected => {}
            other => failures.push((story, expected, other.map(|file| file.vocab_size()))),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Every file is refused with a message that contains this.
fn all_are_refused(kind: TokenizerKind, cases: Vec<(&str, Vec<u8>, &str)>) {
    let mut failures = Vec::new();
    for (story, bytes, message) in cases {
        let actual = parse(kind, &bytes).map(|file| file.vocab_size());
        match actual.map_err(|error| error.to_string()) {
            Err(actual) if actual.contains(message) => {}
            actual => failures.push((story, message, actual)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn json_that_is_no_tokenizer_is_refused() {
    let json = shipped(Json);
    let deep = [br#"{"model":{"vocab":"#.as_slice(), &vec![b'['; 100_000]].concat();
    let cases = vec![
        ("nothing", vec![], "EOF"),
        ("cut short", json[..json.len() / 2].to_vec(), "EOF"),
        ("another kind", shipped(SentencePiece), "expected value"),
        ("no object", b"[1]".to_vec(), "invalid"),
        (
            "a configuration of another sort",
            br#"{"model_type":"gpt2"}"#.to_vec(),
            "missing field `model`",
        ),
        (
            "no vocabulary",
            br#"{"model":{"type":"Unigram"}}"#.to_vec(),
            "missing field `vocab`",
        ),
        (
            "an empty one",
            br#"{"model":{"type":"Unigram","vocab":[]}}"#.to_vec(),
            "its vocabulary is empty",
        ),
        (
            "a vocabulary of numbers",
            br#"{"model":{"type":"Unigram","vocab":[1,2]}}"#.to_vec(),
            "neither a list of [piece, score] nor a map",
        ),
        (
            "of another model",
            br#"{"model":{"type":"BPE","vocab":[["a",0]]}}"#.to_vec(),
            "not the form",
        ),
        (
            "of no model",
            br#"{"model":{"type":"Whisper","vocab":[["a",0]]}}"#.to_vec(),
            "unknown variant `Whisper`",
        ),
        (
            "an unknown piece that is not there",
            br#"{"model":{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}}"#.to_vec(),
            "its unknown piece is 1",
        ),
        (
            "of the future",
            br#"{"version":"2.0","model":{"vocab":[["a",0]]}}"#.to_vec(),
            "version is `2.0`",
        ),
        ("nested without end", deep, "recursion limit"),
        ("not UTF-8", b"{\"model\":\"\xff\"}".to_vec(), "invalid"),
    ];
    all_are_refused(Json, cases);
}

#[test]
fn what_is_no_sentencepiece_model_is_refused() {
    let cases = vec![
        ("nothing", vec![], "no pieces"),
        ("another kind", shipped(Json), "looks like JSON"),
        ("text", b"It was a dark night.".to_vec(), "Protobuf"),
        (
            "a length beyond the file",
            vec![0x0a, 0xff, 0xff, 0xff, 0x7f, 0],
            "Protobuf",
        ),
        (
            "other fields only",
            vec![0x12, 0x02, 0x08, 0x01],
            "no pieces",
        ),
        ("groups without end", vec![0x13; 100_000], "recursion limit"),
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
    ];
    all_are_refused(SentencePiece, cases);
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let folder = tempdir().unwrap();
    let directory = TokenizerFile::read(folder.path(), Json).unwrap_err();
    assert!(
        matches!(directory, TokenizerError::NotAFile { .. }),
        "{directory}"
    );
    let absent = TokenizerFile::read(&folder.path().join("absent"), Json).unwrap_err();
    assert!(absent.to_string().contains("absent"), "{absent}");
    assert!(absent.source().is_some());
    let huge = folder.path().join("huge");
    // Without data of its own: the file system keeps only its length.
    File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    let huge = TokenizerFile::read(&huge, SentencePiece).unwrap_err();
    assert!(matches!(huge, TokenizerError::TooLarge { .. }), "{huge}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..100)) {
        let _ = parse(Json, &bytes);
        let _ = parse(SentencePiece, &bytes);
    }

    #[test]
    fn a_sound_model_with_some_bytes_changed(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut json = br#"{"model":{"type":"Unigram","unk_id":0,"vocab":[["a",0]]}}"#.to_vec();
        let mut proto = model(&[("<unk>", 2), ("a", 1), ("b", 1)]);
        for (index, byte) in changes {
            *index.get_mut(&mut json) = byte;
            *index.get_mut(&mut proto) = byte;
        }
        let _ = parse(Json, &json);
        let _ = parse(SentencePiece, &proto);
    }
}
