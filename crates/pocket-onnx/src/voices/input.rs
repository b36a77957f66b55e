//! A voice file or a recording: a local file, or data from a pipe.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audio::Recording;
use filetype::{Expected, FileType, Foreign};

use super::VoiceProblem;
use crate::Result;
use crate::error::About;

/// Megabytes that are read from a pipe: an hour of uncompressed sound.
const VOICE_PIPE_MEGABYTES: u64 = 512;
/// The name that means standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// Whether `typed` means standard input, in any spelling.
pub fn is_standard_input(typed: &str) -> bool {
    [STANDARD_INPUT, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(&typed)
}

/// The bytes of a voice.
#[derive(Clone, Debug)]
pub(crate) enum VoiceInput {
    /// A regular file.
    File(PathBuf),
    /// The content of a pipe, which can be read only once.
    Memory { name: PathBuf, bytes: Arc<[u8]> },
}

impl VoiceInput {
    /// Standard input.
    pub(crate) fn standard() -> Result<Self> {
        Self::pipe("standard input".into(), io::stdin().lock())
    }

    /// Opens `path`: a pipe is read to its end, a folder is refused.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let context = || format!("cannot read {}", path.display());
        let status = fs::metadata(path).about(context)?;
        match FileType::of_metadata(&status) {
            None => Ok(Self::File(path.to_owned())),
            Some(found @ FileType::Folder) => {
                let expected = Expected::Recording;
                Err(VoiceProblem::Foreign {
                    name: path.to_owned(),
                    foreign: Foreign { found, expected },
                }
                .into())
            }
            Some(_) => Self::pipe(path.to_owned(), File::open(path).about(context)?),
        }
    }

    fn pipe(name: PathBuf, input: impl Read) -> Result<Self> {
        let room = VOICE_PIPE_MEGABYTES * 1_000_000 + 1;
        let mut bytes = Vec::new();
        let read = input.take(room).read_to_end(&mut bytes);
        read.about(|| format!("cannot read {}", name.display()))?;
        if bytes.len() as u64 == room {
            return Err(VoiceProblem::LongPipe {
                name,
                megabytes: VOICE_PIPE_MEGABYTES,
            }
            .into());
        }
        let bytes = bytes.into();
        Ok(Self::Memory { name, bytes })
    }

    /// Its name for messages.
    pub(crate) fn name(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Memory { name, .. } => name,
        }
    }

    /// Its type, according to its first bytes.
    pub(crate) fn file_type(&self) -> Result<FileType> {
        match self {
            Self::File(path) => {
                FileType::of_path(path).about(|| format!("cannot read {}", path.display()))
            }
            Self::Memory { bytes, .. } => Ok(FileType::of(bytes)),
        }
    }

    /// All of a file of the kind `expected`; other kinds are refused.
    pub(crate) fn bytes(&self, expected: Expected) -> Result<Arc<[u8]>> {
        let bytes = match self {
            Self::File(path) => {
                let read = fs::read(path);
                read.about(|| format!("cannot read {}", path.display()))?
                    .into()
            }
            Self::Memory { bytes, .. } => Arc::clone(bytes),
        };
        match filetype::foreign(&bytes, expected) {
            Some(foreign) => Err(VoiceProblem::Foreign {
                name: self.name().to_owned(),
                foreign,
            }
            .into()),
            None => Ok(bytes),
        }
    }

    /// The recording.
    pub(crate) fn recording(&self, limit: Duration) -> Result<Recording> {
        Ok(match self {
            Self::File(path) => Recording::read(path, Some(limit))?,
            Self::Memory { name, bytes } => {
                Recording::from_bytes(Arc::clone(bytes), name, Some(limit))?
            }
        })
    }
}
