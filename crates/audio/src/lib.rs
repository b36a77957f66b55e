//! Reads recordings. (The crate `encode` writes sound.)
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
#[cfg(feature = "codecs")]
mod joined;
mod mix;
#[cfg(feature = "codecs")]
mod opus;
mod pcm;
#[cfg(feature = "codecs")]
mod read;
mod riff;
#[cfg(feature = "codecs")]
mod source;

#[cfg(feature = "codecs")]
pub use error::RecordingError;
pub use error::WavError;
pub use mix::Mixer;
pub use riff::read_wav;

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

    /// Appends another recording, of the same rate, of which `room` samples are taken at most.
    #[cfg(feature = "codecs")]
    fn append(&mut self, other: &Self, room: usize) {
        let taken = other.samples.len().min(room);
        let energy = |level: f32, samples: usize| f64::from(level).powi(2) * samples as f64;
        let both =
            energy(self.channel_level, self.samples.len()) + energy(other.channel_level, taken);
        self.samples.extend(&other.samples[..taken]);
        self.channel_level = (both / self.samples.len().max(1) as f64).sqrt() as f32;
        self.truncated = other.truncated || taken < other.samples.len();
    }
}
