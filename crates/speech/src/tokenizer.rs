//! Text to token ids and back: twin of `JsonTokenizer` and `SentencePieceTokenizer` in pocket-tts
//! `modules/text_conditioner.py`.
//!
//! Upstream reads `tokenizer.json` with Hugging Face's `tokenizers` and `tokenizer.model` with
//! SentencePiece, which do not agree on every text. Each has its own reader here.

mod json;
mod sentencepiece;
mod unigram;

use self::json::JsonTokenizer;
use self::sentencepiece::SentencePieceTokenizer;

/// A vocabulary.
pub struct Tokenizer(Kind);

enum Kind {
    Json(JsonTokenizer),
    SentencePiece(Box<SentencePieceTokenizer>),
}

/// Why a tokenizer file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Not JSON of the expected form.
    #[error("tokenizer.json cannot be read")]
    Json(#[from] serde_json::Error),
    /// A part that other tokenizers have and that is not supported.
    #[error("tokenizer.json: {part} {found} is not supported; pocket-tts has {expected} there")]
    Unsupported {
        /// Which part.
        part: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Not a SentencePiece model.
    #[error("tokenizer.model cannot be read: {reason}")]
    SentencePiece {
        /// Why.
        reason: String,
    },
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn from_json(file: &[u8]) -> Result<Self, TokenizerError> {
        Ok(Self(Kind::Json(JsonTokenizer::read(file)?)))
    }

    /// Reads a SentencePiece model.
    pub fn from_sentencepiece(file: &[u8]) -> Result<Self, TokenizerError> {
        let tokenizer = SentencePieceTokenizer::read(file)?;
        Ok(Self(Kind::SentencePiece(Box::new(tokenizer))))
    }

    /// Number of pieces.
    pub fn vocab_size(&self) -> usize {
        match &self.0 {
            Kind::Json(json) => json.vocab_size(),
            Kind::SentencePiece(sentencepiece) => sentencepiece.vocab_size(),
        }
    }

    /// The ids of a text.
    pub fn encode(&self, text: &str) -> Vec<i64> {
        match &self.0 {
            Kind::Json(json) => json.encode(text),
            Kind::SentencePiece(sentencepiece) => sentencepiece.encode(text),
        }
    }

    /// The text of ids. Ids that the vocabulary does not have are left out.
    pub fn decode(&self, ids: &[i64]) -> String {
        match &self.0 {
            Kind::Json(json) => json.decode(ids),
            Kind::SentencePiece(sentencepiece) => sentencepiece.decode(ids),
        }
    }

    /// Whether an id stands for one byte of a character that no piece has.
    pub fn is_byte(&self, id: i64) -> bool {
        match &self.0 {
            Kind::Json(json) => json.is_byte(id),
            Kind::SentencePiece(sentencepiece) => sentencepiece.is_byte(id),
        }
    }
}

/// The byte that a piece such as `<0x41>` stands for.
fn byte(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok())?
}
