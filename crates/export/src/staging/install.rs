//! The new bundle takes the old one's place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bundle::Manifest;

use super::contents::FolderContents;

/// Folder inside the staging folder for the files of the old bundle.
const OLD: &str = "old";

/// Swaps two folders in one step, or where the system cannot, in three.
pub(super) fn exchange(new: &Path, old: &Path) -> io::Result<()> {
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

/// After an exchange: what is in `old` and not the bundle's, as `.gitignore`, goes over to `new`.
pub(super) fn hand_over(old: &Path, new: &Path) {
    let Ok(contents) = FolderContents::of(old) else {
        return;
    };
    for entry in fs::read_dir(old).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        let goes = contents.bundle.iter().chain(&contents.leftovers);
        if shown != Manifest::STAGING && !goes.into_iter().any(|it| *it == shown) {
            let there = new.join(&name);
            if fs::symlink_metadata(&there).is_err() {
                let _ = fs::rename(entry.path(), there);
            }
        }
    }
}

/// Brings the staging folder `dir` from beside `target` into it, and returns where it is now.
pub(super) fn bring_in(dir: &Path, target: &Path) -> io::Result<PathBuf> {
    let inside = target.join(Manifest::STAGING);
    match fs::remove_dir_all(&inside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fs::rename(dir, &inside).is_ok() {
        return Ok(inside);
    }
    let copied = copy(dir, &inside);
    if let Err(error) = copied {
        let _ = fs::remove_dir_all(&inside);
        return Err(error);
    }
    fs::remove_dir_all(dir)?;
    Ok(inside)
}

/// Copies the files of a staging folder, the manifest last.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for name in names(from)? {
        let there = to.join(&name);
        fs::copy(from.join(&name), &there)?;
        File::open(&there)?.sync_all()?;
    }
    Ok(())
}

/// Moves the bundle in `dir`, a folder inside `target`, into `target`: the old manifest goes first
/// and the new one comes last, so that no manifest is there while files are missing. Where a step
/// fails, all are taken back.
pub(super) fn move_in(dir: &Path, target: &Path) -> io::Result<()> {
    let old = dir.join(OLD);
    fs::create_dir(&old)?;
    let contents = FolderContents::of(target).map_err(io::Error::other)?;
    let mut replaced = contents.bundle;
    replaced.sort_by_key(|name| name != Manifest::FILE);
    let out = (replaced.iter()).map(|name| (target.join(name), old.join(name)));
    let new = names(dir)?;
    let new = (new.iter()).map(|name| (dir.join(name), target.join(name)));
    let mut done: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (from, to) in out.chain(new) {
        if let Err(error) = fs::rename(&from, &to) {
            for (from, to) in done.iter().rev() {
                let _ = fs::rename(to, from);
            }
            let _ = fs::remove_dir(&old);
            return Err(io::Error::new(
                error.kind(),
                format!("{}: {error}", to.display()),
            ));
        }
        done.push((from, to));
    }
    for name in contents.leftovers {
        let _ = fs::remove_file(target.join(name));
    }
    Ok(())
}

/// Finishes what [`move_in`] had begun when its program was killed; `target` is locked. The new
/// files are there or in `target` already, unless the machine lost some: then the old ones go
/// back.
pub(super) fn recover(target: &Path) -> io::Result<()> {
    let dir = target.join(Manifest::STAGING);
    let old = dir.join(OLD);
    if target.join(Manifest::FILE).exists() || !old.is_dir() {
        return Ok(());
    }
    let from = if is_whole(&dir, target) { &dir } else { &old };
    for name in names(from)? {
        fs::rename(from.join(&name), target.join(&name))?;
    }
    fs::remove_dir_all(dir)
}

/// Whether every file of the new bundle in `dir` is there, or in `target`.
fn is_whole(dir: &Path, target: &Path) -> bool {
    let Ok(manifest) = Manifest::read(dir) else {
        return false;
    };
    let size = |folder: &Path, name: &str| fs::metadata(folder.join(name)).map(|it| it.len());
    manifest.files().all(|file| {
        let found = size(dir, &file.name).or_else(|_| size(target, &file.name));
        found.is_ok_and(|found| found == file.size)
    })
}

/// Names of the files in a staging folder, the manifest last.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_by_key(|name| name == Manifest::FILE);
    Ok(names)
}
