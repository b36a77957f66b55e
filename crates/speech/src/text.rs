//! From a text to the chunks that are spoken one at a time: counterpart of pocket-tts
//! `models/text_chunking.py`, and pauses, which are our own.
//!
//! Before, a host may rewrite it: a [`TextPiece`] then keeps what it was made of.
//!
//! A [`TextStream`] takes a text piece by piece:
//!
//! 1. `pause.rs` tells pause markers from text, `passage.rs` what stands between pauses;
//! 2. `preparation.rs` applies the model's rules to characters;
//! 3. `window.rs` encodes the prepared text window by window;
//! 4. `segment.rs` finds boundaries among the tokens, `split.rs` joins what stands between them;
//! 5. `chunks.rs` and `cutter.rs` cut what is too long.
//!
//! An [`ArrivingText`] stands before it where a text comes bit by bit: it says when what is there is
//! spoken without waiting for more (`arriving.rs`, `sentence.rs`).
//!
//! All of them hand on where a text comes from (`map.rs`, `decode.rs`); `chunk.rs` adds the part of
//! the source that a chunk speaks.

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

pub use arriving::{Arrived, ArrivingText, Asking, MOST_WAITING, PATIENCE, USUAL_SILENCE};
pub use check::TextCheck;
pub use chunk::{Chunk, Excerpt};
pub use map::{Mapped, SourceMap};
pub use pause::LONGEST_PAUSE;
pub use piece::TextPiece;
pub use prepare::{Prepared, prepare_text_prompt};
pub(crate) use python::is_space;
pub use split::split_into_best_sentences;
pub use stream::{Next, Spoken, TextStream};

/// Why a text cannot be spoken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space, or nothing that the model's text rules leave.
    #[error("the text is empty: there is nothing to say")]
    Empty,
    /// A pause that nobody means.
    #[error("{marker} exceeds the longest pause ({LONGEST_PAUSE} s)")]
    Pause {
        /// The marker, as it stands in the text.
        marker: String,
    },
}
