//! Errors of encoding.

use std::fmt;

use crate::Format;

/// Why sound cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The codec does not support the sample rate.
    #[error("{format} has no sample rate of {sample_rate} Hz: it has {}", list(.rates))]
    SampleRate {
        /// The requested format.
        format: Format,
        /// The requested samples per second.
        sample_rate: u32,
        /// The supported samples per second.
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

/// Wraps an error of a codec.
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
