//! The folder in which a bundle is written before it replaces the old one.
//!
//! `docs/design/export.md`, "Moving a bundle into place", says why there are two kinds and in which order files move.

mod contents;
mod install;
mod lock;
mod place;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bundle::Manifest;
use files::{Attempt, FolderLock};

use self::contents::FolderContents;
pub use self::lock::BundleLock;
use self::place::NewFolders;
use crate::ExportError;

/// The folder in which a bundle is written. Dropped without [`Staging::commit`], it is removed.
///
/// Both the bundle's folder and this one are locked, so the leftovers of a killed conversion can be
/// told from the files of a running one, and are deleted.
#[derive(Debug)]
pub struct Staging {
    dir: PathBuf,
    target: PathBuf,
    kind: StagingKind,
    /// The lock of `dir`.
    _lock: FolderLock,
    /// The lock of `target`, if that exists.
    target_lock: Option<FolderLock>,
    /// Whether to leave `dir` when this is dropped.
    keep: bool,
    _made: NewFolders,
}

/// Where the staging folder lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StagingKind {
    /// Beside the bundle's folder, which it replaces.
    Beside,
    /// Inside the bundle's folder, into which its files are moved.
    Inside,
}

impl Staging {
    /// Opens the folder that will become `target`.
    ///
    /// # Errors
    ///
    /// [`ExportError::Occupied`] where a file of somebody else is in `target`, [`ExportError::Busy`]
    /// where another program writes there.
    pub fn begin(target: &Path) -> Result<Self, ExportError> {
        if target.as_os_str().is_empty() {
            return Err(ExportError::NotAFolder {
                path: target.to_owned(),
            });
        }
        // A link is followed: its target is replaced.
        let target = files::resolve(target).map_err(ExportError::write(target))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(ExportError::NotAFolder { path: target });
        };
        FolderContents::of(&target)?.check()?;
        let mut target_lock = lock::of_bundle(&target)?;
        if target_lock.is_some() {
            install::recover(&target).map_err(ExportError::write(&target))?;
            FolderContents::of(&target)?.check()?;
        }
        let mut made = NewFolders::default();
        let mut beside = || -> Result<PathBuf, ExportError> {
            made.create(parent).map_err(ExportError::write(parent))?;
            let mut partial = std::ffi::OsString::from(".");
            partial.push(name);
            partial.push(".partial");
            let dir = parent.join(partial);
            make(&dir).map_err(ExportError::write(&target))?;
            Ok(dir)
        };
        let (kind, dir) = if place::has_to_stay(&target) {
            (StagingKind::Inside, None)
        } else {
            match beside() {
                Ok(dir) => (StagingKind::Beside, Some(dir)),
                Err(ExportError::Write { source, .. })
                    if place::may_be_inside(&source, &target) =>
                {
                    (StagingKind::Inside, None)
                }
                Err(error) => return Err(error),
            }
        };
        let dir = if let Some(dir) = dir {
            dir
        } else {
            place::check_files(&target)?;
            made.create(&target).map_err(ExportError::write(&target))?;
            if target_lock.is_none() {
                target_lock = lock::of_bundle(&target)?;
            }
            let dir = target.join(Manifest::STAGING);
            make(&dir).map_err(ExportError::write(&target))?;
            dir
        };
        let lock = claim(&dir, &target)?;
        if kind == StagingKind::Beside {
            place::take_after(&dir, &target);
        }
        Ok(Self {
            dir,
            target,
            kind,
            _lock: lock,
            target_lock,
            keep: false,
            _made: made,
        })
    }

    /// Refuses what [`Staging::begin`] would refuse, and leaves no trace: for asking before a long
    /// download.
    pub fn check(target: &Path) -> Result<(), ExportError> {
        Self::begin(target).map(drop)
    }

    /// The folder to write into.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of the bundle, without links.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Puts the new bundle in the place of the old one.
    ///
    /// # Errors
    ///
    /// [`ExportError::Kept`] says where the finished bundle is now. The old one is whole.
    pub fn commit(mut self) -> Result<(), ExportError> {
        let Err(error) = self.install() else {
            return Ok(());
        };
        if !self.dir.join(Manifest::FILE).is_file() {
            return Err(error);
        }
        self.keep = true;
        Err(ExportError::Kept {
            kept: self.dir.clone(),
            source: Box::new(error),
        })
    }

    fn install(&mut self) -> Result<(), ExportError> {
        let target = self.target.clone();
        let failed = || ExportError::write(&target);
        FolderContents::of(&target)?.check()?;
        let is_there = target.try_exists().map_err(failed())?;
        let is_held = match &self.target_lock {
            Some(lock) => lock.is_at(&target).map_err(failed())?,
            None => false,
        };
        if is_there && !is_held {
            // Somebody has put another folder there meanwhile.
            self.target_lock = lock::of_bundle(&target)?;
        }
        match (self.kind, is_there) {
            (StagingKind::Beside, false) => {
                fs::rename(&self.dir, &target).map_err(failed())?;
                self.keep = true;
            }
            (StagingKind::Beside, true) => {
                place::finish_mode(&self.dir, &target);
                if install::exchange(&self.dir, &target).is_ok() {
                    // The old bundle is where the new one was.
                    install::hand_over(&self.dir, &target);
                } else {
                    self.dir = install::bring_in(&self.dir, &target).map_err(failed())?;
                    install::move_in(&self.dir, &target).map_err(failed())?;
                }
            }
            (StagingKind::Inside, _) => install::move_in(&self.dir, &target).map_err(failed())?,
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// Makes the folder `dir` where it is not there.
fn make(dir: &Path) -> io::Result<()> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Empties the folder `dir`, and returns the lock on it.
fn claim(dir: &Path, target: &Path) -> Result<FolderLock, ExportError> {
    loop {
        make(dir).map_err(ExportError::write(target))?;
        // A link or a file of that name is nothing that a conversion left.
        if fs::symlink_metadata(dir).is_ok_and(|found| !found.is_dir()) {
            return Err(ExportError::write(dir)(io::ErrorKind::NotADirectory.into()));
        }
        match FolderLock::attempt(dir).map_err(ExportError::write(dir))? {
            Attempt::Taken(lock) => {
                clear(dir).map_err(ExportError::write(dir))?;
                return Ok(lock);
            }
            Attempt::Busy => {
                return Err(ExportError::Busy {
                    path: target.to_owned(),
                });
            }
            // Another conversion has just moved it away.
            Attempt::Missing => {}
        }
    }
}

/// Removes everything in `dir`.
fn clear(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
