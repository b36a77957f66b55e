//! Reading recordings: twin of `audio_read` in pocket-tts `data/audio.py`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// A mono recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Samples, -1 to 1; channels are averaged.
    pub samples: Vec<f32>,
    /// Samples per second.
    pub sample_rate: u32,
    /// Whether the file goes on after what was read.
    pub truncated: bool,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The operating system refuses the file.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a recording, or a kind that is not supported.
    #[error(
        "{path} is not a recording that can be read (wav, mp3, flac and ogg vorbis can): {reason}"
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        reason: String,
    },
    /// The recording breaks off or is garbled.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        reason: String,
    },
    /// A recording without sound.
    #[error("{path} has no samples")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Recording {
    /// Reads a wav, mp3, flac or ogg vorbis file; what it is, its content says. Nothing behind
    /// `limit` is decoded.
    pub fn read(path: &Path, limit: Option<Duration>) -> Result<Self, RecordingError> {
        let file = File::open(path).map_err(|source| RecordingError::Read {
            path: path.to_owned(),
            source,
        })?;
        if file.metadata().is_ok_and(|file| file.is_dir()) {
            return Err(RecordingError::Read {
                path: path.to_owned(),
                source: io::ErrorKind::IsADirectory.into(),
            });
        }
        let unsupported = |reason: String| RecordingError::Unsupported {
            path: path.to_owned(),
            reason,
        };
        let source = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let mut format = symphonia::default::get_probe()
            .probe(
                &Hint::new(),
                source,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
            .map_err(|error| unsupported(error.to_string()))?;
        let track = format.default_track(TrackType::Audio);
        let track = track.ok_or_else(|| unsupported("it has no sound".to_owned()))?;
        let parameters = track
            .codec_params
            .as_ref()
            .and_then(|params| params.audio());
        let parameters = parameters.ok_or_else(|| unsupported("it names no codec".to_owned()))?;
        let track = track.id;
        let mut decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(|error| unsupported(error.to_string()))?;
        let read = Reader {
            path,
            limit,
            recording: Self {
                samples: Vec::new(),
                sample_rate: 0,
                truncated: false,
            },
        };
        read.decode(track, format.as_mut(), decoder.as_mut())
    }
}

/// A recording that is being read.
struct Reader<'a> {
    path: &'a Path,
    limit: Option<Duration>,
    recording: Recording,
}

impl Reader<'_> {
    fn decode(
        mut self,
        track: u32,
        format: &mut dyn FormatReader,
        decoder: &mut dyn AudioDecoder,
    ) -> Result<Recording, RecordingError> {
        let mut interleaved: Vec<f32> = Vec::new();
        // A broken packet is passed over, as players do; one that is all there is is an error.
        let mut broken = None;
        loop {
            let packet = match format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                // The file ends inside a packet.
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(self.damaged(&error)),
            };
            if packet.track_id != track {
                continue;
            }
            match decoder.decode(&packet) {
                Ok(buffer) => {
                    let channels = buffer.num_planes().max(1);
                    let rate = buffer.spec().rate();
                    buffer.copy_to_vec_interleaved(&mut interleaved);
                    if !self.take(&interleaved, channels, rate)? {
                        break;
                    }
                }
                Err(Error::DecodeError(reason)) => broken = Some(reason),
                Err(error) => return Err(self.damaged(&error)),
            }
        }
        if self.recording.samples.is_empty() {
            return Err(match broken {
                Some(reason) => self.damaged(&reason),
                None => RecordingError::Empty {
                    path: self.path.to_owned(),
                },
            });
        }
        Ok(self.recording)
    }

    /// Takes some frames; false once there are enough.
    fn take(
        &mut self,
        interleaved: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<bool, RecordingError> {
        let recording = &mut self.recording;
        if recording.sample_rate != 0 && recording.sample_rate != rate {
            return Err(self.damaged(&"its sample rate changes"));
        }
        recording.sample_rate = rate;
        let longest = self.limit.map_or(usize::MAX, |limit| {
            (limit.as_secs_f64() * f64::from(rate)) as usize
        });
        let free = longest - recording.samples.len();
        let frames = interleaved.chunks_exact(channels);
        recording.truncated = frames.len() > free;
        let mean = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
        recording.samples.extend(frames.take(free).map(mean));
        Ok(!recording.truncated)
    }

    fn damaged(&self, reason: &dyn std::fmt::Display) -> RecordingError {
        RecordingError::Damaged {
            path: self.path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
