//! Faster and slower speech at the same pitch: a streaming time-stretch, native and wasm.
//!
//! The input is copied unchanged. Once the output has fallen behind or run ahead far enough, it
//! jumps: forward to skip some periods of the voice, or back to repeat them. A jump goes to the
//! place where the waveform is most similar to the current one, with a cross-fade. So pitch and
//! timbre stay, a speed of 1 changes nothing, and a change of speed takes effect at once and never
//! clicks.
//!
//! - [`Speed`] is an allowed speed, and maps positions of the input to those of the output.
//! - [`Stretch`] takes samples as they come. The size of the pieces does not matter.

mod jump;
mod lengths;
mod speed;
mod stretch;

pub use speed::{Speed, SpeedError};
pub use stretch::{LARGEST_DRIFT, LONGEST_WAIT, Stretch};
