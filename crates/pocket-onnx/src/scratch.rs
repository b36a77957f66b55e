//! Folders that are deleted when they are no longer needed, or when the program ends early.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io, mem, thread};

use tempfile::TempDir;

use crate::Result;
use crate::convert::ConversionProblem;

/// The folders of every [`ScratchFolder`] that lives.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// How often the deletion of a folder is tried, a millisecond apart.
const ATTEMPTS: usize = 200;

/// A folder in the system's temporary one, which is deleted with this value or by
/// [`remove_temporary_folders`].
#[derive(Debug)]
pub(crate) struct ScratchFolder(TempDir);

impl ScratchFolder {
    pub(crate) fn new() -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("pocket-onnx-");
        // Made under the lock: a folder that is not in the list yet would be left behind.
        let mut folders = folders();
        let dir = (builder.tempdir()).map_err(|source| ConversionProblem::Temporary {
            folder: std::env::temp_dir(),
            source,
        })?;
        folders.push(dir.path().to_owned());
        Ok(Self(dir))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // Deleted before it leaves the list: an interrupt in between would leave it behind.
        let mut folders = folders();
        let _ = fs::remove_dir_all(self.0.path());
        folders.retain(|path| path != self.0.path());
    }
}

/// Deletes every temporary folder of this crate, for a program that is about to end at once, as after
/// an interrupt. Models in them cannot be used afterwards, and threads that make or drop such a folder
/// wait for the program's end.
pub fn remove_temporary_folders() {
    let mut folders = folders();
    for path in folders.drain(..) {
        // A thread that still writes into the folder can fill it again while it is being emptied.
        for _ in 0..ATTEMPTS {
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    thread::sleep(Duration::from_millis(1));
                }
                _ => break,
            }
        }
        // What cannot be deleted is left to the system.
    }
    // No folder may be made between this and the program's end.
    mem::forget(folders);
}

fn folders() -> MutexGuard<'static, Vec<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}
