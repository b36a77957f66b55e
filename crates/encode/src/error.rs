//! What goes wrong with encoding.

use std::fmt;

use crate::Format;

/// Why sound cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A codec has rates of its own.
    #[error("{format} has no sample rate of {sample_rate} Hz: it has {}", list(.rates))]
    SampleRate {
        /// Format that was asked for.
        format: Format,
        /// Samples per second that were asked for.
        sample_rate: u32,
        /// Samples per second that the format has.
        rates: &'static [u32],
    },
    /// FLAC counts frames in 31 bits.
    #[error("the sound is too long for {0}")]
    TooLong(Format),
    /// The codec refuses its own settings or samples.
    #[error("the {format} encoder failed: {message}")]
    Codec {
        /// Format that was being written.
        format: Format,
        /// In the codec's words.
        message: String,
    },
}

/// Wraps what a codec says.
pub(crate) fn failed<E: fmt::Display>(format: Format) -> impl FnOnce(E) -> EncodeError {
    move |error| EncodeError::Codec {
        format,
        message: error.to_string(),
    }
}

fn list(rates: &[u32]) -> String {
    let rates: Vec<_> = rates.iter().map(u32::to_string).collect();
    rates.join(", ")
}
