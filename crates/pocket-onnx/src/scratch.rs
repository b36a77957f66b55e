//! Folders that are deleted when they are no longer needed, or when the program ends early.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io, mem, thread};

use files::{Attempt, FolderLock};
use tempfile::TempDir;

use crate::Result;
use crate::convert::ConversionProblem;

/// The folders of every [`ScratchFolder`] that lives.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// How the names of these folders begin.
const PREFIX: &str = "pocket-onnx-scratch-";
/// How often the deletion of a folder is tried, a millisecond apart.
const ATTEMPTS: usize = 200;

/// A folder in the system's temporary one, which is deleted with this value or by
/// [`remove_temporary_folders`]. A program that was killed leaves it to the next one that makes such a
/// folder.
#[derive(Debug)]
pub(crate) struct ScratchFolder {
    dir: TempDir,
    /// Shows others that the folder is in use.
    _lock: Option<FolderLock>,
}

impl ScratchFolder {
    pub(crate) fn new() -> Result<Self> {
        remove_abandoned(&std::env::temp_dir());
        // Made under the lock: a folder that is not in the list yet would be left behind.
        let mut folders = folders();
        let folder = Self::make().map_err(|source| ConversionProblem::Temporary {
            folder: std::env::temp_dir(),
            source,
        })?;
        folders.push(folder.path().to_owned());
        Ok(folder)
    }

    fn make() -> io::Result<Self> {
        loop {
            let dir = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
            let lock = match FolderLock::attempt(dir.path()) {
                Ok(Attempt::Taken(lock)) => Some(lock),
                // Another program took it for an abandoned one, in the moment before the lock.
                Ok(Attempt::Busy | Attempt::Missing) => continue,
                // Some systems have no locks for folders.
                Err(_) => None,
            };
            return Ok(Self { dir, _lock: lock });
        }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // Deleted before it leaves the list: an interrupt in between would leave it behind.
        let mut folders = folders();
        let _ = fs::remove_dir_all(self.path());
        folders.retain(|path| path != self.path());
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

/// Deletes the folders of programs that were killed, which nobody holds a lock of. What cannot be
/// deleted, or is another user's, stays.
fn remove_abandoned(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_ours
            && let Ok(Attempt::Taken(lock)) = FolderLock::attempt(&entry.path())
            && lock.is_real()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn folders() -> MutexGuard<'static, Vec<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_killed_programs_are_deleted_and_no_others() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = place.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("file"), "content").unwrap();
            path
        };
        let abandoned = make("pocket-onnx-scratch-abc123");
        let used = make("pocket-onnx-scratch-def456");
        let other = make("pocket-onnx-checkout");
        let held = FolderLock::attempt(&used).unwrap();
        let has_locks = matches!(&held, Attempt::Taken(lock) if lock.is_real());
        remove_abandoned(place.path());
        assert!(used.exists() && other.exists());
        assert_eq!(abandoned.exists(), !has_locks);
        drop(held);
        remove_abandoned(place.path());
        assert_eq!(used.exists(), !has_locks);
    }
}
