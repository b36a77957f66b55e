//! Turning pieces into text.

use serde::Deserialize;
use serde_json::Value;

use super::metaspace::Metaspace;
use super::normalizer::Replace;
use super::{named, parts, unsupported};
use crate::{TokenizerError, byte};

pub(super) const SUPPORTED: &str = "Metaspace, Replace, ByteFallback, Fuse and Strip are read";

/// The steps of decoding.
#[derive(Debug)]
pub(super) struct JsonDecoder(Vec<DecoderStep>);

#[derive(Debug)]
enum DecoderStep {
    Metaspace(Metaspace),
    Replace(Replace),
    ByteFallback,
    Fuse,
    Strip {
        content: char,
        start: usize,
        stop: usize,
    },
}

#[derive(Deserialize)]
struct Strip {
    content: char,
    start: usize,
    stop: usize,
}

impl JsonDecoder {
    pub(super) fn read(value: &Value) -> Result<Self, TokenizerError> {
        let mut steps = Vec::new();
        parts(value, "decoders", &mut DecoderStep::read, &mut steps)?;
        Ok(Self(steps))
    }

    pub(super) fn apply(&self, pieces: Vec<String>) -> Vec<String> {
        self.0
            .iter()
            .fold(pieces, |pieces, step| step.apply(pieces))
    }
}

impl DecoderStep {
    fn read(value: &Value) -> Result<Self, TokenizerError> {
        let refused = || unsupported("decoder", named(value), SUPPORTED);
        Ok(match value.get("type").and_then(Value::as_str) {
            Some("Metaspace") => Self::Metaspace(Metaspace::read_one("decoder", value, SUPPORTED)?),
            Some("Replace") => Self::Replace(Replace::read(value)?),
            Some("ByteFallback") => Self::ByteFallback,
            Some("Fuse") => Self::Fuse,
            Some("Strip") => {
                let Strip {
                    content,
                    start,
                    stop,
                } = Strip::deserialize(value).map_err(|_| refused())?;
                Self::Strip {
                    content,
                    start,
                    stop,
                }
            }
            _ => return Err(refused()),
        })
    }

    fn apply(&self, pieces: Vec<String>) -> Vec<String> {
        match self {
            Self::Metaspace(metaspace) => {
                let pieces = pieces.iter().enumerate();
                pieces
                    .map(|(index, piece)| metaspace.decoded(index, piece))
                    .collect()
            }
            Self::Replace(replace) => pieces.iter().map(|piece| replace.replaced(piece)).collect(),
            Self::ByteFallback => join_bytes(pieces),
            Self::Fuse => vec![pieces.concat()],
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

/// Turns runs of byte pieces into text; in a run that is not UTF-8, each byte becomes U+FFFD.
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

/// Removes up to `start` and `stop` occurrences of `content` from both ends.
fn strip(mut piece: &str, content: char, start: usize, stop: usize) -> &str {
    for _ in 0..start {
        piece = piece.strip_prefix(content).unwrap_or(piece);
    }
    for _ in 0..stop {
        piece = piece.strip_suffix(content).unwrap_or(piece);
    }
    piece
}
