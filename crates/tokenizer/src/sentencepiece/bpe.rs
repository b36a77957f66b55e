//! SentencePiece's byte pair encoding has no list of pairs: any two adjacent symbols that form a
//! piece are merged, the piece with the best score first.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::CheckedPieces;
use super::proto::PieceType;
use crate::merges::{Symbol, merge};
use crate::trie::Trie;
use crate::unigram::Cut;

/// Pieces and their scores.
#[derive(Debug)]
pub(super) struct Bpe {
    /// All pieces by their text.
    ids: HashMap<String, usize>,
    /// Those that merges can produce, with their ranks; none if characters stay separate.
    made: HashMap<String, Made>,
    /// Pieces that are never merged with others.
    fixed: Trie,
}

#[derive(Clone, Copy, Debug)]
struct Made {
    rank: Rank,
    /// Whether the piece only serves to make others.
    unused: bool,
}

/// Order of scores, the best first.
type Rank = Reverse<i32>;

impl Bpe {
    /// The model with `pieces`; without `joins`, the model of single characters.
    pub(super) fn new(pieces: &CheckedPieces, joins: bool) -> Self {
        let mut fixed = Trie::default();
        let mut made = HashMap::new();
        for (id, (piece, &score)) in pieces.all.iter().zip(&pieces.scores).enumerate() {
            let unused = match piece.kind {
                PieceType::Normal => false,
                PieceType::Unused => true,
                PieceType::UserDefined => {
                    fixed.insert(piece.text.as_bytes(), id);
                    false
                }
                PieceType::Unknown | PieceType::Control | PieceType::Byte => continue,
            };
            if joins {
                let rank = Reverse(ordered(score));
                made.insert(piece.text.clone(), Made { rank, unused });
            }
        }
        Self {
            ids: pieces.ids(),
            made,
            fixed,
        }
    }

    pub(super) fn cut(&self, text: &str) -> Vec<Cut> {
        // The halves of unused pieces, as last found.
        let mut halves = HashMap::new();
        let symbols = merge(self.symbols(text), |left, right| {
            if left.piece == SymbolKind::Fixed || right.piece == SymbolKind::Fixed {
                return None;
            }
            let joined = &text[left.range.start..right.range.end];
            let made = self.made.get(joined)?;
            if made.unused {
                halves.insert(joined, left.range.len());
            }
            Some((made.rank, SymbolKind::Free))
        });
        let mut cuts = Vec::with_capacity(symbols.len());
        for Symbol { range, .. } in symbols {
            // Unused pieces are split again.
            let mut parts = vec![range];
            while let Some(range) = parts.pop() {
                let part = &text[range.clone()];
                let unused = self.made.get(part).is_some_and(|made| made.unused);
                match halves.get(part).filter(|_| unused) {
                    Some(half) => {
                        let middle = range.start + half;
                        parts.extend([middle..range.end, range.start..middle]);
                    }
                    None => cuts.push(Cut {
                        id: self.ids.get(part).copied(),
                        range,
                    }),
                }
            }
        }
        cuts
    }

    /// Characters and fixed pieces.
    fn symbols(&self, text: &str) -> Vec<Symbol<SymbolKind>> {
        let mut symbols = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            let fixed = self.fixed.longest(&text.as_bytes()[at..]);
            let (length, piece) = match fixed {
                Some((length, _)) => (length, SymbolKind::Fixed),
                None => (first.len_utf8(), SymbolKind::Free),
            };
            let range = at..at + length;
            symbols.push(Symbol { piece, range });
            at += length;
        }
        symbols
    }
}

/// Whether a symbol may be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SymbolKind {
    Free,
    Fixed,
}

/// An integer with the same order as the score.
fn ordered(score: f32) -> i32 {
    // Both zeros are equal.
    let bits = (score + 0.0).to_bits().cast_signed();
    match bits {
        0.. => bits,
        _ => bits ^ i32::MAX,
    }
}
