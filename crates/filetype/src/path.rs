//! Files by their path: what the system says of them, and then their content.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use crate::{Expected, FileType, Foreign};

impl FileType {
    /// The type of what lies at `path`; links are followed. Of a pipe or a device nothing is read.
    ///
    /// # Errors
    ///
    /// What the system says where there is nothing, or nothing that may be read.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        if let Some(special) = Self::of_metadata(&fs::metadata(path)?) {
            return Ok(special);
        }
        let mut head = Vec::new();
        let file = File::open(path)?;
        file.take(Self::HEAD as u64).read_to_end(&mut head)?;
        Ok(Self::of(&head))
    }

    /// A folder, a pipe or a device; nothing of a regular file.
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

/// Compares what lies at `path` with what its reader needs. Nothing is said of a file that may be
/// the right one.
///
/// # Errors
///
/// As [`FileType::of_path`].
pub fn foreign_path(path: &Path, expected: Expected) -> io::Result<Option<Foreign>> {
    Ok(Foreign::of(FileType::of_path(path)?, expected))
}
