//! `tokenizer.json` of Hugging Face's `tokenizers`, with the parts that converted SentencePiece
//! vocabularies have. Anything else in such a file is refused by name.

mod added;
mod bpe;
mod decoder;
mod metaspace;
mod normalizer;
mod unigram;

use std::ops::Range;

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value;

use self::added::{AddedToken, AddedTokens};
use self::bpe::BpeModel;
use self::decoder::JsonDecoder;
use self::metaspace::Metaspace;
use self::normalizer::JsonNormalizer;
use self::unigram::UnigramModel;
use crate::normalized::Normalized;
use crate::{Token, TokenizerError, byte};

/// A vocabulary in Hugging Face's format.
#[derive(Debug)]
pub(crate) struct JsonTokenizer {
    added: AddedTokens,
    normalizer: Option<JsonNormalizer>,
    metaspace: Option<Metaspace>,
    decoder: Option<JsonDecoder>,
    model: JsonModel,
}

#[derive(Debug)]
enum JsonModel {
    Unigram(UnigramModel),
    Bpe(BpeModel),
}

#[derive(Deserialize)]
struct JsonFile {
    version: Option<String>,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    decoder: Option<Value>,
    truncation: Option<Value>,
    padding: Option<Value>,
    model: Value,
}

/// A piece of a text: bytes of the normalised text, and its id.
struct EncodedPiece {
    range: Range<usize>,
    id: usize,
}

impl JsonTokenizer {
    pub(crate) fn read(file: &[u8]) -> Result<Self, TokenizerError> {
        // As a text, for that is how other files are read: the module of the page has the reader once.
        let file = std::str::from_utf8(file).map_err(serde_json::Error::custom)?;
        let file: JsonFile = serde_json::from_str(file)?;
        if let Some(version) = file.version.filter(|version| version != "1.0") {
            return Err(unsupported("version", version, "1.0 is read"));
        }
        for (part, value) in [
            ("post_processor", &file.post_processor),
            ("truncation", &file.truncation),
            ("padding", &file.padding),
        ] {
            if let Some(value) = value {
                return Err(unsupported(part, named(value), "pocket-tts has none there"));
            }
        }
        let normalizer = file
            .normalizer
            .as_ref()
            .map(JsonNormalizer::read)
            .transpose()?;
        let metaspace = file.pre_tokenizer.as_ref().map(Metaspace::read);
        let decoder = file.decoder.as_ref().map(JsonDecoder::read).transpose()?;
        let model = JsonModel::read(file.model)?;
        Ok(Self {
            added: AddedTokens::new(file.added_tokens, &model, normalizer.as_ref())?,
            normalizer,
            metaspace: metaspace.transpose()?,
            decoder,
            model,
        })
    }

    /// `get_vocab_size()`: pieces, those of added tokens included.
    pub(crate) fn vocab_size(&self) -> usize {
        self.model.vocab_size() + self.added.beyond(&self.model)
    }

    pub(crate) fn piece(&self, id: i64) -> Option<&str> {
        let id = usize::try_from(id).ok()?;
        (self.added.piece(id)).or_else(|| self.model.piece(id))
    }

    pub(crate) fn is_byte_or_special(&self, id: i64) -> bool {
        let is = |piece: &str| byte(piece).is_some() || self.added.is_special(piece);
        self.piece(id).is_some_and(is)
    }

    /// The tokens of a text; their sources are known only with `keep`.
    pub(crate) fn tokens(&self, text: &str, keep: bool) -> Vec<Token> {
        let mut tokens = Vec::new();
        for (id, range) in self.added.raw.find(text) {
            if let Some(id) = id {
                tokens.push(token(id, range));
                continue;
            }
            let part = Normalized::new(text, range, keep);
            let part = match &self.normalizer {
                Some(normalizer) => normalizer.apply(part),
                None => part,
            };
            for (id, range) in self.added.normalized.find(&part.text) {
                match id {
                    Some(id) => tokens.push(token(id, part.source(range))),
                    None => self.add_pieces(part.slice(range), &mut tokens),
                }
            }
        }
        tokens
    }

    /// Splits a part at added tokens.
    fn add_pieces(&self, part: Normalized, tokens: &mut Vec<Token>) {
        let (part, words) = if let Some(metaspace) = &self.metaspace {
            metaspace.apply(part)
        } else {
            let whole = std::iter::once(0..part.text.len()).collect();
            (part, whole)
        };
        for word in words {
            let start = word.start;
            let pieces = match &self.model {
                JsonModel::Unigram(unigram) => unigram.pieces(&part.text[word]),
                JsonModel::Bpe(bpe) => bpe.pieces(&part.text[word]),
            };
            for EncodedPiece { range, id } in pieces {
                let source = part.source(start + range.start..start + range.end);
                tokens.push(token(id, source));
            }
        }
    }

    pub(crate) fn decode(&self, ids: &[i64]) -> String {
        let pieces = ids.iter().filter_map(|&id| {
            let id = usize::try_from(id).ok()?;
            let piece = (self.added.decoded(id)).or_else(|| self.model.piece(id))?;
            (!self.added.is_special(piece)).then_some(piece)
        });
        let pieces: Vec<String> = pieces.map(str::to_owned).collect();
        match &self.decoder {
            Some(decoder) => decoder.apply(pieces).concat(),
            None => pieces.join(" "),
        }
    }
}

impl JsonModel {
    fn read(value: Value) -> Result<Self, TokenizerError> {
        // Old files have no types: like `tokenizers`, decide by the structure.
        let scored = value.get("vocab").is_some_and(Value::is_array);
        let kind = match value.get("type") {
            None if scored => "Unigram",
            None => "BPE",
            Some(kind) => kind.as_str().unwrap_or_default(),
        };
        match kind {
            "Unigram" => Ok(Self::Unigram(UnigramModel::read(value)?)),
            "BPE" => Ok(Self::Bpe(BpeModel::read(value)?)),
            _ => Err(unsupported(
                "model",
                named(&value),
                "Unigram and BPE are read",
            )),
        }
    }

    fn vocab_size(&self) -> usize {
        match self {
            Self::Unigram(unigram) => unigram.vocab_size(),
            Self::Bpe(bpe) => bpe.vocab_size(),
        }
    }

    fn id(&self, piece: &str) -> Option<usize> {
        match self {
            Self::Unigram(unigram) => unigram.id(piece),
            Self::Bpe(bpe) => bpe.id(piece),
        }
    }

    fn piece(&self, id: usize) -> Option<&str> {
        match self {
            Self::Unigram(unigram) => unigram.piece(id),
            Self::Bpe(bpe) => bpe.piece(id),
        }
    }
}

fn token(id: usize, source: Range<usize>) -> Token {
    Token {
        id: id as i64,
        source,
    }
}

fn unsupported(
    part: &'static str,
    found: impl Into<String>,
    supported: &'static str,
) -> TokenizerError {
    TokenizerError::Unsupported {
        part,
        found: found.into(),
        supported,
    }
}

/// The name of a part: its type, or else its first characters.
fn named(value: &Value) -> String {
    match value.get("type").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => value.to_string().chars().take(60).collect(),
    }
}

/// Reads a part that is on its own or in a `Sequence` of such parts under `list`.
fn parts<T>(
    value: &Value,
    list: &str,
    read: &mut impl FnMut(&Value) -> Result<T, TokenizerError>,
    parts_so_far: &mut Vec<T>,
) -> Result<(), TokenizerError> {
    let members = (value.get("type").and_then(Value::as_str) == Some("Sequence"))
        .then(|| value.get(list).and_then(Value::as_array))
        .flatten();
    if let Some(members) = members {
        (members.iter()).try_for_each(|member| parts(member, list, read, parts_so_far))
    } else {
        parts_so_far.push(read(value)?);
        Ok(())
    }
}

/// Adds the bytes of a text without a piece, one piece each, all or none. Each has the source bytes
/// of its character.
fn add_bytes(
    text: &str,
    start: usize,
    id: impl Fn(u8) -> Option<usize>,
    pieces: &mut Vec<EncodedPiece>,
) -> bool {
    let before = pieces.len();
    for (at, character) in text.char_indices() {
        let range = start + at..start + at + character.len_utf8();
        for &byte in &text.as_bytes()[at..at + character.len_utf8()] {
            let Some(id) = id(byte) else {
                pieces.truncate(before);
                return false;
            };
            let range = range.clone();
            pieces.push(EncodedPiece { range, id });
        }
    }
    true
}
