//! Recordings in, WAV files out.

mod recording;
mod wav;

pub use recording::{Recording, RecordingError};
pub use wav::{SampleFormat, WavWriter};
