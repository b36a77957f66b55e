//! Why a conversion is refused.

use std::path::PathBuf;

use filetype::Foreign;

/// A conversion that contradicts itself or its model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionProblem {
    /// Word times for a model whose heads are not known.
    #[error(
        "--word-times: the word heads of this model are not known: convert \
         without it, let `pocket-onnx heads` find them, and name them with --word-heads"
    )]
    NoWordHeads,
    /// The encoder is asked for, but the weights that it needs are gated.
    #[error("mimi_encoder needs the weights with voice cloning, which are not available")]
    NoEncoder,
    /// A file that is not a configuration.
    #[error("{path} {foreign}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        foreign: Foreign,
    },
    /// A file that is too long for a configuration.
    #[error("{path} has more than {largest} bytes, too many for a configuration")]
    LargeConfig {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        largest: u64,
    },
    /// The included model, in a program that was built without it.
    #[error(
        "the model starling is not part of this program: it was built without the feature `starling`"
    )]
    NoStarling,
    /// No temporary folder.
    #[error("cannot make a folder in {folder} (TMPDIR names another)")]
    Temporary {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
