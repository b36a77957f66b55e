//! Recognises files by path: first by metadata, then by content.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use crate::{Expected, FileType, Foreign};

impl FileType {
    /// The type of the file at `path`; links are followed. Pipes and devices are not read.
    ///
    /// # Errors
    ///
    /// The operating system's error if the file is missing or not readable.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        if let Some(special) = Self::of_metadata(&fs::metadata(path)?) {
            return Ok(special);
        }
        let mut head = Vec::new();
        let file = File::open(path)?;
        file.take(Self::HEAD as u64).read_to_end(&mut head)?;
        Ok(Self::of(&head))
    }

    /// A folder, a pipe or a device; `None` for a regular file.
    pub fn of_metadata(status: &Metadata) -> Option<Self> {
        if status.is_file() {
            return None;
        }
        if status.is_dir() {
            return Some(Self::Folder);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt as _;
            if status.file_type().is_fifo() {
                return Some(Self::Pipe);
            }
        }
        Some(Self::Device)
    }
}

/// Compares the file at `path` with what its reader expects. `None` if it may be the right file.
///
/// # Errors
///
/// As [`FileType::of_path`].
pub fn foreign_path(path: &Path, expected: Expected) -> io::Result<Option<Foreign>> {
    Ok(Foreign::of(FileType::of_path(path)?, expected))
}
