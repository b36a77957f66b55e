//! Downloads a [`Location`]: counterpart of `download_if_necessary` in
//! pocket-tts `utils/utils.py`.
//!
//! 1. A file that an earlier download left in the hub's own cache, by this
//!    program or by `huggingface_hub`, is used without any request. A branch
//!    means the commit that it had then; delete its `refs` entry to ask again.
//! 2. Otherwise the hub describes the file (commit, hash, size), and it is
//!    downloaded into the same cache: resumed where an earlier try broke off,
//!    checked against size and hash, and only then given its name.
//! 3. Files of the web go where pocket-tts keeps them, `~/.cache/pocket_tts`. Their server is
//!    asked each time whether they have changed, if it names their versions. Web pages and empty
//!    answers are refused: they come from login pages and wrong addresses.
//!
//! The crate `hf-hub` (0.5) is not used: it finds a commit in the cache only
//! through a `refs` entry, which the Python client does not write for a commit hash; it checks no
//! hash; and it appends to an unfinished file even if the server ignored the
//! `Range`.

mod address;
mod cache;
mod client;
mod digest;
mod environment;
mod error;
mod lock;
mod metadata;
mod progress;
mod transfer;
mod validator;
mod web;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Proxy;
use ureq::http::{HeaderValue, Uri};

pub use self::cache::known_sha256;
pub use self::error::{Absent, FetchError};
pub use self::progress::{FetchProgress, NoProgress};

use self::cache::{RepositoryCache, with_suffix};
use self::client::Client;
use self::digest::Digest;
use self::metadata::Metadata;
use self::transfer::{Resume, Transfer};
use crate::location::{HubFile, Location};

/// The model hub, the web and their caches on this machine.
#[derive(Clone, Debug)]
pub struct Hub {
    cache: PathBuf,
    web_cache: PathBuf,
    endpoint: String,
    token: Option<AccessToken>,
    offline: bool,
    client: Client,
    /// A setting that cannot be used; it matters only if the hub is asked for something.
    problem: Option<(&'static str, String)>,
}

/// Makes a [`Hub`] from given settings.
#[derive(Clone, Debug)]
pub struct HubBuilder {
    cache: PathBuf,
    web_cache: PathBuf,
    endpoint: String,
    token: Option<AccessToken>,
    offline: bool,
    retries: u32,
    pause: Duration,
    proxy: Option<Proxy>,
}

/// A token, hidden in debug output.
#[derive(Clone)]
struct AccessToken(String);

impl fmt::Debug for AccessToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token")
    }
}

impl HubBuilder {
    /// The hub to use instead of `https://huggingface.co`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// The access token, sent to the endpoint alone.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(AccessToken(token.into()));
        self
    }

    /// Whether requests are forbidden.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// How often an interrupted transfer is retried without progress, and the pause before the
    /// first retry; it doubles each time.
    #[must_use]
    pub fn retries(mut self, retries: u32, pause: Duration) -> Self {
        self.retries = retries;
        self.pause = pause;
        self
    }

    fn proxy(mut self, proxy: Option<Proxy>) -> Self {
        self.proxy = proxy;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`FetchError::Setting`] for an endpoint or a token that cannot be used.
    pub fn build(self) -> Result<Hub, FetchError> {
        let hub = self.build_unchecked();
        hub.check_settings().map(|()| hub)
    }

    /// Delays the check of the settings until the hub is needed.
    fn build_unchecked(self) -> Hub {
        let problem = self.problem();
        Hub {
            cache: self.cache,
            web_cache: self.web_cache,
            endpoint: self.endpoint.trim_end_matches('/').to_owned(),
            token: self.token,
            offline: self.offline,
            client: Client::new(self.retries, self.pause, self.proxy),
            problem,
        }
    }

    /// The setting that cannot be used, and what is wrong with it.
    fn problem(&self) -> Option<(&'static str, String)> {
        let endpoint = self.endpoint.trim_end_matches('/');
        let is_web = endpoint.starts_with("https://") || endpoint.starts_with("http://");
        let is_plain = !endpoint.contains(['?', '#']) && endpoint.parse::<Uri>().is_ok();
        if !(is_web && is_plain) {
            let problem = format!("{endpoint:?} is no address: write https://host");
            return Some(("HF_ENDPOINT", problem));
        }
        if let Some(AccessToken(token)) = &self.token
            && HeaderValue::from_str(token).is_err()
        {
            let problem = "the token has characters that no token has: copy it again";
            return Some(("HF_TOKEN", problem.to_owned()));
        }
        None
    }
}

impl Hub {
    /// A hub with its files in `cache` (usually `~/.cache/huggingface/hub`) and
    /// files of the web in `web_cache` (usually `~/.cache/pocket_tts`), without
    /// a token or a proxy.
    pub fn builder(cache: impl Into<PathBuf>, web_cache: impl Into<PathBuf>) -> HubBuilder {
        HubBuilder {
            cache: cache.into(),
            web_cache: web_cache.into(),
            endpoint: environment::ENDPOINT.to_owned(),
            token: None,
            offline: false,
            retries: environment::RETRIES,
            pause: environment::RETRY_PAUSE,
            proxy: None,
        }
    }

    /// The file at `location`, downloaded if it is not on this machine yet.
    ///
    /// # Errors
    ///
    /// See [`FetchError`]. No error leaves a file behind that a later call would take for a
    /// complete one.
    pub fn fetch(
        &self,
        location: &Location,
        progress: &dyn FetchProgress,
    ) -> Result<PathBuf, FetchError> {
        match location {
            Location::Hub(file) => self.fetch_hub(file, progress),
            Location::Web(url) => self.fetch_web(url, progress),
            // What the path contains is the reader's business: its errors name a folder or a pipe.
            Location::Local(path) if path.exists() => Ok(path.clone()),
            Location::Local(path) => Err(FetchError::Missing { path: path.clone() }),
        }
    }

    /// Deletes the copy of a file from the web, so that it is downloaded again. Files of the hub,
    /// which are checked by their hash, and local files are kept.
    ///
    /// # Errors
    ///
    /// [`FetchError::Cache`] where the copy cannot be deleted.
    pub fn forget(&self, location: &Location) -> Result<(), FetchError> {
        match location {
            Location::Web(url) => self.forget_web(url),
            Location::Hub(_) | Location::Local(_) => Ok(()),
        }
    }

    /// Fails if a setting cannot be used.
    fn check_settings(&self) -> Result<(), FetchError> {
        match self.problem.clone() {
            Some((name, problem)) => Err(FetchError::Setting { name, problem }),
            None => Ok(()),
        }
    }

    /// The file at `location` if it is on this machine, without any request.
    pub fn find(&self, location: &Location) -> Option<PathBuf> {
        match location {
            Location::Hub(file) => self.repository(file).find(file),
            Location::Web(url) => Some(self.web_file(url)).filter(|path| path.is_file()),
            Location::Local(path) => Some(path.clone()).filter(|path| path.is_file()),
        }
    }

    fn fetch_hub(
        &self,
        file: &HubFile,
        progress: &dyn FetchProgress,
    ) -> Result<PathBuf, FetchError> {
        let repository = self.repository(file);
        if let Some(path) = repository.find(file) {
            return Ok(path);
        }
        if self.offline {
            return Err(FetchError::Offline {
                location: file.to_string(),
                folder: self.cache.clone(),
                advice: repository.advice(file),
            });
        }
        self.check_settings()?;
        let metadata = self.metadata(file)?;
        let Metadata { commit, etag, .. } = &metadata;
        let mut path = repository.snapshot(commit, file.path());
        if path.is_file() {
            // The cache may be read-only.
            if let Err(error) = repository.write_reference(file.revision(), commit) {
                tracing::debug!("{error}");
            }
            return Ok(path);
        }
        let _lock = repository.lock(etag)?;
        if !path.is_file() {
            let blob = repository.blob(etag);
            // Another commit may have the same content.
            let new = !is_whole(&blob, metadata.size);
            if new {
                self.download(file, &metadata, &blob, progress)?;
            }
            path = repository.link(etag, commit, file.path(), new)?;
        }
        repository.write_reference(file.revision(), commit)?;
        Ok(path)
    }

    /// Downloads the content that `metadata` describes to `blob`.
    fn download(
        &self,
        file: &HubFile,
        metadata: &Metadata,
        blob: &Path,
        progress: &dyn FetchProgress,
    ) -> Result<(), FetchError> {
        let part = with_suffix(blob, ".incomplete");
        let transfer = Transfer {
            client: &self.client,
            // The branch may move during the download; the commit does not.
            url: &self.address(file, &metadata.commit),
            token: self.token(),
            location: file.to_string(),
            name: file.path(),
            part: &part,
            size: metadata.size,
            resume: Resume::ByContent,
            refused: &|answer| self.refusal(file, answer),
            accepted: &|_| Ok(()),
        };
        loop {
            let resumed = transfer.run(progress)?;
            match check(file, &metadata.etag, &part) {
                // The damage may be in a part that an earlier process left.
                Err(FetchError::WrongHash { .. }) if resumed => {
                    tracing::warn!("{file}: the unfinished file was damaged; starting over");
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        fs::rename(&part, blob).map_err(|source| FetchError::on_disk(blob, source))
    }

    fn repository(&self, file: &HubFile) -> RepositoryCache {
        RepositoryCache::new(&self.cache, file.repository())
    }

    fn token(&self) -> Option<&str> {
        self.token.as_ref().map(|token| token.0.as_str())
    }
}

fn is_whole(blob: &Path, size: Option<u64>) -> bool {
    fs::metadata(blob).is_ok_and(|it| it.is_file() && size.is_none_or(|size| it.len() == size))
}

/// Compares the file at `part` with the hash in its etag and deletes it if they differ.
fn check(file: &HubFile, etag: &str, part: &Path) -> Result<(), FetchError> {
    let Some(digest) = Digest::in_etag(etag) else {
        tracing::debug!("{file}: {etag} is no hash; only the size is checked");
        return Ok(());
    };
    let actual = digest
        .of_file(part)
        .map_err(|source| FetchError::on_disk(part, source))?;
    if actual.eq_ignore_ascii_case(digest.expected()) {
        return Ok(());
    }
    fs::remove_file(part).map_err(|source| FetchError::on_disk(part, source))?;
    Err(FetchError::WrongHash {
        location: file.to_string(),
        algorithm: digest.algorithm(),
        expected: digest.expected().to_owned(),
        actual,
    })
}
