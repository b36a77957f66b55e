//! The hub's cache on disk, as `huggingface_hub` lays it out.
//!
//! ```text
//! models--owner--repository/
//!   blobs/<etag>                        the bytes, or <etag>.incomplete
//!   refs/<branch>                       the commit that a branch pointed to
//!   snapshots/<commit>/<path>           a link to the blob
//! .locks/models--owner--repository/<etag>.lock
//! ```
//!
//! There is no `refs/<commit>`: a file requested by its commit is looked up
//! in `snapshots` directly.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::FetchError;
use super::lock::FileLock;
use crate::location::HubFile;

/// The part of the cache that belongs to one repository.
pub(super) struct RepositoryCache {
    folder: PathBuf,
    locks: PathBuf,
}

impl RepositoryCache {
    pub(super) fn new(cache: &Path, repository: &str) -> Self {
        let name = format!("models--{}", repository.replace('/', "--"));
        Self {
            folder: cache.join(&name),
            locks: cache.join(".locks").join(&name),
        }
    }

    /// The file as an earlier download left it, for a branch at the commit that was recorded then.
    pub(super) fn find(&self, file: &HubFile) -> Option<PathBuf> {
        let commit = self.commit_of(file.revision())?;
        let path = self.snapshot(&commit, file.path());
        path.is_file().then_some(path)
    }

    /// Which file would have to be put where for [`find`](Self::find) to find it.
    pub(super) fn advice(&self, file: &HubFile) -> String {
        let revision = file.revision();
        if let Some(commit) = self.commit_of(revision) {
            let path = self.snapshot(&commit, file.path());
            format!("the file at {}", path.display())
        } else {
            let path = self.snapshot("<commit>", file.path());
            format!(
                "the file at {} and the commit's name into {}",
                path.display(),
                self.reference(revision).display()
            )
        }
    }

    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    pub(super) fn snapshot(&self, commit: &str, path: &str) -> PathBuf {
        let folder = self.folder.join("snapshots").join(commit);
        path.split('/').fold(folder, |path, part| path.join(part))
    }

    pub(super) fn lock(&self, name: &str) -> Result<FileLock, FetchError> {
        FileLock::acquire(&self.locks.join(format!("{name}.lock")))
    }

    /// Records that `revision` points to `commit`; a commit needs no record.
    pub(super) fn write_reference(&self, revision: &str, commit: &str) -> Result<(), FetchError> {
        if revision == commit {
            return Ok(());
        }
        let path = self.reference(revision);
        if fs::read_to_string(&path).is_ok_and(|text| text == commit) {
            return Ok(());
        }
        let _lock = self.lock("refs")?;
        create_parent(&path)?;
        let part = with_suffix(&path, ".incomplete");
        fs::write(&part, commit)
            .and_then(|()| fs::rename(&part, &path))
            .map_err(|source| FetchError::on_disk(&path, source))
    }

    /// Makes `blob` appear at `path` of `commit`; `new` says that no other
    /// commit can be using the blob yet.
    pub(super) fn link(
        &self,
        etag: &str,
        commit: &str,
        path: &str,
        new: bool,
    ) -> Result<PathBuf, FetchError> {
        self.link_with(etag, commit, path, new, symlink)
    }

    fn link_with(
        &self,
        etag: &str,
        commit: &str,
        path: &str,
        new: bool,
        symlink: fn(&Path, &Path) -> io::Result<()>,
    ) -> Result<PathBuf, FetchError> {
        let link = self.snapshot(commit, path);
        create_parent(&link)?;
        let failed = |source| FetchError::on_disk(&link, source);
        // From snapshots/<commit>/ up to the repository's folder, and once more
        // for each folder of the path.
        let up = 2 + path.matches('/').count();
        let target = (0..up).fold(PathBuf::new(), |path, _| path.join(".."));
        let target = target.join("blobs").join(etag);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        if let Err(error) = symlink(&target, &link) {
            tracing::debug!("{} cannot be a link: {error}", link.display());
            let blob = self.blob(etag);
            let moved = if new {
                fs::rename(&blob, &link)
            } else {
                let part = with_suffix(&link, ".incomplete");
                fs::copy(&blob, &part).and_then(|_| fs::rename(&part, &link))
            };
            moved.map_err(failed)?;
        }
        Ok(link)
    }

    fn reference(&self, revision: &str) -> PathBuf {
        let folder = self.folder.join("refs");
        revision
            .split('/')
            .fold(folder, |path, part| path.join(part))
    }

    fn commit_of(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let text = fs::read_to_string(self.reference(revision)).ok()?;
        let commit = text.trim();
        is_commit(commit).then(|| commit.to_owned())
    }
}

/// Whether `text` is the full name of a commit.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40
        && text
            .bytes()
            .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether an etag can name a file.
pub(super) fn is_file_name(etag: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !etag.is_empty() && etag.len() < 200 && !etag.starts_with('.') && etag.bytes().all(plain)
}

/// `path` with `suffix` appended to its whole name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Creates the folder of `path`.
pub(super) fn create_parent(path: &Path) -> Result<(), FetchError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|source| FetchError::on_disk(folder, source))
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The SHA-256 by which the hub knows a file of the cache, if it knows it by one. It was checked
/// when the file came, so the file need not be read again.
pub fn known_sha256(path: &Path) -> Option<String> {
    let blob = fs::canonicalize(path).ok()?;
    let in_blobs = blob.parent()?.file_name()? == "blobs";
    let name = blob.file_name()?.to_str()?;
    let is_digest = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
    (in_blobs && is_digest).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "3e82814a68665eec246ff649b14c71331f955c06";

    fn no_symlink(_target: &Path, _link: &Path) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    #[test]
    fn where_links_are_forbidden_blobs_move_or_are_copied() {
        for new in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let cache = RepositoryCache::new(folder.path(), "a/b");
            let blob = cache.blob("etag");
            create_parent(&blob).unwrap();
            fs::write(&blob, "weights").unwrap();
            let path = cache
                .link_with("etag", COMMIT, "c/d", new, no_symlink)
                .unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), "weights");
            assert_eq!(blob.exists(), !new);
        }
    }

    #[test]
    fn a_dangling_or_stale_link_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let cache = RepositoryCache::new(folder.path(), "a/b");
        cache.link("gone", COMMIT, "d", true).unwrap();
        let blob = cache.blob("etag");
        create_parent(&blob).unwrap();
        fs::write(&blob, "weights").unwrap();
        let path = cache.link("etag", COMMIT, "d", true).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "weights");
    }

    #[test]
    fn a_damaged_reference_is_no_commit() {
        let folder = tempfile::tempdir().unwrap();
        let cache = RepositoryCache::new(folder.path(), "a/b");
        let path = cache.reference("main");
        create_parent(&path).unwrap();
        for (text, commit) in [
            ("", None),
            ("../../..", None),
            (&COMMIT.to_uppercase(), None),
            (COMMIT, Some(COMMIT)),
            (&format!("{COMMIT}\n"), Some(COMMIT)),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(cache.commit_of("main").as_deref(), commit, "{text:?}");
        }
    }

    #[test]
    fn etags_that_would_leave_the_folder_are_refused() {
        for (etag, good) in [
            ("0a1b", true),
            ("0a-1b_2", true),
            ("", false),
            ("..", false),
            ("../a", false),
            ("a/b", false),
            ("a\\b", false),
        ] {
            assert_eq!(is_file_name(etag), good, "{etag:?}");
        }
    }
}
