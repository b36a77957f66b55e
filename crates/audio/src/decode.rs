//! Compressed recordings, and those in containers: unpacked and decoded by `symphonia`.

use std::io;
use std::path::Path;
use std::time::Duration;

use filetype::FileType;
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, CODEC_ID_NULL_AUDIO,
};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use crate::codec::{self, PROBE};
use crate::error::RecordingError;
use crate::opus::{self, ByteOrder, OpusTrack};
use crate::source::RecordingReader;
use crate::{Mixer, Recording};

/// Decodes the sound in `source`, which [`FileType::of`] took for `found`.
pub(crate) fn decode(
    path: &Path,
    found: &FileType,
    source: RecordingReader,
    limit: Option<Duration>,
) -> Result<Recording, RecordingError> {
    let reader = TrackReader { path, found, limit };
    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    if reader.is_unsupported() {
        return Err(reader.unsupported(None));
    }
    let probed = PROBE.probe(
        &Hint::new(),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    );
    let format = probed.map_err(|error| {
        tracing::debug!("{}: {error}", path.display());
        reader.not_probed(&error)
    })?;
    reader.decode(format)
}

/// Kinds of files, by their names in `filetype`, that cannot be read here.
const NO_READER: [&str; 9] = [
    "AMR",
    "DSD",
    "MPEG-TS",
    "Monkey's Audio",
    "Musepack",
    "SILK",
    "True Audio",
    "WMA",
    "WavPack",
];

/// A recording that is being read.
struct TrackReader<'a> {
    path: &'a Path,
    found: &'a FileType,
    limit: Option<Duration>,
}

/// The decoder: packets to samples.
enum TrackDecoder {
    Library(Box<dyn AudioDecoder>),
    Opus(OpusTrack),
}

/// The track that is decoded.
struct Track {
    id: u32,
    decoder: TrackDecoder,
}

impl TrackReader<'_> {
    fn decode(&self, mut format: Box<dyn FormatReader + '_>) -> Result<Recording, RecordingError> {
        let mut track = self.track(format.as_ref())?;
        let mut mixer: Option<Mixer> = None;
        let mut interleaved = Vec::new();
        // A broken packet is skipped, as players do; if it is the only one, that is an error.
        let mut is_broken = false;
        loop {
            let packet = match format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                // Another stream follows in the same file, as recorders of broadcasts write it.
                Err(Error::ResetRequired) => match self.track(format.as_ref()) {
                    Ok(next) => {
                        track = next;
                        continue;
                    }
                    Err(_) if mixer.is_some() => break,
                    Err(error) => return Err(error),
                },
                // The file ends inside a packet.
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(Error::IoError(source)) => {
                    return Err(RecordingError::Read {
                        path: self.path.to_owned(),
                        source,
                    });
                }
                Err(error) => {
                    tracing::debug!("{}: {error}", self.path.display());
                    is_broken = true;
                    break;
                }
            };
            if packet.track_id != track.id {
                continue;
            }
            let Some((rate, channels)) = track.decoder.decode(&packet, &mut interleaved) else {
                is_broken = true;
                continue;
            };
            let mixer = mixer.get_or_insert_with(|| Mixer::new(rate, self.limit));
            if mixer.sample_rate() != rate {
                return Err(self.damaged(format!(
                    "its sample rate changes from {} to {rate} Hz",
                    mixer.sample_rate()
                )));
            }
            if !mixer.interleaved(&interleaved, channels) {
                break;
            }
        }
        match mixer.filter(|mixer| !mixer.is_empty()) {
            Some(mixer) => Ok(mixer.finish()),
            None if is_broken => {
                Err(self.damaged("nothing of its sound can be decoded".to_owned()))
            }
            None => Err(RecordingError::Empty {
                path: self.path.to_owned(),
            }),
        }
    }

    /// The track of sound, and its decoder.
    fn track(&self, format: &dyn FormatReader) -> Result<Track, RecordingError> {
        let track = format
            .default_track(TrackType::Audio)
            .or_else(|| format.first_track(TrackType::Audio));
        let parameters =
            track.and_then(|track| Some((track.id, track.codec_params.as_ref()?.audio()?)));
        let Some((id, parameters)) = parameters else {
            let has_video = format.first_track(TrackType::Video).is_some();
            return Err(if has_video || matches!(self.found, FileType::Video(_)) {
                RecordingError::NoSound {
                    path: self.path.to_owned(),
                    what: self.found.to_string(),
                }
            } else {
                self.unsupported(None)
            });
        };
        let decoder = self.decoder(parameters)?;
        Ok(Track { id, decoder })
    }

    fn decoder(&self, parameters: &AudioCodecParameters) -> Result<TrackDecoder, RecordingError> {
        let codec = parameters.codec;
        if codec == CODEC_ID_OPUS {
            let channels = parameters.channels.as_ref().map(Channels::count);
            // `symphonia` passes on what the container says.
            let order = match self.found {
                FileType::Audio("M4A") | FileType::Video("MPEG-4" | "QuickTime" | "3GPP") => {
                    ByteOrder::Big
                }
                _ => ByteOrder::Little,
            };
            let opus = OpusTrack::new(parameters.extra_data.as_deref(), order, channels);
            return opus
                .map(TrackDecoder::Opus)
                .ok_or_else(|| self.unsupported(Some("Opus with unusual channels")));
        }
        let made = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default());
        made.map(TrackDecoder::Library).map_err(|error| {
            tracing::debug!("{}: {error}", self.path.display());
            let name = (codec != CODEC_ID_NULL_AUDIO)
                .then(|| codec::name(codec))
                .flatten();
            self.unsupported(name)
        })
    }

    /// Whether `symphonia` has no reader for this kind of file: it would mistake a part of it for
    /// another kind.
    fn is_unsupported(&self) -> bool {
        let (FileType::Audio(name) | FileType::Video(name)) = self.found else {
            return false;
        };
        NO_READER.iter().any(|it| it == name)
    }

    /// No reader of `symphonia` knows the file.
    fn not_probed(&self, error: &Error) -> RecordingError {
        match (self.found, error) {
            (FileType::Audio(_) | FileType::Video(_), Error::Unsupported(_))
            // `symphonia` knows the container, but does not name its codec.
            | (FileType::Audio("Ogg Speex" | "Ogg Theora" | "Ogg"), _) => self.unsupported(None),
            (FileType::Audio(_) | FileType::Video(_), _) => {
                self.damaged("its beginning cannot be understood".to_owned())
            }
            _ => self.unsupported(None),
        }
    }

    fn unsupported(&self, codec: Option<&str>) -> RecordingError {
        let file = match self.found {
            FileType::Audio("M4P") => "an M4P file, which may be copy-protected".to_owned(),
            found => found.to_string(),
        };
        RecordingError::Unsupported {
            path: self.path.to_owned(),
            what: match codec {
                Some(codec) => format!("{file} with sound in {codec}"),
                None => file,
            },
        }
    }

    fn damaged(&self, reason: String) -> RecordingError {
        RecordingError::Damaged {
            path: self.path.to_owned(),
            reason,
        }
    }
}

impl TrackDecoder {
    /// The interleaved samples of a packet, their rate and the number of channels; `None` for a
    /// broken packet.
    fn decode(&mut self, packet: &Packet, out: &mut Vec<f32>) -> Option<(u32, usize)> {
        match self {
            Self::Opus(decoder) => {
                let channels = decoder.channels();
                let samples = decoder.decode(&packet.data)?;
                out.clear();
                out.extend_from_slice(samples);
                Some((opus::SAMPLE_RATE, channels))
            }
            Self::Library(decoder) => match decoder.decode(packet) {
                Ok(buffer) => {
                    let channels = buffer.num_planes().max(1);
                    let rate = buffer.spec().rate();
                    buffer.copy_to_vec_interleaved(out);
                    Some((rate, channels))
                }
                Err(error) => {
                    tracing::debug!("{error}");
                    None
                }
            },
        }
    }
}
