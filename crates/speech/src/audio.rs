//! Sound as samples: preparing a recording to be a voice prompt, and finishing speech before it is
//! heard.

mod check;
mod fade;
mod notice;
mod pause;
mod resample;

pub(crate) use check::check;
pub(crate) use fade::FadeIn;
pub use notice::RecordingNotice;
pub use pause::end_on_pause;
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
        /// Its time in the recording.
        seconds: f64,
    },
    /// Only silence.
    #[error("{}", silent(*peak, *truncated))]
    Silent {
        /// Its largest magnitude.
        peak: f32,
        /// Whether the recording continues after the part that is used.
        truncated: bool,
    },
    /// A constant, which is as silent as zero.
    #[error(
        "the recording is silent (every sample has the same value, {value:.2}): check the microphone and its plug, \
         and record again"
    )]
    Constant {
        /// The mean of the samples.
        value: f64,
    },
    /// Two channels of which one is the inverse of the other.
    #[error("the recording's channels cancel each other out: give one channel only")]
    ChannelsCancel,
    /// A sample rate that no recording has.
    #[error("a sample rate of {rate} Hz cannot be converted: it must be 1,000 to 768,000")]
    SampleRate {
        /// The rate.
        rate: u32,
    },
}

/// The message for a silent recording.
fn silent(peak: f32, truncated: bool) -> String {
    if truncated {
        return format!(
            "the first {} seconds of the recording are silent, and only those are used: cut off the silence",
            crate::LONGEST_PROMPT
        );
    }
    let loudest = if peak > 0.0 {
        let decibels = check::decibels_below(peak);
        format!(" (its loudest sample is {decibels:.0} dB below full scale)")
    } else {
        String::new()
    };
    format!("the recording is silent{loudest}: record again, closer to the microphone")
}
