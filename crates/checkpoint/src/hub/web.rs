//! Files of the web, kept where pocket-tts keeps them: under the hash of their address.

use std::fs;
use std::path::{Path, PathBuf};

use super::Hub;
use super::cache::with_suffix;
use super::digest::sha256;
use super::error::FetchError;
use super::lock::FileLock;
use super::progress::Progress;
use super::transfer::{Resume, Transfer};

impl Hub {
    pub(super) fn fetch_web(
        &self,
        url: &str,
        progress: &dyn Progress,
    ) -> Result<PathBuf, FetchError> {
        let path = self.web_file(url);
        if path.is_file() {
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
        if path.is_file() {
            return Ok(path);
        }
        let part = with_suffix(&path, ".incomplete");
        let transfer = Transfer {
            client: &self.client,
            url,
            token: None,
            location: url.to_owned(),
            name: last_segment(url),
            part: &part,
            size: None,
            resume: Resume::ByValidator,
            refused: &super::client::Answer::as_failure,
        };
        let whole = transfer.run(progress).and_then(|_| {
            fs::rename(&part, &path).map_err(|source| FetchError::on_disk(&path, source))
        });
        // Nothing says that a later transfer would continue the same file.
        if whole.is_err()
            && let Err(error) = fs::remove_file(&part)
        {
            tracing::debug!("{}: {error}", part.display());
        }
        whole.map(|()| path)
    }

    /// Where the file of an address is kept.
    pub(super) fn web_file(&self, url: &str) -> PathBuf {
        let name = sha256(url.as_bytes());
        let path = self.web_cache.join(name);
        match suffix(url) {
            Some(suffix) => with_suffix(&path, suffix),
            None => path,
        }
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
