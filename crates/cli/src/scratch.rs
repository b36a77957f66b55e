//! Folders that are deleted when the program ends, interrupted or not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// The folders of every [`ScratchFolder`] that lives.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder in the system's temporary one, which is deleted with this value or by [`clear`].
#[derive(Debug)]
pub(crate) struct ScratchFolder(TempDir);

impl ScratchFolder {
    pub(crate) fn new() -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("pocket-onnx-");
        let dir = builder.tempdir().with_context(|| {
            let folder = std::env::temp_dir();
            format!(
                "cannot make a folder in {} (TMPDIR names another)",
                folder.display()
            )
        })?;
        folders(|folders| folders.push(dir.path().to_owned()));
        Ok(Self(dir))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        folders(|folders| folders.retain(|path| path != self.0.path()));
    }
}

/// Deletes them all, because the program is about to end at once.
pub(crate) fn clear() {
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
