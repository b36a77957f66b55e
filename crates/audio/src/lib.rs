//! Recordings in, WAV files out.
//!
//! 1. [`Recording::read`] asks [`filetype`] what a file is, and steps over tags before the sound.
//! 2. WAV files of any length are read here ([`read_wav`]), natively and in a page alike.
//! 3. Everything else goes to `symphonia` and `opus-pure` (feature `codecs`); a page leaves it to
//!    the browser.
//! 4. [`Mixer`] averages the channels, and tells how loud they were before.

#[cfg(feature = "codecs")]
mod codec;
#[cfg(feature = "codecs")]
mod decode;
mod error;
mod mix;
#[cfg(feature = "codecs")]
mod opus;
mod pcm;
#[cfg(feature = "codecs")]
mod read;
mod riff;
#[cfg(feature = "codecs")]
mod source;
mod wav;

#[cfg(feature = "codecs")]
pub use error::RecordingError;
pub use error::WavError;
pub use mix::Mixer;
pub use riff::read_wav;
pub use wav::{SampleFormat, WavWriter};

/// A mono recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Samples, -1 to 1 at full scale; channels are averaged.
    pub samples: Vec<f32>,
    /// Samples per second.
    pub sample_rate: u32,
    /// Whether the file goes on after what was read.
    pub truncated: bool,
    /// Root mean square of the channels before they were averaged. Where it is far above that of
    /// `samples`, the channels cancel each other out.
    pub channel_level: f32,
}

impl Recording {
    /// A recording of one channel.
    pub fn mono(samples: &[f32], sample_rate: u32) -> Self {
        let mut mixer = Mixer::new(sample_rate, None);
        mixer.interleaved(samples, 1);
        mixer.finish()
    }
}
