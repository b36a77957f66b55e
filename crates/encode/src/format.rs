//! File formats of sound.

use std::fmt;

use crate::{EncodeError, mp3, opus};

/// How samples are stored in formats that do not compress them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SampleFormat {
    /// 16-bit integers: clipped at ±1 and rounded towards zero, as pocket-tts does.
    #[default]
    I16,
    /// 32-bit floating point.
    F32,
}

impl SampleFormat {
    /// Bytes of a sample.
    pub fn bytes(self) -> u16 {
        match self {
            Self::I16 => 2,
            Self::F32 => 4,
        }
    }
}

/// A file format of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RIFF WAVE.
    Wav(SampleFormat),
    /// Samples and nothing else, in little-endian order.
    Pcm(SampleFormat),
    /// FLAC: 16 bits, compressed without loss to about a half.
    Flac,
    /// Opus in Ogg, 32 kbit/s.
    Opus,
    /// MPEG layer III, 64 kbit/s.
    Mp3,
}

impl Format {
    /// All of them, with 16-bit samples where there is a choice.
    pub const ALL: [Self; 5] = [
        Self::Wav(SampleFormat::I16),
        Self::Pcm(SampleFormat::I16),
        Self::Flac,
        Self::Opus,
        Self::Mp3,
    ];

    /// Name of the format, as options and OpenAI's `response_format` spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav(_) => "wav",
            Self::Pcm(_) => "pcm",
            Self::Flac => "flac",
            Self::Opus => "opus",
            Self::Mp3 => "mp3",
        }
    }

    /// The format of a [`Format::name`], with 16-bit samples where there is a choice.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format that files with this ending have; letters may be of either case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        let formats = Self::ALL.into_iter();
        (formats.clone()).find(|format| format.extensions().contains(&extension.as_str()))
    }

    /// Endings of file names, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Wav(_) => &["wav", "wave"],
            Self::Pcm(_) => &["pcm", "raw"],
            Self::Flac => &["flac"],
            Self::Opus => &["opus", "ogg", "oga"],
            Self::Mp3 => &["mp3"],
        }
    }

    /// Sample rates that the format has; none where it has any.
    fn rates(self) -> Option<&'static [u32]> {
        match self {
            Self::Wav(_) | Self::Pcm(_) | Self::Flac => None,
            Self::Opus => Some(&opus::RATES),
            Self::Mp3 => Some(&mp3::RATES),
        }
    }

    /// Checks that the format has a sample rate.
    ///
    /// # Errors
    ///
    /// [`EncodeError::SampleRate`], with those that it has.
    pub fn check(self, sample_rate: u32) -> Result<(), EncodeError> {
        match self.rates() {
            Some(rates) if !rates.contains(&sample_rate) => Err(EncodeError::SampleRate {
                format: self,
                sample_rate,
                rates,
            }),
            _ => Ok(()),
        }
    }

    /// Media type, as HTTP and blobs name it.
    pub fn media_type(self, sample_rate: u32) -> String {
        match self {
            Self::Wav(_) => "audio/wav".into(),
            Self::Pcm(SampleFormat::I16) => format!("audio/pcm;rate={sample_rate}"),
            Self::Pcm(SampleFormat::F32) => "application/octet-stream".into(),
            Self::Flac => "audio/flac".into(),
            Self::Opus => "audio/ogg;codecs=opus".into(),
            Self::Mp3 => "audio/mpeg".into(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Wav(_) => "WAV",
            Self::Pcm(_) => "PCM",
            Self::Flac => "FLAC",
            Self::Opus => "Opus",
            Self::Mp3 => "MP3",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_endings_lead_to_their_format() {
        for format in Format::ALL {
            assert_eq!(Format::of_name(format.name()), Some(format));
            for extension in format.extensions() {
                assert_eq!(Format::of_extension(extension), Some(format), "{extension}");
                let upper = extension.to_uppercase();
                assert_eq!(Format::of_extension(&upper), Some(format), "{upper}");
            }
        }
        assert_eq!(Format::of_name("aac"), None);
        assert_eq!(Format::of_extension("m4a"), None);
    }
}
