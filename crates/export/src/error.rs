//! What can go wrong between a checkpoint and its bundle.

use std::io;
use std::path::PathBuf;

use checkpoint::WeightsError;
use onnx::GraphError;

/// Why a bundle was not written. The old one, if there was one, is whole.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A graph cannot be built.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The caller's own part of the bundle, such as its voices, failed.
    #[error(transparent)]
    Completion(Box<dyn std::error::Error + Send + Sync>),
    /// A tensor has fewer or more values than its shape says.
    #[error("{component}: {reason}")]
    Count {
        /// The component it belongs to.
        component: &'static str,
        /// Which tensor, and how many.
        reason: String,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The manifest cannot be serialised.
    #[error("cannot write the manifest")]
    Manifest(#[from] serde_json::Error),
    /// The output folder holds files of somebody else.
    #[error(
        "{path} holds files that are not a bundle's ({names}): choose an empty folder, or one that holds a bundle",
        names = names.join(", ")
    )]
    Occupied {
        /// The output folder.
        path: PathBuf,
        /// Some of the files.
        names: Vec<String>,
    },
    /// The bundle is whole, but could not take its place.
    #[error("the finished bundle is kept in {kept}, until the next conversion")]
    Kept {
        /// Where it is.
        kept: PathBuf,
        /// Why.
        source: Box<ExportError>,
    },
    /// Another conversion writes to the same folder.
    #[error("another conversion is writing {path}: wait for it, or choose another folder")]
    Busy {
        /// The output folder.
        path: PathBuf,
    },
    /// The observer of the progress asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The output is a file, or a folder without a name.
    #[error("{path} cannot be an output folder")]
    NotAFolder {
        /// What was given.
        path: PathBuf,
    },
}

impl ExportError {
    /// Turns a failure to write `path` into an [`ExportError`].
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}
