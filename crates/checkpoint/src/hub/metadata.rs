//! What the hub says about a file before it is downloaded, and how it refuses.

use std::fmt::Write as _;

use ureq::http::Method;

use super::Hub;
use super::address::is_same_origin;
use super::cache::{is_commit, is_file_name};
use super::client::{HubRequest, HubResponse};
use super::error::{Absent, FetchError};
use crate::location::HubFile;

/// What the hub says about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    /// The commit that the revision points to.
    pub(super) commit: String,
    /// Name of the content, usually a hash.
    pub(super) etag: String,
    /// Bytes, if told.
    pub(super) size: Option<u64>,
}

impl Hub {
    /// Asks for the description of `file` at its revision.
    pub(super) fn metadata(&self, file: &HubFile) -> Result<Metadata, FetchError> {
        let answer = self.client.call(&HubRequest {
            method: Method::HEAD,
            url: &self.address(file, file.revision()),
            token: self.token(),
            headers: Vec::new(),
        })?;
        if !(answer.status().is_success() || answer.status().is_redirection()) {
            return Err(self.refusal(file, &answer));
        }
        let not_a_hub = |header| FetchError::NotAHub {
            endpoint: self.endpoint.clone(),
            header,
        };
        let commit = answer
            .header_on_the_way("x-repo-commit")
            .filter(|commit| is_commit(commit))
            .ok_or_else(|| not_a_hub("x-repo-commit"))?;
        let etag = answer
            .header_on_the_way("x-linked-etag")
            .or_else(|| answer.header("etag"))
            .map(|etag| etag.trim_start_matches("W/").trim_matches('"'))
            .filter(|etag| is_file_name(etag))
            .ok_or_else(|| not_a_hub("etag"))?;
        // A redirect's length is that of its own body.
        let length = answer.status().is_success();
        let length = length.then(|| answer.header("content-length")).flatten();
        let size = answer.header_on_the_way("x-linked-size").or(length);
        Ok(Metadata {
            commit: commit.to_owned(),
            etag: etag.to_owned(),
            size: size.and_then(|size| size.trim().parse().ok()),
        })
    }

    /// The address of `file` at `revision`.
    pub(super) fn address(&self, file: &HubFile, revision: &str) -> String {
        format!(
            "{}/{}/resolve/{}/{}",
            self.endpoint,
            quote(file.repository(), "/"),
            quote(revision, ""),
            quote(file.path(), "/")
        )
    }

    /// What an answer other than success means for `file`.
    pub(super) fn refusal(&self, file: &HubFile, answer: &HubResponse) -> FetchError {
        // Other servers, which only store files, do not know about repositories.
        let hub = self.endpoint.parse();
        if !hub.is_ok_and(|hub| is_same_origin(&hub, &answer.url)) {
            return answer.as_failure();
        }
        let status = answer.status().as_u16();
        let absent = match answer.header("x-error-code") {
            Some("RepoNotFound") => Absent::Repository,
            Some("RevisionNotFound") => Absent::Revision,
            Some("EntryNotFound") => Absent::File,
            _ => Absent::Unknown,
        };
        match (status, absent) {
            // The hub does not reveal to strangers whether a repository exists.
            (404, what) | (401 | 403, what @ Absent::Repository) => FetchError::NotFound {
                endpoint: self.endpoint.clone(),
                what,
                location: file.to_string(),
            },
            (401 | 403, _) => FetchError::Gated {
                repository: file.repository().to_owned(),
                status,
                advice: self.advice(file),
            },
            _ => answer.as_failure(),
        }
    }

    fn advice(&self, file: &HubFile) -> String {
        let page = format!("{}/{}", self.endpoint, file.repository());
        if self.token.is_some() {
            format!(
                "the token in use has no access to it; accept the terms on {page} with the \
                 token's account, or set HF_TOKEN to another one"
            )
        } else {
            format!(
                "accept the terms on {page}, then set HF_TOKEN to a token from \
                 {}/settings/tokens",
                self.endpoint
            )
        }
    }
}

/// Percent-encodes all but letters, digits, `-._~` and `keep`.
fn quote(text: &str, keep: &str) -> String {
    text.bytes().fold(String::new(), |mut quoted, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain || keep.as_bytes().contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(quoted, "%{byte:02X}");
        }
        quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_quoted() {
        for (text, keep, quoted) in [
            ("languages/dutch/a.b", "/", "languages/dutch/a.b"),
            ("refs/pr/1", "", "refs%2Fpr%2F1"),
            ("a b?c#d%é", "/", "a%20b%3Fc%23d%25%C3%A9"),
        ] {
            assert_eq!(quote(text, keep), quoted);
        }
    }
}
