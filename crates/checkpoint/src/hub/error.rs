//! Why a file could not be fetched.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::location::LocationError;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The location makes no sense.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// A local path that names no file.
    #[error("there is no file {}", path.display())]
    Missing {
        /// The path, as given.
        path: PathBuf,
    },
    /// The hub refuses the file to this token, or without one.
    #[error("{repository} is gated (the hub answered {status}): {advice}")]
    Gated {
        /// `owner/repository`.
        repository: String,
        /// 401 or 403.
        status: u16,
        /// How to get the file.
        advice: String,
    },
    /// The hub has no such repository, revision or file.
    #[error("{endpoint} has no such {what}: {location}")]
    NotFound {
        /// The hub that was asked.
        endpoint: String,
        /// What it lacks.
        what: Absent,
        /// The whole location.
        location: String,
    },
    /// Downloads are forbidden and the file is not here.
    #[error(
        "{location} is not in {} and HF_HUB_OFFLINE is set: unset it, or put {advice}",
        folder.display()
    )]
    Offline {
        /// The whole location.
        location: String,
        /// The cache that was searched.
        folder: PathBuf,
        /// Which file to put where.
        advice: String,
    },
    /// No answer.
    #[error("cannot reach {server}: check the connection, the proxy and HF_ENDPOINT")]
    Connection {
        /// Scheme, host and port.
        server: String,
        /// What went wrong.
        source: io::Error,
    },
    /// An answer that is neither the file nor a known refusal.
    #[error("{url} answered with status {status}")]
    Status {
        /// The address, without its query.
        url: String,
        /// The status of the answer.
        status: u16,
    },
    /// A web page instead of a file.
    #[error(
        "{url} is a web page, not a file: open it in a browser to find the address of the file itself (a hub has \
         its files at /resolve/; a network or a site may ask to log in first)"
    )]
    Page {
        /// The address, without its query.
        url: String,
    },
    /// A successful response that is empty, or that only stands for the file.
    #[error("{url} {foreign}")]
    Foreign {
        /// The address, without its query.
        url: String,
        /// What came.
        foreign: String,
    },
    /// A response without the headers that every hub sends about a file.
    #[error(
        "{endpoint} does not answer like a model hub (header {header}): \
         check HF_ENDPOINT, and that no login page of a network answers instead"
    )]
    NotAHub {
        /// The hub that was asked.
        endpoint: String,
        /// The header that is missing or malformed.
        header: &'static str,
    },
    /// The transfer was interrupted, after all retries.
    #[error("the transfer of {location} broke off after {got} of {expected} bytes: run it again")]
    Truncated {
        /// The whole location.
        location: String,
        /// Bytes that arrived.
        got: u64,
        /// Bytes that were announced; "?" where none were.
        expected: String,
    },
    /// More bytes than announced.
    #[error("{location} is longer than the {expected} bytes announced; the file was deleted")]
    TooLong {
        /// The whole location.
        location: String,
        /// Bytes that were announced.
        expected: u64,
    },
    /// The bytes are not those that the hub announced.
    #[error(
        "{location} arrived damaged and was deleted: its {algorithm} is {actual}, \
         where the hub announced {expected}"
    )]
    WrongHash {
        /// The whole location.
        location: String,
        /// Name of the hash.
        algorithm: &'static str,
        /// What the hub announced.
        expected: String,
        /// What arrived.
        actual: String,
    },
    /// No room for the file.
    #[error(
        "the disk is full at {}: free some room, or name another folder in HF_HOME",
        path.display()
    )]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The cache cannot be read or written.
    #[error(
        "cannot use the cache at {}: check its permissions, or name another folder in HF_HOME",
        path.display()
    )]
    Cache {
        /// The file or folder at fault.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A setting from the environment that cannot be used.
    #[error("{name}: {problem}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
}

/// What the hub does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The repository, at least for this token.
    Repository,
    /// The branch, tag or commit.
    Revision,
    /// The file in it.
    File,
    /// One of these; the hub did not say which.
    Unknown,
}

impl fmt::Display for Absent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Repository => "repository (a private one needs the right HF_TOKEN)",
            Self::Revision => "revision",
            Self::File => "file",
            Self::Unknown => "file, revision or repository",
        })
    }
}

impl FetchError {
    /// A failure to use `path`.
    pub(super) fn on_disk(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, source }
            }
            _ => Self::Cache { path, source },
        }
    }

    /// Whether this one file is unavailable, so that another one may be used instead.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Gated { .. } | Self::NotFound { .. } | Self::Offline { .. }
        )
    }

    /// Whether the network is at fault, so that only local files are available.
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Connection { .. } | Self::Status { .. } | Self::Truncated { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let path = Path::new("/cache/blobs/abc.incomplete");
        let full = FetchError::on_disk(path, io::ErrorKind::StorageFull.into());
        assert!(matches!(full, FetchError::DiskFull { .. }), "{full:?}");
        assert!(full.to_string().contains("/cache/blobs/abc.incomplete"));
        let denied = FetchError::on_disk(path, io::ErrorKind::PermissionDenied.into());
        assert!(matches!(denied, FetchError::Cache { .. }), "{denied:?}");
        assert!(denied.to_string().contains("HF_HOME"));
    }
}
