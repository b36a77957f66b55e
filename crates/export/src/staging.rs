//! A folder that becomes the bundle all at once, or goes without a trace.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bundle::{ComponentName, Manifest};

use crate::{ComponentGraph, ExportError};

/// A folder beside the final one. Dropped without [`Staging::commit`], it is removed.
///
/// It is locked: what a killed conversion left behind is told from what a running
/// one is writing, and cleared away.
#[derive(Debug)]
pub struct Staging {
    dir: PathBuf,
    target: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl Staging {
    /// Opens the folder that will become `target`.
    pub fn begin(target: &Path) -> Result<Self, ExportError> {
        let target = std::path::absolute(target).map_err(ExportError::write(target))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(ExportError::NotAFolder { path: target });
        };
        check_replaceable(&target)?;
        fs::create_dir_all(parent).map_err(ExportError::write(parent))?;
        let dir = parent.join(format!(".{}.partial", name.to_string_lossy()));
        if dir.exists() {
            // The lock goes with the folder.
            drop(lock(&dir, &target)?);
            fs::remove_dir_all(&dir).map_err(ExportError::write(&dir))?;
        }
        fs::create_dir(&dir).map_err(ExportError::write(&target))?;
        let lock = lock(&dir, &target)?;
        Ok(Self {
            dir,
            target,
            _lock: lock,
        })
    }

    /// Refuses what [`Staging::begin`] would refuse for the sake of what is there, without
    /// touching anything: for asking before a long download.
    pub fn check(target: &Path) -> Result<(), ExportError> {
        check_replaceable(target)
    }

    /// The folder to write into.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Puts the folder in the place of the old bundle.
    pub fn commit(self) -> Result<(), ExportError> {
        check_replaceable(&self.target)?;
        let moved = if self.target.exists() {
            // The old bundle ends up where the new one was, and goes with it.
            exchange(&self.dir, &self.target)
        } else {
            fs::rename(&self.dir, &self.target)
        };
        moved.map_err(ExportError::write(&self.target))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After a commit into an empty place there is nothing left to remove.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn lock(dir: &Path, target: &Path) -> Result<File, ExportError> {
    let file = File::open(dir).map_err(ExportError::write(dir))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(ExportError::Busy {
            path: target.to_owned(),
        }),
        Err(fs::TryLockError::Error(source)) => Err(ExportError::Write {
            path: dir.to_owned(),
            source,
        }),
    }
}

/// Swaps two folders in one step, or where the system cannot, in three.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
            // Some file systems cannot exchange.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            done => return Ok(done?),
        }
    }
    let aside = new.with_extension("old");
    fs::rename(old, &aside)?;
    if let Err(error) = fs::rename(new, old) {
        fs::rename(&aside, old)?;
        return Err(error);
    }
    fs::rename(&aside, new)
}

/// Whether `target` is free, or holds a bundle and nothing else.
fn check_replaceable(target: &Path) -> Result<(), ExportError> {
    let entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(ExportError::NotAFolder {
                path: target.to_owned(),
            });
        }
        Err(source) => {
            return Err(ExportError::Write {
                path: target.to_owned(),
                source,
            });
        }
    };
    let names: Vec<String> = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()
        .map_err(ExportError::write(target))?;
    let is_bundle = names.iter().any(|name| name == Manifest::FILE);
    let mut foreign: Vec<String> = names
        .into_iter()
        .filter(|name| !(is_bundle && belongs_to_bundle(name)))
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    foreign.sort();
    foreign.truncate(3);
    Err(ExportError::Occupied {
        path: target.to_owned(),
        names: foreign,
    })
}

fn belongs_to_bundle(name: &str) -> bool {
    [Manifest::FILE, "tokenizer.json", "tokenizer.model"].contains(&name)
        || ComponentName::ALL.iter().any(|&component| {
            name == ComponentGraph::graph_file(component)
                || name == ComponentGraph::data_file(component)
        })
}
