//! Samples in, bytes out.

use std::io::{self, Seek, SeekFrom, Write};

use crate::flac::Flac;
use crate::mp3::Mp3;
use crate::opus::Opus;
use crate::wav::Wav;
use crate::{EncodeError, Format, SampleFormat, Tags, pcm};

/// Where the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Written bytes can be changed later: a file, or memory.
    Seekable,
    /// Written bytes cannot be changed: a pipe, or a response over HTTP. They come as early as the
    /// format allows, and the header says that the length is unknown.
    Stream,
}

impl Target {
    /// That of a file or of memory, where earlier bytes can be changed, or of a pipe.
    pub fn new(can_seek: bool) -> Self {
        if can_seek {
            Self::Seekable
        } else {
            Self::Stream
        }
    }
}

/// Options of an encoder.
#[derive(Clone, Debug)]
pub struct EncodeOptions {
    /// Samples per second.
    pub sample_rate: u32,
    /// Where the bytes go.
    pub target: Target,
    /// The file's tags.
    pub tags: Tags,
}

/// Bytes that replace earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Their position, in bytes from the start of the file.
    pub offset: u64,
    /// The same number of bytes as are replaced.
    pub bytes: Vec<u8>,
}

impl Patch {
    /// Applies the patch to a file in memory.
    pub fn apply(&self, file: &mut [u8]) {
        let at = usize::try_from(self.offset).unwrap_or(usize::MAX);
        for (byte, new) in file.iter_mut().skip(at).zip(&self.bytes) {
            *byte = *new;
        }
    }

    /// Applies the patch to a file, whose position is its end afterwards.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn write_to(&self, file: &mut (impl Write + Seek)) -> io::Result<()> {
        file.seek(SeekFrom::Start(self.offset))?;
        file.write_all(&self.bytes)?;
        file.seek(SeekFrom::End(0))?;
        file.flush()
    }
}

/// Encodes the samples of one utterance, in one format.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
}

#[derive(Debug)]
enum Codec {
    Wav(Wav),
    Pcm(SampleFormat),
    Flac(Box<Flac>),
    Opus(Box<Opus>),
    Mp3(Box<Mp3>),
}

impl Encoder {
    /// Starts. The header comes with the first bytes that are returned.
    ///
    /// # Errors
    ///
    /// [`EncodeError::SampleRate`] if the format does not support the rate.
    pub fn new(format: Format, options: &EncodeOptions) -> Result<Self, EncodeError> {
        let codec = match format {
            Format::Wav(samples) => Codec::Wav(Wav::new(samples, options)),
            Format::Pcm(samples) => Codec::Pcm(samples),
            Format::Flac => Codec::Flac(Box::new(Flac::new(options)?)),
            Format::Opus => Codec::Opus(Box::new(Opus::new(options)?)),
            Format::Mp3 => Codec::Mp3(Box::new(Mp3::new(options)?)),
        };
        Ok(Self { codec })
    }

    /// Takes samples, -1 to 1 at full scale, and appends finished bytes to `out`.
    ///
    /// # Errors
    ///
    /// An error of the codec.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match &mut self.codec {
            Codec::Wav(wav) => {
                wav.push(samples, out);
                Ok(())
            }
            Codec::Pcm(format) => {
                pcm::append(samples, *format, out);
                Ok(())
            }
            Codec::Flac(flac) => flac.push(samples, out),
            Codec::Opus(opus) => opus.push(samples, out),
            Codec::Mp3(mp3) => mp3.push(samples, out),
        }
    }

    /// Appends the last bytes to `out`. The patch is for targets that can seek; ignore it for others.
    ///
    /// # Errors
    ///
    /// An error of the codec.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<Option<Patch>, EncodeError> {
        match self.codec {
            Codec::Wav(wav) => Ok(Some(wav.finish(out))),
            Codec::Pcm(_) => Ok(None),
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
        let options = EncodeOptions {
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
