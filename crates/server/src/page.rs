//! The folder of the built page.

use std::fs;
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
        let index = dir.join(INDEX);
        if !index.is_file() {
            return Err(ServeError::NoPage {
                path: dir.to_owned(),
            });
        }
        let html = fs::read(&index).map_err(|source| ServeError::Read {
            path: index,
            source,
        })?;
        if has_typescript(&String::from_utf8_lossy(&html)) {
            return Err(ServeError::Unbuilt {
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

/// Whether a page loads a script in TypeScript, as the sources of a page do.
fn has_typescript(html: &str) -> bool {
    let mut scripts = html.split("<script").skip(1);
    scripts.any(|script| {
        let tag = script.split('>').next().unwrap_or_default();
        [".ts\"", ".ts'", ".tsx\"", ".tsx'"]
            .iter()
            .any(|end| tag.contains(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_no_page() {
        let module = |file: &str| format!("<script type=\"module\" src=\"./{file}\"></script>");
        assert!(has_typescript(&module("src/main.ts")));
        assert!(has_typescript(&module("src/main.tsx")));
        assert!(!has_typescript(&module("assets/main-x7.js")));
        assert!(!has_typescript("<a href=\"main.ts\">the source</a>"));
    }
}
