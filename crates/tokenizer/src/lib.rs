//! Text to token ids and back: counterpart of `JsonTokenizer` and `SentencePieceTokenizer` in
//! pocket-tts `modules/text_conditioner.py`.
//!
//! Upstream reads `tokenizer.json` with Hugging Face's `tokenizers` and `tokenizer.model` with
//! SentencePiece, which do not agree on every text. Each has its own reader here:
//!
//! 1. The text is normalised; [`normalized`] keeps the source of each byte.
//! 2. `tokenizers` cuts added tokens out of the text first and splits the rest into words;
//!    SentencePiece does neither.
//! 3. A model, Unigram ([`unigram`]) or byte pair encoding ([`merges`]), splits the text into
//!    pieces. Text without a piece becomes byte pieces or the unknown piece.

mod charsmap;
mod error;
mod json;
mod merges;
mod normalized;
mod sentencepiece;
mod trie;
mod unigram;

use std::ops::Range;

pub use self::error::TokenizerError;
use self::json::JsonTokenizer;
use self::sentencepiece::SentencePieceTokenizer;

/// A vocabulary, and the rules for splitting a text into its pieces.
#[derive(Debug)]
pub struct Tokenizer(TokenizerFormat);

#[derive(Debug)]
enum TokenizerFormat {
    Json(Box<JsonTokenizer>),
    SentencePiece(Box<SentencePieceTokenizer>),
}

/// One token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// The bytes of the text that it stands for. Byte pieces of one character have the same; text
    /// inserted by normalisation has none.
    pub source: Range<usize>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn from_json(file: &[u8]) -> Result<Self, TokenizerError> {
        Ok(Self(TokenizerFormat::Json(Box::new(JsonTokenizer::read(
            file,
        )?))))
    }

    /// Reads a SentencePiece model.
    pub fn from_sentencepiece(file: &[u8]) -> Result<Self, TokenizerError> {
        let tokenizer = SentencePieceTokenizer::read(file)?;
        Ok(Self(TokenizerFormat::SentencePiece(Box::new(tokenizer))))
    }

    /// Number of pieces, as the file's library counts them.
    pub fn vocab_size(&self) -> usize {
        match &self.0 {
            TokenizerFormat::Json(json) => json.vocab_size(),
            TokenizerFormat::SentencePiece(sentencepiece) => sentencepiece.vocab_size(),
        }
    }

    /// The ids of a text.
    pub fn encode(&self, text: &str) -> Vec<i64> {
        let tokens = match &self.0 {
            TokenizerFormat::Json(json) => json.tokens(text, false),
            TokenizerFormat::SentencePiece(sentencepiece) => sentencepiece.tokens(text, false),
        };
        tokens.into_iter().map(|token| token.id).collect()
    }

    /// The tokens of a text, with the part of the text that each stands for.
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        match &self.0 {
            TokenizerFormat::Json(json) => json.tokens(text, true),
            TokenizerFormat::SentencePiece(sentencepiece) => sentencepiece.tokens(text, true),
        }
    }

    /// The piece of an id, as spelled in the vocabulary.
    pub fn piece(&self, id: i64) -> Option<&str> {
        match &self.0 {
            TokenizerFormat::Json(json) => json.piece(id),
            TokenizerFormat::SentencePiece(sentencepiece) => sentencepiece.piece(id),
        }
    }

    /// The text of ids. Special tokens and ids outside the vocabulary are dropped.
    pub fn decode(&self, ids: &[i64]) -> String {
        match &self.0 {
            TokenizerFormat::Json(json) => json.decode(ids),
            TokenizerFormat::SentencePiece(sentencepiece) => sentencepiece.decode(ids),
        }
    }

    /// Whether all ten digits have pieces of their own. A model without them, such as the German
    /// ones, has never seen a digit, and says something arbitrary for its bytes.
    pub fn has_digits(&self) -> bool {
        ('0'..='9').all(|digit| {
            let ids = self.encode(digit.encode_utf8(&mut [0; 4]));
            ids.iter().all(|id| !self.is_byte_or_special(*id)) && self.decode(&ids).contains(digit)
        })
    }

    /// Whether the vocabulary has this letter, if need be as others that stand for it. Without it, a letter becomes
    /// bytes or the unknown piece.
    pub fn has_letter(&self, letter: char) -> bool {
        let ids = self.encode(letter.encode_utf8(&mut [0; 4]));
        ids.iter().all(|id| !self.is_byte_or_special(*id))
            && self.decode(&ids).contains(char::is_alphanumeric)
    }

    /// Whether an id has no character of its own: it is one byte of a character, or a special
    /// token, which decoding drops.
    pub fn is_byte_or_special(&self, id: i64) -> bool {
        match &self.0 {
            TokenizerFormat::Json(json) => json.is_byte_or_special(id),
            TokenizerFormat::SentencePiece(sentencepiece) => sentencepiece.is_byte_or_special(id),
        }
    }
}

/// The character that stands for a space in pieces.
const SPACE: char = '\u{2581}';

/// The byte that a piece such as `<0x41>` stands for.
fn byte(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok())?
}
