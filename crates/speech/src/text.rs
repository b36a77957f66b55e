//! From a text to the chunks that are spoken one at a time: twin of pocket-tts
//! `models/text_chunking.py`, and pauses, which are our own.

mod chunks;
mod pause;
mod prepare;
mod python;
mod split;

pub(crate) use chunks::chunks;
pub use pause::{LONGEST_PAUSE, Passage, parse};
pub use prepare::{Prepared, prepare_text_prompt};
pub use split::split_into_best_sentences;

/// Why a text cannot be spoken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space, or nothing that the model's text rules leave.
    #[error("the text is empty: there is nothing to say")]
    Empty,
    /// A pause that nobody means.
    #[error("{marker} is longer than a pause may be ({LONGEST_PAUSE} s)")]
    Pause {
        /// The marker, as it stands in the text.
        marker: String,
    },
}
