//! Tokenizers and recorded cases.

use std::io::Read;

use serde::de::DeserializeOwned;
use speech::Tokenizer;

const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../checkpoint/assets");

/// The vocabulary in Hugging Face's format.
pub(crate) fn json() -> Tokenizer {
    Tokenizer::from_json(&read("tokenizer.json")).unwrap()
}

/// The same vocabulary in SentencePiece's format.
pub(crate) fn sentencepiece() -> Tokenizer {
    Tokenizer::from_sentencepiece(&read("tokenizer.model")).unwrap()
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{ASSETS}/{name}")).unwrap()
}

/// The lines of a compressed file, each a JSON value.
pub(crate) fn lines<T: DeserializeOwned>(compressed: &[u8]) -> Vec<T> {
    let mut text = String::new();
    let mut file = flate2::read::GzDecoder::new(compressed);
    file.read_to_string(&mut text).unwrap();
    text.split('\n')
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Fails with the first of the failures.
pub(crate) fn none(failures: &[String]) {
    let first = failures
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(failures.is_empty(), "{} failures:\n{first}", failures.len());
}
