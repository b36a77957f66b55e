//! Files from the web, stored where pocket-tts stores them: under the hash of their address.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use filetype::FileType;
use ureq::http::{Method, StatusCode};

use super::Hub;
use super::address::origin;
use super::cache::with_suffix;
use super::client::{HubRequest, HubResponse, NoResponse};
use super::digest::sha256;
use super::error::FetchError;
use super::lock::FileLock;
use super::progress::FetchProgress;
use super::transfer::{Resume, Transfer};
use super::validator::Validators;

impl Hub {
    pub(super) fn fetch_web(
        &self,
        url: &str,
        progress: &dyn FetchProgress,
    ) -> Result<PathBuf, FetchError> {
        let path = self.web_file(url);
        if path.is_file() && !self.has_changed(url, &path) {
            return Ok(path);
        }
        if self.offline {
            return Err(FetchError::Offline {
                location: url.to_owned(),
                folder: self.web_cache.clone(),
                advice: format!("the file at {}", path.display()),
            });
        }
        let name = path.file_name().unwrap_or_default();
        let lock = with_suffix(&self.web_cache.join(".locks").join(name), ".lock");
        let _lock = FileLock::acquire(&lock)?;
        if path.is_file() && !self.has_changed(url, &path) {
            return Ok(path);
        }
        self.download_web(url, &path, progress)?;
        Ok(path)
    }

    /// Whether the server now has another version of the file at `path`. False if it sends no
    /// identifiers, or does not respond.
    fn has_changed(&self, url: &str, path: &Path) -> bool {
        let conditions = Validators::read(path).conditions();
        if self.offline || conditions.is_empty() {
            return false;
        }
        let address = file_address(url);
        let call = HubRequest {
            method: Method::GET,
            url: &address,
            token: None,
            headers: conditions,
        };
        match self.client.call_once(&call) {
            // A server that ignores the condition responds with the same version.
            Ok(answer) if answer.status() == StatusCode::OK => {
                Validators::of(&answer) != Validators::read(path)
            }
            Ok(answer) if answer.status() == StatusCode::NOT_MODIFIED => false,
            Ok(answer) => {
                let status = answer.status();
                tracing::warn!(
                    "{url} answers {status} now: the copy of an earlier download is used"
                );
                false
            }
            Err(NoResponse { error, .. }) => {
                tracing::debug!("{url} is used as it was: {error}");
                false
            }
        }
    }

    fn download_web(
        &self,
        url: &str,
        path: &Path,
        progress: &dyn FetchProgress,
    ) -> Result<(), FetchError> {
        let part = with_suffix(path, ".incomplete");
        let address = file_address(url);
        let validators = RefCell::new(Validators::default());
        let transfer = Transfer {
            client: &self.client,
            url: &address,
            token: None,
            location: url.to_owned(),
            name: last_segment(url),
            part: &part,
            size: None,
            resume: Resume::ByValidator,
            refused: &HubResponse::as_failure,
            accepted: &|answer| {
                *validators.borrow_mut() = Validators::of(answer);
                refuse_page(answer)
            },
        };
        let whole = transfer.run(progress).and_then(|_| {
            refuse_foreign(url, &part)?;
            fs::rename(&part, path).map_err(|source| FetchError::on_disk(path, source))
        });
        // Nothing says that a later transfer would continue the same file.
        if whole.is_err()
            && let Err(error) = fs::remove_file(&part)
        {
            tracing::debug!("{}: {error}", part.display());
        }
        whole?;
        validators.into_inner().write(path)
    }

    pub(super) fn forget_web(&self, url: &str) -> Result<(), FetchError> {
        let path = self.web_file(url);
        Validators::remove(&path);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(FetchError::on_disk(&path, source))
            }
            _ => Ok(()),
        }
    }

    /// Path at which the file of an address is stored.
    pub(super) fn web_file(&self, url: &str) -> PathBuf {
        let name = sha256(url.as_bytes());
        let path = self.web_cache.join(name);
        match suffix(url) {
            Some(suffix) => with_suffix(&path, suffix),
            None => path,
        }
    }
}

/// Refuses a response that declares itself a web page.
fn refuse_page(answer: &HubResponse) -> Result<(), FetchError> {
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_page = ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|page| kind.eq_ignore_ascii_case(page));
    if !is_page {
        return Ok(());
    }
    Err(FetchError::Page {
        url: format!("{}{}", origin(&answer.url), answer.url.path()),
    })
}

/// Refuses a response body that is not a file, whatever its headers say.
fn refuse_foreign(url: &str, part: &Path) -> Result<(), FetchError> {
    let found = FileType::of_path(part).map_err(|source| FetchError::on_disk(part, source))?;
    let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
    let foreign = match found {
        FileType::Html => return Err(FetchError::Page { url }),
        FileType::Empty => "gave an empty answer: check the address, and try again later",
        FileType::LfsPointer => {
            "gave a Git LFS pointer, a text that stands for the file: take the address of the file itself, which a \
             hub has at /resolve/"
        }
        _ => return Ok(()),
    };
    Err(FetchError::Foreign {
        url,
        foreign: foreign.to_owned(),
    })
}

/// The direct address of the file that a page of a model hub or of GitHub shows.
fn file_address(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.into();
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (page, file) = match host {
        "huggingface.co" | "www.huggingface.co" | "hf.co" | "hf-mirror.com" => {
            ("/blob/", "/resolve/")
        }
        "github.com" | "www.github.com" => ("/blob/", "/raw/"),
        "gitlab.com" => ("/-/blob/", "/-/raw/"),
        _ => return url.into(),
    };
    let end = path.find(['?', '#']).unwrap_or(path.len());
    match path[..end].split_once(page) {
        Some((repository, inside)) => {
            let query = &path[end..];
            format!("{scheme}://{host}/{repository}{file}{inside}{query}").into()
        }
        None => url.into(),
    }
}

/// The last part of the address's path, without query, fragment and parameters.
fn last_segment(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let rest = url[..end].split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    // Parameters belong to the last segment only.
    let segment = path.rsplit_once('/').map_or(path, |(_, segment)| segment);
    let name = segment.split(';').next().unwrap_or(segment);
    if name.is_empty() && segment.is_empty() {
        let folders = path.trim_end_matches('/');
        return folders
            .rsplit_once('/')
            .map_or(folders, |(_, folder)| folder);
    }
    name
}

/// The last dot of a name and what follows it.
fn suffix(url: &str) -> Option<&str> {
    let name = last_segment(url);
    let extension = Path::new(name).extension()?.to_str()?;
    let dot = name.len() - extension.len() - 1;
    (!extension.is_empty()).then(|| &name[dot..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_show_a_file_lead_to_it() {
        for (page, file) in [
            (
                "https://huggingface.co/o/r/blob/main/a/b.wav?x=1",
                "https://huggingface.co/o/r/resolve/main/a/b.wav?x=1",
            ),
            (
                "https://github.com/o/r/blob/main/b.wav",
                "https://github.com/o/r/raw/main/b.wav",
            ),
            (
                "https://example.org/blob/b.wav",
                "https://example.org/blob/b.wav",
            ),
            (
                "https://huggingface.co/o/r/resolve/main/blob.wav",
                "https://huggingface.co/o/r/resolve/main/blob.wav",
            ),
        ] {
            assert_eq!(file_address(page), file);
        }
    }

    #[test]
    fn suffixes_as_pocket_tts_finds_them() {
        // From `Path(urlparse(url).path).suffix`.
        for (url, expected) in [
            ("https://a.example/x/tokenizer.model", Some(".model")),
            ("https://a.example/x.tar.gz?raw=1.zip#top.a", Some(".gz")),
            ("https://a.example/voice.wav;v=1.0", Some(".wav")),
            ("https://a.example/x.d/plain", None),
            ("https://a.example/x.d/", Some(".d")),
            ("https://a.example", None),
            ("https://a.example/", None),
            ("https://a.example/.hidden", None),
            ("https://a.example?file=x.wav", None),
        ] {
            assert_eq!(suffix(url), expected, "{url}");
        }
    }
}
