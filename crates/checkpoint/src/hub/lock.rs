//! Keeps two downloads of one file apart, in one process or in two.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use super::error::FetchError;

/// A lock file held until this is dropped. `huggingface_hub` locks the same
/// files in the same way.
pub(super) struct FileLock {
    file: File,
}

impl FileLock {
    /// Waits until nobody else holds the lock on `path`.
    pub(super) fn acquire(path: &Path) -> Result<Self, FetchError> {
        let failed = |source| FetchError::on_disk(path, source);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| FetchError::on_disk(folder, source))?;
        }
        loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    tracing::info!("waiting for the download that holds {}", path.display());
                    file.lock().map_err(failed)?;
                }
                // Some network file systems have no locks: then only hashes and renames protect the
                // cache.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    tracing::warn!("{} cannot be locked: {error}", path.display());
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            if is_named(&file, path) {
                return Ok(Self { file });
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!("a lock file stays locked until it is closed: {error}");
        }
    }
}

/// Whether `path` still refers to `file`: other tools delete the lock file when they release it,
/// and a process that waited then holds a lock that no one else sees.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        (_, named) => named.is_ok(),
    }
}

#[cfg(not(unix))]
fn is_named(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/a.lock");
        let first = FileLock::acquire(&path).unwrap();
        let (sender, receiver) = mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let _second = FileLock::acquire(&path).unwrap();
            sender.send(()).unwrap();
        });
        assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err());
        drop(first);
        receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        waiting.join().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_deleted_under_the_waiter_is_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = FileLock::acquire(&path).unwrap();
        let waiter = std::thread::spawn({
            let path = path.clone();
            move || FileLock::acquire(&path).unwrap()
        });
        std::thread::sleep(Duration::from_millis(50));
        fs::remove_file(&path).unwrap();
        drop(first);
        let second = waiter.join().unwrap();
        assert!(is_named(&second.file, &path));
    }
}
