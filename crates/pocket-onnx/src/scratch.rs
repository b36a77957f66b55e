//! Folders that are deleted when they are no longer needed, or when the program ends early.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::Result;
use crate::convert::ConversionProblem;

/// The folders of every [`ScratchFolder`] that lives.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder in the system's temporary one, which is deleted with this value or by
/// [`remove_temporary_folders`].
#[derive(Debug)]
pub(crate) struct ScratchFolder(TempDir);

impl ScratchFolder {
    pub(crate) fn new() -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("pocket-onnx-");
        let dir = (builder.tempdir()).map_err(|source| ConversionProblem::Temporary {
            folder: std::env::temp_dir(),
            source,
        })?;
        folders(|folders| folders.push(dir.path().to_owned()));
        Ok(Self(dir))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        folders(|folders| folders.retain(|path| path != self.0.path()));
    }
}

/// Deletes every temporary folder of this crate, for a program that is about to end at once, as after
/// an interrupt. Models in them cannot be used afterwards.
pub fn remove_temporary_folders() {
    folders(|folders| {
        for path in folders.drain(..) {
            // What cannot be deleted is left to the system.
            let _ = fs::remove_dir_all(path);
        }
    });
}

fn folders(change: impl FnOnce(&mut Vec<PathBuf>)) {
    change(&mut FOLDERS.lock().unwrap_or_else(PoisonError::into_inner));
}
