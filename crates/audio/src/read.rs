//! Reading recordings: counterpart of `audio_read` in pocket-tts `data/audio.py`.

use std::fs::{self, File};
use std::io::{Cursor, Read, Seek as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use filetype::{Expected, FileType, Foreign};

use crate::decode::decode;
use crate::error::{RecordingError, WavError};
use crate::joined;
use crate::source::{RecordingBytes, RecordingReader};
use crate::{Mixer, Recording, read_wav};

/// Megabytes that are taken from a pipe: an hour of uncompressed sound.
const PIPE_MEGABYTES: u64 = 512;

impl Recording {
    /// Reads a recording; its content tells the format. Nothing after `limit` is decoded. A pipe is
    /// read to its end.
    pub fn read(path: &Path, limit: Option<Duration>) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::Read {
            path: path.to_owned(),
            source,
        };
        let status = fs::metadata(path).map_err(failed)?;
        if status.is_dir() {
            return Err(foreign(path, FileType::Folder));
        }
        // A pipe is opened only once: its writer will not reconnect.
        let file = File::open(path).map_err(failed)?;
        if status.is_file() {
            let source = RecordingReader::new(RecordingBytes::File(file)).map_err(failed)?;
            return read_source(path, source, limit);
        }
        let mut bytes = Vec::new();
        let room = (PIPE_MEGABYTES * 1_000_000) + 1;
        file.take(room).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 == room {
            return Err(RecordingError::TooLong {
                path: path.to_owned(),
                limit: PIPE_MEGABYTES,
            });
        }
        Self::from_bytes(bytes, path, limit)
    }

    /// Reads a recording that is in memory; `path` names it in errors.
    pub fn from_bytes(
        bytes: impl Into<Arc<[u8]>>,
        path: &Path,
        limit: Option<Duration>,
    ) -> Result<Self, RecordingError> {
        let source = RecordingReader::new(RecordingBytes::Memory(Cursor::new(bytes.into())));
        let source = source.map_err(|source| RecordingError::Read {
            path: path.to_owned(),
            source,
        })?;
        read_source(path, source, limit)
    }
}

/// Decodes a source: a WAV file with the reader of this crate, anything else that is a recording with
/// `symphonia`.
fn read_source(
    path: &Path,
    mut source: RecordingReader,
    limit: Option<Duration>,
) -> Result<Recording, RecordingError> {
    let failed = |source| RecordingError::Read {
        path: path.to_owned(),
        source,
    };
    let head = source.head(FileType::HEAD).map_err(failed)?;
    let found = FileType::of(&head);
    if let Some(foreign) = Foreign::of(found.clone(), Expected::Recording) {
        return Err(RecordingError::Foreign {
            path: path.to_owned(),
            foreign,
        });
    }
    match read_wav(&mut source, limit) {
        Ok(Some(recording)) => return Ok(recording),
        Ok(None) => source.rewind().map_err(failed)?,
        Err(WavError::Read(source)) => return Err(failed(source)),
        Err(problem) => {
            return Err(RecordingError::Wav {
                path: path.to_owned(),
                problem,
            });
        }
    }
    let parts = joined::parts(&found, &mut source).map_err(failed)?;
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else {
        return decode_or_as_stream(path, &found, source, limit);
    };
    let mut recording = decode_part(path, &found, first, limit)?;
    let rate = recording.sample_rate;
    for part in parts {
        if recording.truncated {
            break;
        }
        // After a broken part, players continue too.
        let Ok(next) = decode_part(path, &found, part, limit) else {
            continue;
        };
        if next.sample_rate != rate {
            return Err(RecordingError::Damaged {
                path: path.to_owned(),
                reason: format!(
                    "its sample rate changes from {rate} to {} Hz",
                    next.sample_rate
                ),
            });
        }
        let room = Mixer::longest(rate, limit) - recording.samples.len();
        recording.append(&next, room);
    }
    Ok(recording)
}

fn decode_part(
    path: &Path,
    found: &FileType,
    bytes: Arc<[u8]>,
    limit: Option<Duration>,
) -> Result<Recording, RecordingError> {
    let source = RecordingReader::new(RecordingBytes::Memory(Cursor::new(bytes)));
    let source = source.map_err(|source| RecordingError::Read {
        path: path.to_owned(),
        source,
    })?;
    decode_or_as_stream(path, found, source, limit)
}

/// Decodes a recording; one that fails because it breaks off is decoded again as a stream of unknown
/// length.
fn decode_or_as_stream(
    path: &Path,
    found: &FileType,
    source: RecordingReader,
    limit: Option<Duration>,
) -> Result<Recording, RecordingError> {
    let again = source.stream().map_err(|source| RecordingError::Read {
        path: path.to_owned(),
        source,
    })?;
    decode(path, found, source, limit).or_else(|error| {
        let as_stream = rewound(again).and_then(|again| decode(path, found, again, limit).ok());
        as_stream.ok_or(error)
    })
}

fn rewound(mut source: RecordingReader) -> Option<RecordingReader> {
    source.rewind().ok()?;
    Some(source)
}

fn foreign(path: &Path, found: FileType) -> RecordingError {
    RecordingError::Foreign {
        path: path.to_owned(),
        foreign: Foreign {
            found,
            expected: Expected::Recording,
        },
    }
}
