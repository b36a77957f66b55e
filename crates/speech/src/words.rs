//! When each word is spoken.
//!
//! Some heads of the backbone's attention look at the word that sounds. `units.rs` tells which
//! words a chunk has and which tokens belong to each, `scores.rs` how much the heads look at them
//! in a frame, `machine.rs` which word sounds, and `timing.rs` when it begins and ends, which the
//! decoded sound tells more exactly.

mod machine;
mod scores;
mod search;
mod timing;
mod units;

use crate::Place;

pub(crate) use scores::TextScores;
pub use search::{Certainty, FoundHeads, HeadSearch};
pub(crate) use timing::Timing;
pub use units::{ChunkWords, SourceWord, Unit};

/// A word that was spoken.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word as it was written, behind what stands between the word before and this one. The
    /// texts of all words, and what is left behind the last ([`crate::Utterance::rest`]), are the
    /// given text.
    pub text: String,
    /// Where the word stands in the given text, without what is before it.
    pub source: Place,
    /// Seconds from the beginning of the sound.
    pub start: f64,
    /// Seconds; at most the start of the next word.
    pub end: f64,
}

impl Word {
    /// The word itself, without what stands before it.
    pub fn word(&self) -> &str {
        let from = self.text.len().saturating_sub(self.source.bytes.len());
        self.text.get(from..).unwrap_or(&self.text)
    }

    /// The same word in sound whose samples stand elsewhere: `moved` gives the second that a
    /// second has become, as a stretch of time does.
    #[must_use]
    pub fn moved(mut self, moved: impl Fn(f64) -> f64) -> Self {
        (self.start, self.end) = (moved(self.start), moved(self.end));
        self
    }
}
