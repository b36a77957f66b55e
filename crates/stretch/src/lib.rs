//! Faster and slower speech at its own pitch: a streaming time-stretch, native and wasm.
//!
//! The input is copied as it is. Where the output has fallen behind or run ahead far enough, it
//! jumps: forward, to leave some periods of the voice out, or back, to say them once more. A jump
//! goes to where the waveform is most like the one that is left, and the two are faded into each
//! other. So pitch and timbre stay, a speed of 1 touches nothing, and a change of speed is heard
//! at once and never clicks.
//!
//! - [`Speed`] is a speed that is allowed, and maps positions of the input to those of the output.
//! - [`Stretch`] takes samples as they come. How they are cut into pieces does not matter.

mod form;
mod jump;
mod speed;
mod stretch;

pub use speed::{Speed, SpeedError};
pub use stretch::{LARGEST_DRIFT, LONGEST_WAIT, Stretch};
