//! Why a tokenizer file cannot be used.

/// Why a tokenizer file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Not JSON of the expected form.
    #[error("the file is not a tokenizer.json")]
    Json(#[from] serde_json::Error),
    /// A part that the file's library knows and this program does not.
    #[error("{part} {found} is not supported; {supported}")]
    Unsupported {
        /// Which part.
        part: &'static str,
        /// What it is.
        found: String,
        /// What could be there, in a clause.
        supported: &'static str,
    },
    /// Not a SentencePiece model.
    #[error("the file is not a SentencePiece model")]
    SentencePiece(#[from] prost::DecodeError),
    /// A JSON file under the name of a SentencePiece model.
    #[error(
        "the file looks like JSON, not like a SentencePiece model: a configuration with \
         `tokenizer: tokenizers` reads that"
    )]
    LooksLikeJson,
    /// Contents that contradict each other, for which the file's library refuses it too.
    #[error("{reason}")]
    Malformed {
        /// What is wrong, in one clause.
        reason: String,
    },
}

impl TokenizerError {
    /// A contradiction.
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed {
            reason: reason.into(),
        }
    }
}
