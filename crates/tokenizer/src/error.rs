//! Why a tokenizer file cannot be used.

/// Why a tokenizer file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Not JSON of the expected structure.
    #[error("the file is not a tokenizer.json")]
    Json(#[from] serde_json::Error),
    /// A part that the file's library supports and this program does not.
    #[error("{part} {found} is not supported; {supported}")]
    Unsupported {
        /// Which part.
        part: &'static str,
        /// What it is.
        found: String,
        /// What is supported, as a clause.
        supported: &'static str,
    },
    /// Not a SentencePiece model.
    #[error("the file is not a SentencePiece model")]
    SentencePiece(#[from] prost::DecodeError),
    /// A JSON file that is read as a SentencePiece model.
    #[error(
        "the file looks like JSON, not like a SentencePiece model: a configuration with \
         `tokenizer: tokenizers` reads that"
    )]
    LooksLikeJson,
    /// Inconsistent content, which the file's library refuses too.
    #[error("{reason}")]
    Malformed {
        /// What is wrong, in one clause.
        reason: String,
    },
}

impl TokenizerError {
    /// Makes an error for inconsistent content.
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed {
            reason: reason.into(),
        }
    }
}
