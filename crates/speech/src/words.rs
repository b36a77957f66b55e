//! When each word is spoken.
//!
//! Some attention heads of the backbone look at the word being spoken. `units.rs` finds the words
//! of a chunk and their tokens, `scores.rs` measures how much the heads look at them in a frame,
//! `machine.rs` decides which word is spoken, and `timing.rs` when it begins and ends, refined by
//! the decoded sound.

mod machine;
mod scores;
mod search;
mod timing;
mod units;

use crate::SourceRange;

pub(crate) use scores::TextScores;
pub use search::{Certainty, FoundHeads, HeadSearch};
pub(crate) use timing::WordTimer;
pub use units::{ChunkWords, SourceWord, Unit};

/// A word that was spoken.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word as written, including anything between it and the word before. The texts of all words,
    /// plus the rest after the last one ([`crate::Generation::rest`]), are the given text.
    pub text: String,
    /// The word's place in the given text, without what is before it.
    pub source: SourceRange,
    /// Seconds from the beginning of the sound.
    pub start: f64,
    /// Seconds; at most the start of the next word.
    pub end: f64,
}

impl Word {
    /// The word itself, without what is before it.
    pub fn word(&self) -> &str {
        let from = self.text.len().saturating_sub(self.source.bytes.len());
        self.text.get(from..).unwrap_or(&self.text)
    }

    /// The same word in sound that was stretched: `moved` maps seconds of the old sound to the new
    /// one.
    #[must_use]
    pub fn moved(mut self, moved: impl Fn(f64) -> f64) -> Self {
        (self.start, self.end) = (moved(self.start), moved(self.end));
        self
    }
}
