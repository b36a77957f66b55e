//! Files put together from parts.

use serde_json::{Value, json};
use tokenizer::Tokenizer;

/// A small `tokenizer.json` with these members in place of its own.
pub(crate) fn file(members: &Value) -> Vec<u8> {
    let mut file = json!({
        "version": "1.0",
        "added_tokens": [],
        "model": {
            "type": "Unigram",
            "unk_id": 0,
            "byte_fallback": false,
            "vocab": [
                ["<unk>", 0.0], ["<s>", 0.0], ["</s>", 0.0], ["\u{2581}", -2.0], ["a", -3.0],
                ["b", -3.0], ["\u{2581}a", -3.5], ["ab", -4.0], ["\u{2581}\u{2581}", -3.9],
            ],
        },
    });
    for (name, value) in members.as_object().unwrap() {
        file[name] = value.clone();
    }
    file.to_string().into_bytes()
}

/// The tokenizer of such a file.
pub(crate) fn tokenizer(members: &Value) -> Tokenizer {
    Tokenizer::from_json(&file(members)).unwrap()
}

/// The pieces of a text.
pub(crate) fn pieces(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    let piece = |id| tokenizer.piece(id).unwrap().to_owned();
    tokenizer.encode(text).into_iter().map(piece).collect()
}
