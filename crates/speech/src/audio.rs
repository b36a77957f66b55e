//! Sound as samples: what happens to a recording before it is a voice prompt, and to speech
//! before it is heard.

mod fade;
mod pause;
mod recording;
mod resample;

pub(crate) use fade::FadeIn;
pub use pause::end_on_pause;
pub use recording::check_recording;
pub use resample::resample_poly;

/// Why a recording cannot become a voice.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AudioError {
    /// No samples.
    #[error("the recording has no samples")]
    NoSamples,
    /// NaN or infinity.
    #[error("the recording holds a sample that is not finite, after {seconds:.2} s")]
    NotFinite {
        /// Where.
        seconds: f64,
    },
    /// Nothing to hear.
    #[error(
        "the recording is silent (its loudest sample is {peak:.1e}): record again, closer to the microphone"
    )]
    Silent {
        /// Its largest magnitude.
        peak: f32,
    },
    /// A sample rate that no recording has.
    #[error("a sample rate of {rate} Hz cannot be converted: it has to be 1,000 to 768,000")]
    SampleRate {
        /// The rate.
        rate: u32,
    },
}
