//! What a configuration names: a file of the hub, of the web or of this machine.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a file comes from. [`Display`](fmt::Display) gives back the text that was parsed, or an
/// address in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// `hf://owner/repository/path@revision`.
    Hub(HubFile),
    /// `https://…` or `http://…`.
    Web(String),
    /// A path of this machine, relative to the working directory.
    Local(PathBuf),
}

/// A file of a repository on the model hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFile {
    repository: String,
    path: String,
    revision: Option<String>,
}

/// A location that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// The text is empty.
    #[error("the location of a file is empty")]
    Empty,
    /// An `hf://` location without an owner, a repository or a path.
    #[error("{0}: write hf://owner/repository/path, or hf://owner/repository/path@revision")]
    Incomplete(String),
    /// More than one `@`, or nothing after it.
    #[error("{0}: write the revision as one @ followed by a branch, a tag or a commit")]
    Revision(String),
    /// A part that would leave the repository's folder in the cache.
    #[error("{location}: {part:?} cannot be part of a path in a repository")]
    Part {
        /// The whole location.
        location: String,
        /// The part at fault.
        part: String,
    },
}

const HUB_SCHEME: &str = "hf://";
const DEFAULT_REVISION: &str = "main";

impl HubFile {
    /// `owner/repository`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Path inside the repository, parts joined by `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Branch, tag or commit; `main` where the location names none.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(DEFAULT_REVISION)
    }

    fn parse(location: &str, rest: &str) -> Result<Self, LocationError> {
        let incomplete = || LocationError::Incomplete(location.to_owned());
        let mut parts = rest.splitn(3, '/');
        let (Some(owner), Some(name), Some(file)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(incomplete());
        };
        if owner.is_empty() || name.is_empty() {
            return Err(incomplete());
        }
        let (path, revision) = match file.split_once('@') {
            None => (file, None),
            Some((_, revision)) if revision.is_empty() || revision.contains('@') => {
                return Err(LocationError::Revision(location.to_owned()));
            }
            Some((path, revision)) => (path, Some(revision)),
        };
        if path.is_empty() {
            return Err(incomplete());
        }
        let all = [owner, name].into_iter();
        let all = all.chain(path.split('/'));
        for part in all.chain(revision.into_iter().flat_map(|it| it.split('/'))) {
            if !is_plain(part) {
                return Err(LocationError::Part {
                    location: location.to_owned(),
                    part: part.to_owned(),
                });
            }
        }
        Ok(Self {
            repository: format!("{owner}/{name}"),
            path: path.to_owned(),
            revision: revision.map(str::to_owned),
        })
    }
}

/// Whether `part` is a single file name on every system: it becomes part of a path in the cache.
fn is_plain(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.contains(|c: char| c == '\\' || c.is_control())
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.is_empty() {
            Err(LocationError::Empty)
        } else if let Some(rest) = text.strip_prefix(HUB_SCHEME) {
            HubFile::parse(text, rest).map(Self::Hub)
        } else if let Some((scheme, rest)) = web(text) {
            // Browsers do the same with an address that somebody typed.
            Ok(Self::Web(format!(
                "{scheme}://{}",
                rest.trim().replace(' ', "%20")
            )))
        } else if let Some(path) = file_address(text) {
            Ok(Self::Local(path))
        } else {
            Ok(Self::Local(PathBuf::from(text)))
        }
    }
}

/// The scheme of a web address, in lower case, and the rest.
fn web(text: &str) -> Option<(&'static str, &str)> {
    ["https", "http"].into_iter().find_map(|scheme| {
        let (begin, rest) = text.split_once("://")?;
        begin.eq_ignore_ascii_case(scheme).then_some((scheme, rest))
    })
}

/// The path in an address of a file on this machine: `file:///home/me/my%20voice.wav`.
fn file_address(text: &str) -> Option<PathBuf> {
    let (scheme, rest) = text.split_once("://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !scheme.eq_ignore_ascii_case("file") || !path.starts_with('/') {
        return None;
    }
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    // A slash may come before a drive's letter, too.
    let drive = path.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if drive { &path[1..] } else { &path }))
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub(file) => file.fmt(out),
            Self::Web(url) => out.write_str(url),
            Self::Local(path) => path.display().fmt(out),
        }
    }
}

impl fmt::Display for HubFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{HUB_SCHEME}{}/{}", self.repository, self.path)?;
        match &self.revision {
            Some(revision) => write!(out, "@{revision}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        let cases = [
            ("HTTPS://example.org/a", "https://example.org/a"),
            (
                "http://example.org/my voice.wav",
                "http://example.org/my%20voice.wav",
            ),
            ("file:///home/me/my%20voice.wav", "/home/me/my voice.wav"),
            ("file://localhost/a.wav", "/a.wav"),
            ("file:///C:/a.wav", "C:/a.wav"),
            ("file://elsewhere/a.wav", "file://elsewhere/a.wav"),
        ];
        for (text, expected) in cases {
            let location: Location = text.parse().unwrap();
            assert_eq!(location.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn locations_are_understood() {
        struct Case {
            text: &'static str,
            /// Repository, path and revision of a hub file.
            hub: Option<(&'static str, &'static str, &'static str)>,
        }
        let cases = [
            Case {
                text: "hf://kyutai/pocket-tts/model.safetensors",
                hub: Some(("kyutai/pocket-tts", "model.safetensors", "main")),
            },
            Case {
                text: "hf://kyutai/pocket-tts/languages/dutch/model.safetensors@3e82814a",
                hub: Some((
                    "kyutai/pocket-tts",
                    "languages/dutch/model.safetensors",
                    "3e82814a",
                )),
            },
            Case {
                text: "hf://a/b/c@main",
                hub: Some(("a/b", "c", "main")),
            },
            Case {
                text: "hf://a/b/c@refs/pr/1",
                hub: Some(("a/b", "c", "refs/pr/1")),
            },
            Case {
                text: "https://example.org/a/tokenizer.model?x=1",
                hub: None,
            },
            Case {
                text: "http://example.org/a",
                hub: None,
            },
            Case {
                text: "weights/model@2.safetensors",
                hub: None,
            },
            Case {
                text: "C:\\models\\model.safetensors",
                hub: None,
            },
        ];
        let mut failures = Vec::new();
        for Case { text, hub } in cases {
            match text.parse::<Location>() {
                Ok(location) if location.to_string() != text => {
                    failures.push(format!("{text} comes back as {location}"));
                }
                Ok(Location::Hub(file)) => {
                    let parts = (file.repository(), file.path(), file.revision());
                    if Some(parts) != hub {
                        failures.push(format!("{text}: {parts:?}"));
                    }
                }
                Ok(Location::Web(_)) if text.starts_with("http") => {}
                Ok(Location::Local(_)) if !text.contains("://") => {}
                other => failures.push(format!("{text}: {other:?}")),
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }

    #[test]
    fn malformed_locations_are_refused_by_name() {
        struct Case {
            text: &'static str,
            says: &'static str,
        }
        let cases = [
            Case {
                text: "",
                says: "empty",
            },
            Case {
                text: "hf://",
                says: "hf://owner/repository/path",
            },
            Case {
                text: "hf://kyutai/pocket-tts",
                says: "hf://owner/repository/path",
            },
            Case {
                text: "hf://kyutai/pocket-tts/",
                says: "hf://owner/repository/path",
            },
            Case {
                text: "hf:///pocket-tts/model",
                says: "hf://owner/repository/path",
            },
            Case {
                text: "hf://kyutai/pocket-tts/@main",
                says: "hf://owner/repository/path",
            },
            Case {
                text: "hf://kyutai/pocket-tts/model@",
                says: "write the revision as one @",
            },
            Case {
                text: "hf://kyutai/pocket-tts/model@a@b",
                says: "write the revision as one @",
            },
            Case {
                text: "hf://kyutai/pocket-tts/../../model",
                says: "\"..\"",
            },
            Case {
                text: "hf://kyutai/../model",
                says: "\"..\"",
            },
            Case {
                text: "hf://kyutai/pocket-tts/model@../../x",
                says: "\"..\"",
            },
            Case {
                text: "hf://kyutai/pocket-tts/a\\..\\b",
                says: "a path in a repository",
            },
            Case {
                text: "hf://kyutai/pocket-tts//model",
                says: "\"\"",
            },
        ];
        let mut failures = Vec::new();
        for Case { text, says } in cases {
            match text.parse::<Location>() {
                Err(error)
                    if error.to_string().contains(says) && error.to_string().contains(text) => {}
                other => failures.push(format!("{text}: {other:?}, not {says:?}")),
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
