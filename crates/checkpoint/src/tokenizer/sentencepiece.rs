//! The `ModelProto` of SentencePiece.

use std::collections::HashSet;

use prost::Message;

/// What is needed of `sentencepiece.ModelProto`; the other fields are skipped.
#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
}

/// `sentencepiece.ModelProto.SentencePiece`.
#[derive(Clone, PartialEq, Message)]
struct Piece {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

/// `Type.UNKNOWN`.
const UNKNOWN: i32 = 2;

/// `vocab_size()`: the number of pieces, after the checks that SentencePiece makes
/// when it loads them.
pub(super) fn count(file: &[u8]) -> Result<usize, String> {
    let model = ModelProto::decode(file).map_err(|error| {
        if file.trim_ascii_start().starts_with(b"{") {
            "it looks like JSON; a configuration with `tokenizer: tokenizers` reads that".to_owned()
        } else {
            error.to_string()
        }
    })?;
    if model.pieces.is_empty() {
        return Err("it holds no pieces".to_owned());
    }
    let mut seen = HashSet::new();
    let mut unknown = 0;
    for (id, piece) in model.pieces.iter().enumerate() {
        let text = piece.text.as_deref().unwrap_or_default();
        if text.is_empty() {
            return Err(format!("piece {id} is empty"));
        }
        if !seen.insert(text) {
            return Err(format!("piece `{text}` occurs twice"));
        }
        unknown += usize::from(piece.kind == Some(UNKNOWN));
    }
    match unknown {
        1 => Ok(model.pieces.len()),
        0 => Err("it has no unknown piece".to_owned()),
        more => Err(format!("it has {more} unknown pieces")),
    }
}
