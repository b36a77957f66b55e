//! Checks a downloaded file against the hash that the hub names it by.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The hash in an etag: large files are named by their SHA-256, small ones by
/// the SHA-1 that git gives their blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest<'a> {
    Sha256(&'a str),
    GitBlob(&'a str),
}

impl<'a> Digest<'a> {
    /// `None` if a mirror uses other names for files.
    pub(super) fn in_etag(etag: &'a str) -> Option<Self> {
        let hex = etag.bytes().all(|byte| byte.is_ascii_hexdigit());
        match etag.len() {
            64 if hex => Some(Self::Sha256(etag)),
            40 if hex => Some(Self::GitBlob(etag)),
            _ => None,
        }
    }

    pub(super) fn algorithm(self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::GitBlob(_) => "git sha1",
        }
    }

    /// The hash as announced.
    pub(super) fn expected(self) -> &'a str {
        match self {
            Self::Sha256(hash) | Self::GitBlob(hash) => hash,
        }
    }

    /// The hash of the file at `path`, in lower case.
    pub(super) fn of_file(self, path: &Path) -> io::Result<String> {
        let mut file = File::open(path)?;
        match self {
            Self::Sha256(_) => hash(Sha256::new(), &mut file),
            Self::GitBlob(_) => {
                let header = format!("blob {}\0", file.metadata()?.len());
                hash(Sha1::new_with_prefix(header), &mut file)
            }
        }
    }
}

/// SHA-256 of `bytes`, in lower case.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hash<D: sha2::Digest>(mut digest: D, file: &mut File) -> io::Result<String> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            n => digest.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        struct Case {
            etag: &'static str,
            content: &'static [u8],
        }
        // From sha256sum and git hash-object.
        let cases = [
            Case {
                etag: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
                content: b"hello",
            },
            Case {
                etag: "ce013625030ba8dba906f756967f9e9ca394464a",
                content: b"hello\n",
            },
            Case {
                etag: "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
                content: b"",
            },
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut failures = Vec::new();
        for Case { etag, content } in cases {
            std::fs::write(&path, content).unwrap();
            let actual = Digest::in_etag(etag).unwrap().of_file(&path).unwrap();
            if actual != etag {
                failures.push(format!("{content:?}: {actual}, not {etag}"));
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
        assert_eq!(Digest::in_etag("686897696a7c876b7e"), None);
        assert_eq!(Digest::in_etag(&"g".repeat(64)), None);
    }
}
