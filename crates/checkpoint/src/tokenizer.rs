//! Tokenizer files: their kind, number of pieces, and bytes. Each is parsed in the same way as for
//! speaking, so that no vocabulary is converted that cannot be used.
//!
//! The program includes one vocabulary of 4,000 pieces, in both kinds and with the same ids, for
//! models that are made from a seed.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use filetype::{Expected, FileType, Foreign, foreign};

use tokenizer::Tokenizer;

/// Largest file that is read: a hundred times what a vocabulary of 10,000 pieces needs.
const LARGEST_TOKENIZER: u64 = 64 << 20;

/// The library that a tokenizer file is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenizerKind {
    /// Hugging Face's `tokenizers`: a `tokenizer.json`.
    Json,
    /// SentencePiece: a `tokenizer.model`.
    SentencePiece,
}

impl TokenizerKind {
    /// Counterpart of the choice in `build_tokenizer` in pocket-tts: the configuration's
    /// `tokenizer` field decides, or else the ending of the location before any `@revision`.
    pub fn resolve(tokenizer: &str, location: &str) -> Self {
        let location = location.split('@').next().unwrap_or_default();
        // As strict as upstream: `.JSON` does not match.
        let named_json = location.as_bytes().ends_with(b".json");
        if matches!(tokenizer, "tokenizers" | "json") || named_json {
            Self::Json
        } else {
            Self::SentencePiece
        }
    }

    /// The kind that a file's content suggests, if it is one of the two: its name may suggest
    /// another.
    fn of_content(bytes: &[u8]) -> Option<Self> {
        match FileType::of(bytes) {
            FileType::Json => Some(Self::Json),
            // The first field of a model is a list of pieces.
            FileType::Unknown if bytes.first() == Some(&0x0a) => Some(Self::SentencePiece),
            _ => None,
        }
    }

    /// What the file is called in a bundle.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Json => "tokenizer.json",
            Self::SentencePiece => "tokenizer.model",
        }
    }

    fn read(self, file: &[u8]) -> Result<Tokenizer, tokenizer::TokenizerError> {
        match self {
            Self::Json => Tokenizer::from_json(file),
            Self::SentencePiece => Tokenizer::from_sentencepiece(file),
        }
    }

    fn expected(self) -> Expected {
        match self {
            Self::Json => Expected::TokenizerJson,
            Self::SentencePiece => Expected::SentencePiece,
        }
    }

    fn called(self) -> &'static str {
        match self {
            Self::Json => "a tokenizer.json",
            Self::SentencePiece => "a SentencePiece model",
        }
    }
}

/// A tokenizer file that was read and is valid.
#[derive(Clone, Debug)]
pub struct TokenizerFile {
    path: PathBuf,
    kind: TokenizerKind,
    bytes: Cow<'static, [u8]>,
    vocab_size: usize,
}

/// Why a tokenizer file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerFileError {
    /// The operating system refuses the file.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not a tokenizer file.
    #[error("{} {foreign}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        foreign: Foreign,
    },
    /// Far larger than any vocabulary.
    #[error("{} has more than {LARGEST_TOKENIZER} bytes, too many for a tokenizer", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not a tokenizer of the requested kind, or an unusable one.
    #[error(
        "{} cannot be used as {}: give another tokenizer.json or tokenizer.model of the same \
         vocabulary with --tokenizer",
        path.display(),
        kind.called()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What it was read as.
        kind: TokenizerKind,
        /// Why not.
        source: tokenizer::TokenizerError,
    },
    /// Not the vocabulary that the model was trained with.
    #[error(
        "{} has {vocab_size} pieces, and the configuration says {n_bins} (`n_bins`)",
        path.display()
    )]
    VocabSize {
        /// The file.
        path: PathBuf,
        /// Pieces of the file.
        vocab_size: usize,
        /// Pieces of the configuration.
        n_bins: usize,
    },
}

impl TokenizerFile {
    /// Reads a file as this kind, unless its content is clearly of the other.
    pub fn read(path: &Path, kind: TokenizerKind) -> Result<Self, TokenizerFileError> {
        let path = path.to_owned();
        let bytes = match read(&path) {
            Ok(ReadFile::Bytes(bytes)) => bytes,
            Ok(ReadFile::Foreign(found)) => {
                let expected = kind.expected();
                let foreign = Foreign { found, expected };
                return Err(TokenizerFileError::Foreign { path, foreign });
            }
            Ok(ReadFile::TooLarge) => return Err(TokenizerFileError::TooLarge { path }),
            Err(source) => return Err(TokenizerFileError::Io { path, source }),
        };
        let kind = TokenizerKind::of_content(&bytes).unwrap_or(kind);
        if let Some(foreign) = foreign(&bytes, kind.expected()) {
            return Err(TokenizerFileError::Foreign { path, foreign });
        }
        Self::new(path, kind, bytes.into())
    }

    /// The vocabulary that ships with the program: 4,000 pieces.
    pub fn shipped(kind: TokenizerKind) -> Result<Self, TokenizerFileError> {
        let bytes: &'static [u8] = match kind {
            TokenizerKind::Json => include_bytes!("../assets/tokenizer.json"),
            TokenizerKind::SentencePiece => include_bytes!("../assets/tokenizer.model"),
        };
        Self::new(kind.file_name().into(), kind, bytes.into())
    }

    fn new(
        path: PathBuf,
        kind: TokenizerKind,
        bytes: Cow<'static, [u8]>,
    ) -> Result<Self, TokenizerFileError> {
        match kind.read(&bytes) {
            Ok(tokenizer) => Ok(Self {
                vocab_size: tokenizer.vocab_size(),
                path,
                kind,
                bytes,
            }),
            Err(source) => Err(TokenizerFileError::Unusable { path, kind, source }),
        }
    }

    /// Refuses a vocabulary that does not have `n_bins` pieces, the size of the text table that the
    /// model was trained with.
    pub fn check(&self, n_bins: usize) -> Result<(), TokenizerFileError> {
        if self.vocab_size == n_bins {
            return Ok(());
        }
        Err(TokenizerFileError::VocabSize {
            path: self.path.clone(),
            vocab_size: self.vocab_size,
            n_bins,
        })
    }

    /// The library that the file is made for.
    pub fn kind(&self) -> TokenizerKind {
        self.kind
    }

    /// The vocabulary, to tokenize with.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Unusable`], which reading the file ruled out.
    pub fn tokenizer(&self) -> Result<Tokenizer, TokenizerFileError> {
        let unusable = |source| TokenizerFileError::Unusable {
            path: self.path.clone(),
            kind: self.kind,
            source,
        };
        self.kind.read(&self.bytes).map_err(unusable)
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Pieces, as the file's library counts them.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }
}

enum ReadFile {
    Bytes(Vec<u8>),
    Foreign(FileType),
    TooLarge,
}

fn read(path: &Path) -> io::Result<ReadFile> {
    // Asked before opening: opening a pipe would wait for its writer.
    let status = fs::metadata(path)?;
    if let Some(special) = FileType::of_metadata(&status) {
        return Ok(ReadFile::Foreign(special));
    }
    if status.len() > LARGEST_TOKENIZER {
        return Ok(ReadFile::TooLarge);
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST_TOKENIZER + 1)
        .read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > LARGEST_TOKENIZER {
        ReadFile::TooLarge
    } else {
        ReadFile::Bytes(bytes)
    })
}

#[cfg(test)]
mod tests;
