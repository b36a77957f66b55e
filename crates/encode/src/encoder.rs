//! Samples in, bytes out.

use crate::flac::Flac;
use crate::mp3::Mp3;
use crate::opus::Opus;
use crate::wav::Wav;
use crate::{EncodeError, Format, Tags, pcm};

/// Where the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Bytes that were written can be changed later: a file, or memory.
    Seekable,
    /// Bytes that were written are gone: a pipe, or an answer over HTTP. They come as early as the
    /// format allows, and the header says that the length is unknown.
    Stream,
}

/// How sound is to be encoded.
#[derive(Clone, Debug)]
pub struct Options {
    /// Samples per second.
    pub sample_rate: u32,
    /// Where the bytes go.
    pub target: Target,
    /// What the file says about its sound.
    pub tags: Tags,
}

/// Bytes that take the place of others that were written before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where they begin, in bytes from the start of the file.
    pub offset: u64,
    /// As many as are replaced.
    pub bytes: Vec<u8>,
}

impl Patch {
    /// Puts the bytes into a file that is in memory.
    pub fn apply(&self, file: &mut [u8]) {
        let at = usize::try_from(self.offset).unwrap_or(usize::MAX);
        for (byte, new) in file.iter_mut().skip(at).zip(&self.bytes) {
            *byte = *new;
        }
    }
}

/// Encodes the samples of one utterance, in one format.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
    format: Format,
}

#[derive(Debug)]
enum Codec {
    Wav(Wav),
    Pcm,
    Flac(Box<Flac>),
    Opus(Box<Opus>),
    Mp3(Box<Mp3>),
}

impl Encoder {
    /// Begins. The header comes with the first bytes that are returned.
    ///
    /// # Errors
    ///
    /// [`EncodeError::SampleRate`] where the format does not have it.
    pub fn new(format: Format, options: &Options) -> Result<Self, EncodeError> {
        let codec = match format {
            Format::Wav(samples) => Codec::Wav(Wav::new(samples, options)),
            Format::Pcm(_) => Codec::Pcm,
            Format::Flac => Codec::Flac(Box::new(Flac::new(options)?)),
            Format::Opus => Codec::Opus(Box::new(Opus::new(options)?)),
            Format::Mp3 => Codec::Mp3(Box::new(Mp3::new(options)?)),
        };
        Ok(Self { codec, format })
    }

    /// Takes samples, -1 to 1 at full scale, and appends what is ready to `out`.
    ///
    /// # Errors
    ///
    /// What the codec says.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match &mut self.codec {
            Codec::Wav(wav) => {
                wav.push(samples, out);
                Ok(())
            }
            Codec::Pcm => {
                if let Format::Pcm(format) = self.format {
                    pcm::append(samples, format, out);
                }
                Ok(())
            }
            Codec::Flac(flac) => flac.push(samples, out),
            Codec::Opus(opus) => opus.push(samples, out),
            Codec::Mp3(mp3) => mp3.push(samples, out),
        }
    }

    /// Appends the last bytes to `out`. The patch is for targets that can seek.
    ///
    /// # Errors
    ///
    /// What the codec says.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<Option<Patch>, EncodeError> {
        match self.codec {
            Codec::Wav(wav) => Ok(Some(wav.finish(out))),
            Codec::Pcm => Ok(None),
            Codec::Flac(flac) => flac.finish(out),
            Codec::Opus(opus) => opus.finish(out).map(|()| None),
            Codec::Mp3(mp3) => mp3.finish(out),
        }
    }

    /// Encodes a whole utterance in memory.
    ///
    /// # Errors
    ///
    /// Those of [`Encoder::new`] and of the codec.
    pub fn encode(
        format: Format,
        sample_rate: u32,
        tags: Tags,
        samples: &[f32],
    ) -> Result<Vec<u8>, EncodeError> {
        let options = Options {
            sample_rate,
            target: Target::Seekable,
            tags,
        };
        let mut encoder = Self::new(format, &options)?;
        let mut bytes = Vec::new();
        encoder.push(samples, &mut bytes)?;
        if let Some(patch) = encoder.finish(&mut bytes)? {
            patch.apply(&mut bytes);
        }
        Ok(bytes)
    }
}
