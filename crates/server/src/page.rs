//! The folder of the built page.

use std::path::{Path, PathBuf};

use bundle::FileEntry;

use crate::ServeError;
use crate::file::ServedFile;

/// The file that is served for a folder.
const INDEX: &str = "index.html";

/// A built page.
#[derive(Clone, Debug)]
pub struct Page {
    root: PathBuf,
}

impl Page {
    /// The page in this folder.
    pub fn open(dir: &Path) -> Result<Self, ServeError> {
        if !dir.join(INDEX).is_file() {
            return Err(ServeError::NoPage {
                path: dir.to_owned(),
            });
        }
        let root = dir.canonicalize().map_err(|source| ServeError::Read {
            path: dir.to_owned(),
            source,
        })?;
        Ok(Self { root })
    }

    /// The file at this path of the URL, which is decoded and starts with `/`.
    pub(crate) fn find(&self, path: &str) -> Option<ServedFile> {
        let mut file = self.root.clone();
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            // Neither above the folder nor in hidden ones, whatever the platform's separators are.
            if segment.starts_with('.') || segment.contains(['\\', ':', '\0']) {
                return None;
            }
            file.push(segment);
        }
        if path.ends_with('/') {
            file.push(INDEX);
        }
        // Links are followed, but not out of the folder.
        let file = file.canonicalize().ok()?;
        if !file.starts_with(&self.root) || !file.is_file() {
            return None;
        }
        let name = file.file_name()?.to_str()?;
        let FileEntry { sha256, .. } = FileEntry::of(file.parent()?, name).ok()?;
        Some(ServedFile { path: file, sha256 })
    }
}
