//! The Unigram model: the likeliest split of a text into pieces, with the same decisions as the two
//! libraries, ties included.

use std::ops::Range;

use crate::trie::Trie;

/// Penalty of a character without a piece, relative to the worst piece.
const UNKNOWN_PENALTY: f64 = 10.0;

/// Precision of path scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// `tokenizers`.
    Double,
    /// SentencePiece.
    Single,
}

/// Pieces with their log probabilities.
#[derive(Debug)]
pub(crate) struct Unigram {
    trie: Trie,
    scores: Vec<f64>,
    unknown_score: f64,
    precision: Precision,
}

/// A part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) range: Range<usize>,
    /// The piece, unless no piece has the characters.
    pub(crate) id: Option<usize>,
}

/// The best path to an end: its last part and its score.
#[derive(Clone, Copy)]
struct BestPath {
    start: usize,
    id: Option<usize>,
    score: f64,
}

impl Unigram {
    /// `trie` has the ids of pieces, `scores` a score for each id; `lowest` is the score of the
    /// worst piece.
    pub(crate) fn new(trie: Trie, scores: Vec<f64>, lowest: f64, precision: Precision) -> Self {
        let unknown_score = match precision {
            Precision::Double => lowest - UNKNOWN_PENALTY,
            Precision::Single => f64::from(lowest as f32 - UNKNOWN_PENALTY as f32),
        };
        Self {
            trie,
            scores,
            unknown_score,
            precision,
        }
    }

    /// The id of a piece.
    pub(crate) fn id(&self, piece: &str) -> Option<usize> {
        self.trie.get(piece.as_bytes())
    }

    /// The likeliest parts. Those without a piece are single characters.
    pub(crate) fn cut(&self, text: &str) -> Vec<Cut> {
        let mut ends: Vec<Option<BestPath>> = vec![None; text.len() + 1];
        for (start, character) in text.char_indices() {
            let so_far = ends[start].map_or(0.0, |way| way.score);
            let mut improve = |end: usize, id: Option<usize>, score: f64| {
                let score = self.rounded(score);
                if ends[end].is_none_or(|way| score > way.score) {
                    ends[end] = Some(BestPath { start, id, score });
                }
            };
            let mut single = false;
            for (length, id) in self.trie.prefixes(&text.as_bytes()[start..]) {
                improve(start + length, Some(id), self.scores[id] + so_far);
                single |= length == character.len_utf8();
            }
            if !single {
                let score = self.unknown_score + so_far;
                improve(start + character.len_utf8(), None, score);
            }
        }
        let mut cuts = Vec::new();
        let mut end = text.len();
        while let Some(BestPath { start, id, .. }) = ends[end].filter(|_| end > 0) {
            cuts.push(Cut {
                range: start..end,
                id,
            });
            end = start;
        }
        cuts.reverse();
        cuts
    }

    fn rounded(&self, score: f64) -> f64 {
        match self.precision {
            Precision::Double => score,
            Precision::Single => f64::from(score as f32),
        }
    }
}
