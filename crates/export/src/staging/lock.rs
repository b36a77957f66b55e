//! One program at a time changes a bundle.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use files::{Attempt, FolderLock};

use super::contents::FolderContents;
use super::install;
use crate::ExportError;

/// How long a conversion waits for the bundle: importing a voice takes less.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// Time between two attempts.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Holds a bundle, of which single files are changed.
#[derive(Debug)]
pub struct BundleLock {
    dir: PathBuf,
    _lock: Option<FolderLock>,
}

impl BundleLock {
    /// Waits until no other program writes the bundle in `dir`, and holds it. `busy` is called once
    /// if there is something to wait for.
    ///
    /// What killed programs left is put right: a conversion that was moving its files in is
    /// finished, and halves of files are removed.
    pub fn wait(dir: &Path, busy: impl FnOnce()) -> Result<Self, ExportError> {
        let dir = files::resolve(dir).map_err(ExportError::write(dir))?;
        let failed = || ExportError::write(&dir);
        let mut busy = Some(busy);
        let lock = loop {
            match FolderLock::attempt(&dir).map_err(failed())? {
                Attempt::Taken(lock) => break Some(lock),
                // Whoever reads the bundle says that it does not exist.
                Attempt::Missing => break None,
                Attempt::Busy => {}
            }
            if let Some(busy) = busy.take() {
                busy();
            }
            thread::sleep(LOCK_PAUSE);
        };
        if lock.is_some() {
            install::recover(&dir).map_err(failed())?;
            for name in FolderContents::of(&dir)?.leftovers {
                fs::remove_file(dir.join(name)).map_err(failed())?;
            }
        }
        Ok(Self { dir, _lock: lock })
    }

    /// The folder of the bundle, without links.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// The lock of the bundle that is in `target`; none where there is no such folder.
pub(super) fn of_bundle(target: &Path) -> Result<Option<FolderLock>, ExportError> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match FolderLock::attempt(target).map_err(ExportError::write(target))? {
            Attempt::Taken(lock) => return Ok(Some(lock)),
            Attempt::Missing => return Ok(None),
            Attempt::Busy if Instant::now() > deadline => {
                return Err(ExportError::Busy {
                    path: target.to_owned(),
                });
            }
            Attempt::Busy => thread::sleep(LOCK_PAUSE),
        }
    }
}
