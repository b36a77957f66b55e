//! What is counted, and what is refused.

use std::error::Error;

use tempfile::tempdir;

use super::TokenizerKind::{Json, SentencePiece};
use super::*;

fn parse(kind: TokenizerKind, bytes: &[u8]) -> Result<TokenizerFile, TokenizerFileError> {
    TokenizerFile::new("file".into(), kind, bytes.to_owned().into())
}

fn shipped(kind: TokenizerKind) -> Vec<u8> {
    TokenizerFile::shipped(kind).unwrap().bytes().to_owned()
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
fn what_cannot_be_spoken_with_is_refused_with_the_way_out() {
    let wordpiece = br#"{"model":{"type":"WordPiece","vocab":{"a":0}}}"#;
    for (kind, bytes, says) in [
        (Json, wordpiece.to_vec(), "model WordPiece"),
        (Json, shipped(SentencePiece), "not a tokenizer.json"),
        (SentencePiece, shipped(Json), "looks like JSON"),
    ] {
        let error = parse(kind, &bytes).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("file cannot be used") && message.contains("--tokenizer"),
            "{message}"
        );
        let source = error.source().unwrap().to_string();
        assert!(source.contains(says), "{source}");
    }
}

#[test]
fn a_file_is_read_as_what_it_is_whatever_its_name_says() {
    let folder = tempdir().unwrap();
    for (name, kind, said) in [
        ("tokenizer.model", SentencePiece, Json),
        ("a@b.json", Json, SentencePiece),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, shipped(kind)).unwrap();
        assert_eq!(TokenizerFile::read(&path, said).unwrap().kind(), kind);
    }
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let folder = tempdir().unwrap();
    let directory = TokenizerFile::read(folder.path(), Json).unwrap_err();
    assert!(
        matches!(directory, TokenizerFileError::Foreign { .. }),
        "{directory}"
    );
    let absent = TokenizerFile::read(&folder.path().join("absent"), Json).unwrap_err();
    assert!(absent.to_string().contains("absent"), "{absent}");
    assert!(absent.source().is_some());
    let huge = folder.path().join("huge");
    // Without data of its own: the file system keeps only its length.
    File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    let huge = TokenizerFile::read(&huge, SentencePiece).unwrap_err();
    assert!(
        matches!(huge, TokenizerFileError::TooLarge { .. }),
        "{huge}"
    );
}
