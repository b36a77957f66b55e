//! What is in the folder of a bundle: its files, what systems leave everywhere, and files of
//! somebody else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bundle::{Manifest, Outline, is_bundle_file};

use crate::ExportError;

/// Names in a folder, by whose they are.
#[derive(Debug, Default)]
pub(super) struct FolderContents {
    path: PathBuf,
    /// The bundle's, of any format version.
    pub(super) bundle: Vec<String>,
    /// What a killed program of ours left.
    pub(super) leftovers: Vec<String>,
    /// A user's own files: a bundle does not take their place.
    foreign: Vec<String>,
}

/// Files that file managers and tools for versions put into every folder.
const CLUTTER: [&str; 13] = [
    ".DS_Store",
    ".localized",
    ".directory",
    "Thumbs.db",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "Desktop.ini",
    ".gitkeep",
    ".keep",
    ".gitignore",
    ".gitattributes",
    ".nomedia",
];

/// Folders that a disk of its own has.
const CLUTTER_FOLDERS: [&str; 7] = [
    "lost+found",
    ".Trashes",
    ".fseventsd",
    ".Spotlight-V100",
    "System Volume Information",
    "$RECYCLE.BIN",
    "@eaDir",
];

impl FolderContents {
    /// Lists the folder `dir`; one that is not there is empty.
    pub(super) fn of(dir: &Path) -> Result<Self, ExportError> {
        let path = dir.to_owned();
        let mut contents = Self {
            path: path.clone(),
            ..Self::default()
        };
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(contents),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(ExportError::NotAFolder { path });
            }
            Err(source) => return Err(ExportError::Write { path, source }),
        };
        let outline = Outline::read(dir);
        let is_bundle = outline.is_some() || dir.join(Manifest::STAGING).is_dir();
        let belongs = |name: &str| {
            let is_listed = || outline.as_ref().is_some_and(|it| it.has_file(name));
            is_bundle && (is_bundle_file(name) || is_listed())
        };
        for entry in entries {
            let entry = entry.map_err(ExportError::write(dir))?;
            let is_folder = (entry.file_type())
                .map_err(ExportError::write(dir))?
                .is_dir();
            let name = entry.file_name();
            let name = name.to_string_lossy().into_owned();
            let group = if is_folder && name == Manifest::STAGING {
                continue;
            } else if !is_folder && belongs(&name) {
                &mut contents.bundle
            } else if !is_folder && is_leftover(&name) {
                &mut contents.leftovers
            } else if is_clutter(&name, is_folder) {
                continue;
            } else {
                &mut contents.foreign
            };
            group.push(name);
        }
        Ok(contents)
    }

    /// Refuses a folder that holds a file of somebody else.
    pub(super) fn check(mut self) -> Result<(), ExportError> {
        if self.foreign.is_empty() {
            return Ok(());
        }
        self.foreign.sort();
        self.foreign.truncate(3);
        Err(ExportError::Occupied {
            path: self.path,
            names: self.foreign,
        })
    }
}

/// Whether a killed program of ours may have left a file of that name in a bundle.
fn is_leftover(name: &str) -> bool {
    let inner = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(".partial"));
    // `.NAME.RANDOM.partial`, where a file NAME was being written.
    let file = inner.and_then(|inner| inner.rsplit_once('.'));
    file.is_some_and(|(file, _)| is_bundle_file(file))
}

/// Whether a system puts such a thing into folders by itself.
fn is_clutter(name: &str, is_folder: bool) -> bool {
    if is_folder {
        CLUTTER_FOLDERS.contains(&name) || name.starts_with(".Trash-")
    } else {
        CLUTTER.contains(&name)
            || name.starts_with("._")
            || name.starts_with(".nfs")
            || name.starts_with(".fuse_hidden")
            || (name.starts_with('.') && name.ends_with(".partial"))
    }
}
