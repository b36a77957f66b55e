//! The `BPE` model of a `tokenizer.json`.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::{EncodedPiece, unsupported};
use crate::TokenizerError;
use crate::merges::{Symbol, merge};

/// Pieces, and the pairs that are merged to make them.
#[derive(Debug)]
pub(super) struct BpeModel {
    ids: HashMap<String, usize>,
    pieces: HashMap<usize, String>,
    /// For a pair of ids its rank (the lowest is merged first) and its result.
    merges: HashMap<(usize, usize), (usize, usize)>,
    unknown: Option<usize>,
    fuse_unknown: bool,
    byte_fallback: bool,
    ignore_merges: bool,
}

#[derive(Deserialize)]
struct BpeFile {
    vocab: HashMap<String, usize>,
    merges: Merges,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    fuse_unk: Option<bool>,
    byte_fallback: Option<bool>,
    ignore_merges: Option<bool>,
}

/// Pairs; in files older than `tokenizers` 0.20 with a space between the two.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`model.merges` is no list of pairs")]
enum Merges {
    Pairs(Vec<(String, String)>),
    Lines(Vec<String>),
}

impl Merges {
    fn pairs(self) -> Result<Vec<(String, String)>, TokenizerError> {
        let lines = match self {
            Self::Pairs(pairs) => return Ok(pairs),
            Self::Lines(lines) => lines,
        };
        let lines = lines.iter().filter(|line| !line.starts_with("#version"));
        lines
            .map(|line| {
                let pair = line.split_once(' ').filter(|(_, b)| !b.contains(' '));
                let (a, b) = pair.ok_or_else(|| {
                    TokenizerError::malformed(format!("its merge {line:?} is no pair"))
                })?;
                Ok((a.to_owned(), b.to_owned()))
            })
            .collect()
    }
}

impl BpeModel {
    pub(super) fn read(model: Value) -> Result<Self, TokenizerError> {
        let file: BpeFile = serde_json::from_value(model)?;
        if file.vocab.is_empty() {
            return Err(TokenizerError::malformed("its vocabulary is empty"));
        }
        if let Some(dropout) = file.dropout.filter(|&dropout| dropout != 0.0) {
            let found = format!("BPE with dropout {dropout}");
            return Err(unsupported("model", found, "only without is it read"));
        }
        for (name, affix) in [
            ("continuing_subword_prefix", &file.continuing_subword_prefix),
            ("end_of_word_suffix", &file.end_of_word_suffix),
        ] {
            if let Some(affix) = affix.as_ref().filter(|affix| !affix.is_empty()) {
                let found = format!("BPE with {name} {affix:?}");
                return Err(unsupported("model", found, "only without is it read"));
            }
        }
        let id = |piece: &str| {
            let absent = || {
                let reason = format!("its merges name {piece:?}, which is no piece of it");
                TokenizerError::malformed(reason)
            };
            file.vocab.get(piece).copied().ok_or_else(absent)
        };
        let mut merges = HashMap::new();
        for (rank, (a, b)) in file.merges.pairs()?.into_iter().enumerate() {
            let made = id(&format!("{a}{b}"))?;
            merges.insert((id(&a)?, id(&b)?), (rank, made));
        }
        let unknown = match &file.unk_token {
            None => None,
            Some(piece) => Some(*file.vocab.get(piece).ok_or_else(|| {
                TokenizerError::malformed(format!("its unk_token {piece:?} is no piece of it"))
            })?),
        };
        Ok(Self {
            merges,
            unknown,
            fuse_unknown: file.fuse_unk.unwrap_or(false),
            byte_fallback: file.byte_fallback.unwrap_or(false),
            ignore_merges: file.ignore_merges.unwrap_or(false),
            pieces: (file.vocab.iter())
                .map(|(piece, &id)| (id, piece.clone()))
                .collect(),
            ids: file.vocab,
        })
    }

    pub(super) fn vocab_size(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn id(&self, piece: &str) -> Option<usize> {
        self.ids.get(piece).copied()
    }

    pub(super) fn piece(&self, id: usize) -> Option<&str> {
        self.pieces.get(&id).map(String::as_str)
    }

    /// The pieces of a word.
    pub(super) fn pieces(&self, word: &str) -> Vec<EncodedPiece> {
        if let Some(&id) = self.ids.get(word).filter(|_| self.ignore_merges) {
            let range = 0..word.len();
            return vec![EncodedPiece { range, id }];
        }
        let symbols = merge(self.symbols(word), |left, right| {
            self.merges.get(&(left.piece, right.piece)).copied()
        });
        symbols.iter().map(|symbol| piece(word, symbol)).collect()
    }

    /// The characters of a word, before any merge.
    fn symbols(&self, word: &str) -> Vec<Symbol<usize>> {
        let mut symbols = Vec::with_capacity(word.len());
        // Characters without a piece, added when one with a piece follows.
        let mut unknown: Option<Symbol<usize>> = None;
        for (start, character) in word.char_indices() {
            let range = start..start + character.len_utf8();
            let text = &word[range.clone()];
            if let Some(&piece) = self.ids.get(text) {
                symbols.extend(unknown.take());
                symbols.push(Symbol { piece, range });
                continue;
            }
            let byte = |(at, byte): (usize, u8)| {
                let piece = *self.ids.get(&format!("<0x{byte:02X}>"))?;
                let range = start + at..start + at + 1;
                Some(Symbol { piece, range })
            };
            let bytes: Option<Vec<_>> = text.bytes().enumerate().map(byte).collect();
            if let Some(bytes) = bytes.filter(|_| self.byte_fallback) {
                symbols.extend(bytes);
                continue;
            }
            let Some(piece) = self.unknown else {
                continue;
            };
            match &mut unknown {
                Some(run) if self.fuse_unknown => run.range.end = range.end,
                run => symbols.extend(run.replace(Symbol { piece, range })),
            }
        }
        symbols.extend(unknown);
        symbols
    }
}

/// A symbol for one byte of a character has the source bytes of the whole character.
fn piece(word: &str, symbol: &Symbol<usize>) -> EncodedPiece {
    let (mut start, mut end) = (symbol.range.start, symbol.range.end);
    while !word.is_char_boundary(start) {
        start -= 1;
    }
    while !word.is_char_boundary(end) {
        end += 1;
    }
    EncodedPiece {
        range: start..end,
        id: symbol.piece,
    }
}
