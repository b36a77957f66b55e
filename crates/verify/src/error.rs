//! Why a bundle cannot be judged at all, and how errors become text.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use bundle::ManifestError;

/// Why there is no report. A damaged bundle has one: its findings.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no manifest to start from.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The records are not there.
    #[error("cannot read the records in {path}")]
    ReferenceOutputs {
        /// Their folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder of records holds none.
    #[error("no records in {path}: expected one or more of {}", .expected.join(", "))]
    NoReferenceOutputs {
        /// The folder.
        path: PathBuf,
        /// Names of the files that records consist of.
        expected: Vec<String>,
    },
    /// Nothing can run the graphs.
    #[error("no backend to run the graphs with")]
    NoBackend,
}

/// The error and its causes on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    // Backends like to answer in several lines.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
