//! A voice file or a recording: a file on this machine, or what a pipe brought.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use audio::Recording;
use filetype::{Expected, FileType, Foreign};

/// Megabytes that are taken from a pipe: an hour of uncompressed sound.
const LONGEST_PIPE: u64 = 512;
/// What stands for standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// Whether `typed` reads standard input, by whichever of its names.
pub(crate) fn is_standard_input(typed: &str) -> bool {
    [STANDARD_INPUT, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(&typed)
}

/// The bytes of a voice.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A regular file.
    File(PathBuf),
    /// The content of a pipe, which can be read only once.
    Memory { name: PathBuf, bytes: Arc<[u8]> },
}

impl Input {
    /// Standard input.
    pub(crate) fn standard() -> Result<Self> {
        Self::pipe("standard input".into(), io::stdin().lock())
    }

    /// What lies at `path`: a pipe is read to its end, a folder refused.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let context = || format!("cannot read {}", path.display());
        let status = fs::metadata(path).with_context(context)?;
        match FileType::of_metadata(&status) {
            None => Ok(Self::File(path.to_owned())),
            Some(found @ FileType::Folder) => {
                let expected = Expected::Recording;
                bail!("{} {}", path.display(), Foreign { found, expected })
            }
            Some(_) => Self::pipe(path.to_owned(), File::open(path).with_context(context)?),
        }
    }

    fn pipe(name: PathBuf, input: impl Read) -> Result<Self> {
        let room = LONGEST_PIPE * 1_000_000 + 1;
        let mut bytes = Vec::new();
        let read = input.take(room).read_to_end(&mut bytes);
        read.with_context(|| format!("cannot read {}", name.display()))?;
        if bytes.len() as u64 == room {
            bail!(
                "{} brings more than {LONGEST_PIPE} MB: save it to a file, and name that",
                name.display()
            );
        }
        let bytes = bytes.into();
        Ok(Self::Memory { name, bytes })
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Memory { name, .. } => name,
        }
    }

    /// What its first bytes tell.
    pub(crate) fn file_type(&self) -> Result<FileType> {
        match self {
            Self::File(path) => {
                FileType::of_path(path).with_context(|| format!("cannot read {}", path.display()))
            }
            Self::Memory { bytes, .. } => Ok(FileType::of(bytes)),
        }
    }

    /// All of a file that `expected` names; another one is refused.
    pub(crate) fn bytes(&self, expected: Expected) -> Result<Arc<[u8]>> {
        let bytes = match self {
            Self::File(path) => {
                let read = fs::read(path);
                read.with_context(|| format!("cannot read {}", path.display()))?
                    .into()
            }
            Self::Memory { bytes, .. } => Arc::clone(bytes),
        };
        match filetype::foreign(&bytes, expected) {
            Some(foreign) => bail!("{} {foreign}", self.name().display()),
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
