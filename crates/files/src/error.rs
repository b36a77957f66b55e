//! Why a file cannot be written.

use std::io;
use std::path::PathBuf;

/// Why an output was not written. Unless stated otherwise, the existing file is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// No name was given.
    #[error("the name of the output file is empty")]
    Empty,
    /// The path is a folder, or its name ends like one.
    #[error("cannot write {path}: that is a folder, give the name of a file")]
    Folder {
        /// The output.
        path: PathBuf,
    },
    /// The folder of the file is missing.
    #[error("cannot write {path}: there is no folder {folder}")]
    NoFolder {
        /// The output.
        path: PathBuf,
        /// What is missing.
        folder: PathBuf,
    },
    /// Part of the path is a file.
    #[error("cannot write {path}: {folder} is not a folder")]
    NotAFolder {
        /// The output.
        path: PathBuf,
        /// What is no folder.
        folder: PathBuf,
    },
    /// The operating system refuses.
    #[error("cannot write {path}")]
    Write {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is complete, but could not be moved into place.
    #[error("cannot write {path}: the finished file is kept as {kept}")]
    Kept {
        /// The output.
        path: PathBuf,
        /// Path of the finished file.
        kept: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl OutputError {
    /// Whether the reader of a pipe has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        match self {
            Self::Write { source, .. } | Self::Kept { source, .. } => {
                source.kind() == io::ErrorKind::BrokenPipe
            }
            Self::Empty | Self::Folder { .. } | Self::NoFolder { .. } | Self::NotAFolder { .. } => {
                false
            }
        }
    }
}
