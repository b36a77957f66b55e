//! Versions of files from the web: the identifiers that their servers sent, stored next to the
//! files.

use std::fs;
use std::path::{Path, PathBuf};

use super::cache::{create_parent, with_suffix};
use super::client::HubResponse;
use super::error::FetchError;

/// What identifies the version of a file that a server sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Validators {
    /// The identifiers in a response.
    pub(super) fn of(answer: &HubResponse) -> Self {
        let header = |name| answer.header(name).map(str::to_owned);
        Self {
            etag: header("etag"),
            last_modified: header("last-modified"),
        }
    }

    /// The identifiers for the file at `path`, if known.
    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(place(path)).unwrap_or_default();
        let line = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name));
            found.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        Self {
            etag: line("etag: "),
            last_modified: line("last-modified: "),
        }
    }

    /// Stores them for the file at `path`.
    pub(super) fn write(&self, path: &Path) -> Result<(), FetchError> {
        let place = place(path);
        create_parent(&place)?;
        let line = |name: &str, value: &Option<String>| {
            value
                .as_ref()
                .map_or(String::new(), |value| format!("{name}: {value}\n"))
        };
        let text = line("etag", &self.etag) + &line("last-modified", &self.last_modified);
        fs::write(&place, text).map_err(|source| FetchError::on_disk(&place, source))
    }

    /// The headers that request the file only if it has changed.
    pub(super) fn conditions(&self) -> Vec<(&'static str, String)> {
        let etag = self.etag.clone().map(|it| ("if-none-match", it));
        let date = (self.last_modified.clone()).map(|it| ("if-modified-since", it));
        etag.into_iter().chain(date).collect()
    }

    /// Deletes those of the file at `path`.
    pub(super) fn remove(path: &Path) {
        // If there are none, the server sent no identifiers.
        let _ = fs::remove_file(place(path));
    }
}

/// In a folder of its own, as the locks are: where `path` is, pocket-tts expects nothing but its files.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path).join(".versions");
    with_suffix(&folder.join(path.file_name().unwrap_or_default()), ".txt")
}
