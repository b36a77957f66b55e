//! The `Unigram` model of a `tokenizer.json`.

use serde::Deserialize;
use serde_json::Value;

use super::{EncodedPiece, add_bytes};
use crate::TokenizerError;
use crate::trie::Trie;
use crate::unigram::{Cut, Precision, Unigram};

/// Pieces, and the id for characters without one.
#[derive(Debug)]
pub(super) struct UnigramModel {
    pieces: Vec<String>,
    unknown: usize,
    /// Ids of byte pieces, if the model uses byte fallback.
    bytes: Option<Vec<Option<usize>>>,
    unigram: Unigram,
}

#[derive(Deserialize)]
struct UnigramFile {
    vocab: Vec<(String, f64)>,
    unk_id: Option<usize>,
    #[serde(default)]
    byte_fallback: bool,
}

impl UnigramModel {
    pub(super) fn read(model: Value) -> Result<Self, TokenizerError> {
        let UnigramFile {
            vocab,
            unk_id,
            byte_fallback,
        } = serde_json::from_value(model)?;
        let count = vocab.len();
        let unknown = match unk_id {
            _ if count == 0 => return Err(TokenizerError::malformed("its vocabulary is empty")),
            None => {
                return Err(TokenizerError::malformed(
                    "it has no unknown piece (unk_id)",
                ));
            }
            Some(unknown) if unknown < count => unknown,
            Some(unknown) => {
                let reason = format!("its unknown piece is {unknown}, and it has {count} pieces");
                return Err(TokenizerError::malformed(reason));
            }
        };
        let mut trie = Trie::default();
        let mut lowest = f64::INFINITY;
        let mut scores = Vec::with_capacity(count);
        let mut pieces = Vec::with_capacity(count);
        for (id, (piece, score)) in vocab.into_iter().enumerate() {
            trie.insert(piece.as_bytes(), id);
            lowest = lowest.min(score);
            scores.push(score);
            pieces.push(piece);
        }
        let bytes = (0..=255_u8).map(|byte| trie.get(format!("<0x{byte:02X}>").as_bytes()));
        Ok(Self {
            bytes: byte_fallback.then(|| bytes.collect()),
            unknown,
            unigram: Unigram::new(trie, scores, lowest, Precision::Double),
            pieces,
        })
    }

    pub(super) fn vocab_size(&self) -> usize {
        self.pieces.len()
    }

    pub(super) fn id(&self, piece: &str) -> Option<usize> {
        self.unigram.id(piece)
    }

    pub(super) fn piece(&self, id: usize) -> Option<&str> {
        self.pieces.get(id).map(String::as_str)
    }

    /// The pieces of a word.
    pub(super) fn pieces(&self, word: &str) -> Vec<EncodedPiece> {
        let mut pieces = Vec::new();
        let is_unknown = |cut: &Cut| cut.id.is_none_or(|id| id == self.unknown);
        // Adjacent characters without a piece are merged.
        let cuts = self.unigram.cut(word);
        for run in cuts.chunk_by(|a, b| is_unknown(a) && is_unknown(b)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            let range = first.range.start..last.range.end;
            let text = &word[range.clone()];
            let id = match (self.id(text), &self.bytes) {
                (Some(id), _) => id,
                (None, Some(bytes))
                    if add_bytes(
                        text,
                        range.start,
                        |byte| bytes[usize::from(byte)],
                        &mut pieces,
                    ) =>
                {
                    continue;
                }
                _ => self.unknown,
            };
            pieces.push(EncodedPiece { range, id });
        }
        pieces
    }
}
