//! One program at a time changes a folder.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Locks a folder until the value is dropped or the program ends.
#[derive(Debug)]
pub struct FolderLock {
    /// None on file systems that have no locks.
    folder: Option<File>,
}

/// Result of trying to lock a folder.
#[derive(Debug)]
pub enum Attempt {
    /// It is held now.
    Taken(FolderLock),
    /// Another program holds it.
    Busy,
    /// There is no such folder.
    Missing,
}

impl FolderLock {
    /// Locks the folder at `dir`, which must not be a link, without waiting.
    ///
    /// Folders on file systems without locks for folders (NFS, some cluster file systems) are used
    /// without one.
    pub fn attempt(dir: &Path) -> io::Result<Attempt> {
        loop {
            let folder = match File::open(dir) {
                Ok(folder) => folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Attempt::Missing);
                }
                Err(error) => return Err(error),
            };
            match folder.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Ok(Attempt::Busy),
                Err(fs::TryLockError::Error(error)) if has_no_locks(&error) => {
                    return Ok(Attempt::Taken(Self { folder: None }));
                }
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
            let lock = Self {
                folder: Some(folder),
            };
            // Before it was locked, another program may have replaced the folder.
            if lock.is_at(dir)? {
                return Ok(Attempt::Taken(lock));
            }
        }
    }

    /// Whether the file system has locks, so that nobody else holds one for this folder.
    pub fn is_real(&self) -> bool {
        self.folder.is_some()
    }

    /// Whether the locked folder is still at `dir`.
    pub fn is_at(&self, dir: &Path) -> io::Result<bool> {
        let now = match fs::symlink_metadata(dir) {
            Ok(now) => now,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let Some(folder) = &self.folder else {
            return Ok(true);
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let held = folder.metadata()?;
            Ok((held.dev(), held.ino()) == (now.dev(), now.ino()))
        }
        #[cfg(not(unix))]
        Ok(folder.metadata()?.file_type() == now.file_type())
    }
}

/// Whether locking fails because the file system has no locks for folders, not because of this one.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let none = [
            Errno::BADF,
            Errno::INVAL,
            Errno::NOLCK,
            Errno::NOSYS,
            Errno::NOTSUP,
        ];
        Errno::from_io_error(error).is_some_and(|errno| none.contains(&errno))
    }
    #[cfg(not(unix))]
    {
        error.kind() == io::ErrorKind::Unsupported
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn one_at_a_time_holds_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let Attempt::Taken(first) = FolderLock::attempt(dir.path()).unwrap() else {
            panic!("it is free");
        };
        let second = FolderLock::attempt(dir.path()).unwrap();
        assert!(matches!(second, Attempt::Busy), "{second:?}");
        assert!(first.is_at(dir.path()).unwrap());
        drop(first);
        let third = FolderLock::attempt(dir.path()).unwrap();
        assert!(matches!(third, Attempt::Taken(_)), "{third:?}");
        let missing = FolderLock::attempt(&dir.path().join("none")).unwrap();
        assert!(matches!(missing, Attempt::Missing), "{missing:?}");
    }

    #[test]
    fn a_file_system_without_locks_is_told_from_a_failure() {
        // NFS answers with EBADF, Lustre with ENOSYS, others with the rest.
        for errno in [
            Errno::BADF,
            Errno::NOSYS,
            Errno::NOLCK,
            Errno::NOTSUP,
            Errno::INVAL,
        ] {
            assert!(has_no_locks(&errno.into()), "{errno:?}");
        }
        for errno in [Errno::IO, Errno::ACCESS, Errno::INTR] {
            assert!(!has_no_locks(&errno.into()), "{errno:?}");
        }
    }
}
