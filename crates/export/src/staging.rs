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
    /// Hold the locks of `dir`: the new bundle's, then the old one's.
    locks: Vec<File>,
    /// Whether nothing of this one is left at `dir`.
    moved: bool,
    _parents: NewParents,
}

impl Staging {
    /// Opens the folder that will become `target`.
    pub fn begin(target: &Path) -> Result<Self, ExportError> {
        // Where a link leads, the bundle is replaced and the link stays.
        let target = fs::canonicalize(target)
            .or_else(|_| std::path::absolute(target))
            .map_err(ExportError::write(target))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(ExportError::NotAFolder { path: target });
        };
        check_replaceable(&target)?;
        let parents = NewParents::create(parent)?;
        let dir = parent.join(format!(".{}.partial", name.to_string_lossy()));
        let lock = claim(&dir, &target)?;
        Ok(Self {
            dir,
            target,
            locks: vec![lock],
            moved: false,
            _parents: parents,
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
    pub fn commit(mut self) -> Result<(), ExportError> {
        check_replaceable(&self.target)?;
        if self.target.exists() {
            // The old bundle ends up where the new one was, and goes with it. Nobody may take
            // it for what a killed conversion left: whoever holds its lock looks at it only.
            let old = File::open(&self.target).and_then(|old| old.lock().map(|()| old));
            self.locks
                .push(old.map_err(ExportError::write(&self.target))?);
            exchange(&self.dir, &self.target)
        } else {
            let moved = fs::rename(&self.dir, &self.target);
            self.moved = moved.is_ok();
            moved
        }
        .map_err(ExportError::write(&self.target))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What is at `dir` after the folder was moved is another conversion's.
        if !self.moved {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// Folders that were made on the way to a target, deepest first. Those that stay empty go again.
#[derive(Debug)]
struct NewParents(Vec<PathBuf>);

impl NewParents {
    fn create(parent: &Path) -> Result<Self, ExportError> {
        let missing = parent.ancestors().take_while(|dir| !dir.exists());
        let parents = Self(missing.map(Path::to_owned).collect());
        fs::create_dir_all(parent).map_err(ExportError::write(parent))?;
        Ok(parents)
    }
}

impl Drop for NewParents {
    fn drop(&mut self) {
        for dir in &self.0 {
            let _ = fs::remove_dir(dir);
        }
    }
}

/// Makes the folder `dir`, empties it if it is there, and returns the lock on it.
fn claim(dir: &Path, target: &Path) -> Result<File, ExportError> {
    loop {
        match fs::create_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(ExportError::write(target)(error));
            }
            _ => {}
        }
        let found = there(fs::symlink_metadata(dir)).map_err(ExportError::write(dir))?;
        if found.is_some_and(|found| !found.is_dir()) {
            return Err(ExportError::write(dir)(io::ErrorKind::NotADirectory.into()));
        }
        let Some(file) = there(File::open(dir)).map_err(ExportError::write(dir))? else {
            continue;
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(ExportError::Busy {
                    path: target.to_owned(),
                });
            }
            Err(fs::TryLockError::Error(source)) => return Err(ExportError::write(dir)(source)),
        }
        // Until it was locked, another conversion could move it away or remove it.
        if is_at(&file, dir).map_err(ExportError::write(dir))? {
            clear(dir).map_err(ExportError::write(dir))?;
            return Ok(file);
        }
    }
}

/// Whether the open folder `file` is what lies at `dir`.
fn is_at(file: &File, dir: &Path) -> io::Result<bool> {
    let Some(now) = there(fs::symlink_metadata(dir))? else {
        return Ok(false);
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let locked = file.metadata()?;
        Ok((locked.dev(), locked.ino()) == (now.dev(), now.ino()))
    }
    #[cfg(not(unix))]
    Ok(file.metadata()?.file_type() == now.file_type())
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

/// `None` where nothing is there.
fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
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
    let voices = Manifest::read(target).map_or(Vec::new(), |manifest| manifest.voices);
    let belongs =
        |name: &str| belongs_to_bundle(name) || voices.iter().any(|voice| voice.file.name == name);
    let mut foreign: Vec<String> = names
        .into_iter()
        .filter(|name| !(is_bundle && belongs(name)))
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
