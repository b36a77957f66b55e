//! From a text to the chunks that are spoken one at a time: counterpart of pocket-tts
//! `models/text_chunking.py`, plus pauses, which pocket-tts does not have.
//!
//! A host may rewrite the text first: a [`TextPiece`] then keeps the map to its source.
//!
//! A [`TextStream`] takes a text piece by piece:
//!
//! 1. `pause.rs` separates pause markers from text, `passage.rs` makes passages of the text between
//!    pauses;
//! 2. `preparation.rs` applies the model's rules to characters;
//! 3. `window.rs` encodes the prepared text window by window;
//! 4. `segment.rs` finds boundaries among the tokens, `split.rs` joins the segments between them;
//! 5. `chunks.rs` and `cutter.rs` cut chunks that are too long.
//!
//! [`ArrivingText`] comes before it if a text arrives bit by bit: it decides when a sentence is
//! spoken without waiting for more (`arriving.rs`, `sentence.rs`).
//!
//! All of them keep the source map (`map.rs`, `decode.rs`); `chunk.rs` adds the part of the source
//! that a chunk speaks.

mod arriving;
mod check;
mod chunk;
mod chunks;
mod cutter;
mod decode;
mod map;
mod passage;
mod pause;
mod piece;
mod preparation;
mod prepare;
mod python;
mod segment;
mod sentence;
mod split;
mod stream;
mod window;

pub use arriving::{Arrived, ArrivingText, Asking, MOST_WAITING, SENTENCE_PATIENCE, USUAL_SILENCE};
pub use check::TextCheck;
pub use chunk::{Excerpt, TextChunk};
pub use map::{Mapped, SourceMap};
pub use pause::LONGEST_PAUSE;
pub use piece::TextPiece;
pub use prepare::{PreparedText, prepare_text_prompt};
pub(crate) use python::is_space;
pub use split::split_into_best_sentences;
pub use stream::{ChunkOrPause, Next, TextStream};

/// Why a text cannot be spoken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TextError {
    /// Only white space, or for [`prepare_text_prompt`] only characters that the model's rules remove.
    #[error("the text is empty: there is nothing to say")]
    Empty,
    /// A pause of unreasonable length.
    #[error("{marker} exceeds the longest pause ({LONGEST_PAUSE} s)")]
    Pause {
        /// The marker, as written in the text.
        marker: String,
    },
}
