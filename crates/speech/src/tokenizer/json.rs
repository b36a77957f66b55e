//! `tokenizer.json`, as far as pocket-tts's files go: a Unigram model with byte fallback. What
//! else such a file can hold is refused by name.

use serde::Deserialize;
use serde_json::Value;

use super::unigram::Unigram;
use super::{TokenizerError, byte};

/// A vocabulary in Hugging Face's format.
pub(super) struct JsonTokenizer {
    normalizers: Vec<Normalizer>,
    decoders: Vec<Decoder>,
    model: Unigram,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<Value>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    decoder: Option<Value>,
    truncation: Option<Value>,
    padding: Option<Value>,
    model: Value,
}

/// The parts of the text's preparation.
#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Normalizer {
    Sequence { normalizers: Vec<Normalizer> },
    Prepend { prepend: String },
    Replace { pattern: Pattern, content: String },
}

/// The parts of turning pieces into text.
#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Decoder {
    Sequence {
        decoders: Vec<Decoder>,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    ByteFallback {},
    Fuse {},
    Strip {
        content: char,
        start: usize,
        stop: usize,
    },
}

/// A text to look for; regular expressions are not supported.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    #[serde(rename = "String")]
    text: String,
}

impl JsonTokenizer {
    pub(super) fn read(file: &[u8]) -> Result<Self, TokenizerError> {
        let file: File = serde_json::from_slice(file)?;
        for (part, value) in [
            ("pre_tokenizer", &file.pre_tokenizer),
            ("post_processor", &file.post_processor),
            ("truncation", &file.truncation),
            ("padding", &file.padding),
            ("added_tokens", &file.added_tokens.first().cloned()),
        ] {
            if let Some(value) = value {
                return Err(unsupported(part, value, "none"));
            }
        }
        if file.model.get("type").and_then(Value::as_str) != Some("Unigram") {
            return Err(unsupported("model", &file.model, "Unigram"));
        }
        Ok(Self {
            normalizers: part("normalizer", file.normalizer, "Prepend and Replace")?,
            decoders: part(
                "decoder",
                file.decoder,
                "Replace, ByteFallback, Fuse and Strip",
            )?,
            model: Unigram::read(file.model)?,
        })
    }

    pub(super) fn vocab_size(&self) -> usize {
        self.model.vocab_size()
    }

    pub(super) fn is_byte(&self, id: i64) -> bool {
        self.model
            .piece(id)
            .is_some_and(|piece| byte(piece).is_some())
    }

    pub(super) fn encode(&self, text: &str) -> Vec<i64> {
        let text = (self.normalizers.iter()).fold(text.to_owned(), |text, n| n.apply(text));
        self.model.encode(&text)
    }

    pub(super) fn decode(&self, ids: &[i64]) -> String {
        let pieces = ids.iter().filter_map(|&id| self.model.piece(id));
        let pieces = pieces.map(str::to_owned).collect();
        self.decoders
            .iter()
            .fold(pieces, |pieces, d| d.apply(pieces))
            .concat()
    }
}

fn part<T: for<'a> Deserialize<'a>>(
    part: &'static str,
    value: Option<Value>,
    expected: &'static str,
) -> Result<Vec<T>, TokenizerError> {
    let read =
        |value: Value| T::deserialize(&value).map_err(|_| unsupported(part, &value, expected));
    value
        .map(read)
        .transpose()
        .map(|part| part.into_iter().collect())
}

fn unsupported(part: &'static str, value: &Value, expected: &'static str) -> TokenizerError {
    let found = match value.get("type").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => value.to_string().chars().take(60).collect(),
    };
    TokenizerError::Unsupported {
        part,
        found,
        expected,
    }
}

impl Normalizer {
    fn apply(&self, text: String) -> String {
        match self {
            Self::Sequence { normalizers } => {
                normalizers.iter().fold(text, |text, n| n.apply(text))
            }
            // Nothing stays nothing.
            Self::Prepend { .. } if text.is_empty() => text,
            Self::Prepend { prepend } => prepend.clone() + &text,
            Self::Replace { pattern, content } => text.replace(&pattern.text, content),
        }
    }
}

impl Decoder {
    fn apply(&self, pieces: Vec<String>) -> Vec<String> {
        match self {
            Self::Sequence { decoders } => {
                decoders.iter().fold(pieces, |pieces, d| d.apply(pieces))
            }
            Self::Replace { pattern, content } => {
                let replace = |piece: String| piece.replace(&pattern.text, content);
                pieces.into_iter().map(replace).collect()
            }
            Self::ByteFallback {} => join_bytes(pieces),
            Self::Fuse {} => vec![pieces.concat()],
            Self::Strip {
                content,
                start,
                stop,
            } => {
                let strip = |piece: String| strip(&piece, *content, *start, *stop).to_owned();
                pieces.into_iter().map(strip).collect()
            }
        }
    }
}

/// Turns runs of byte pieces into text; each byte of a run that is not UTF-8 becomes U+FFFD.
fn join_bytes(pieces: Vec<String>) -> Vec<String> {
    let mut joined = Vec::with_capacity(pieces.len());
    let mut run = Vec::new();
    let flush = |run: &mut Vec<u8>, joined: &mut Vec<String>| {
        let length = run.len();
        match String::from_utf8(std::mem::take(run)) {
            Ok(text) if length > 0 => joined.push(text),
            Ok(_) => {}
            Err(_) => joined.push("\u{fffd}".repeat(length)),
        }
    };
    for piece in pieces {
        if let Some(byte) = byte(&piece) {
            run.push(byte);
        } else {
            flush(&mut run, &mut joined);
            joined.push(piece);
        }
    }
    flush(&mut run, &mut joined);
    joined
}

/// Drops up to `start` and `stop` of `content` from both ends.
fn strip(mut piece: &str, content: char, start: usize, stop: usize) -> &str {
    for _ in 0..start {
        piece = piece.strip_prefix(content).unwrap_or(piece);
    }
    for _ in 0..stop {
        piece = piece.strip_suffix(content).unwrap_or(piece);
    }
    piece
}
