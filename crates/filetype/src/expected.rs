//! What a reader expects.

use std::fmt;

use crate::FileType;

/// The kind of file that a reader expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A voice file of pocket-tts, in the safetensors format.
    Voice,
    /// A recording to make a voice from.
    Recording,
    /// The weights of a model.
    Weights,
    /// A configuration in YAML.
    Configuration,
    /// A `tokenizer.json`.
    TokenizerJson,
    /// A SentencePiece model.
    SentencePiece,
    /// The `manifest.json` of a bundle.
    Manifest,
}

impl Expected {
    /// Whether a file of this type may be what the reader expects.
    pub(crate) fn accepts(self, found: &FileType) -> bool {
        match found {
            FileType::Unknown => true,
            FileType::Safetensors => matches!(self, Self::Voice | Self::Weights),
            // A SentencePiece model has no signature, and its pieces may look like plain text.
            FileType::Text => matches!(self, Self::Configuration | Self::SentencePiece),
            FileType::Json => matches!(
                self,
                Self::Configuration | Self::TokenizerJson | Self::Manifest
            ),
            FileType::Audio(_) | FileType::Video(_) => self == Self::Recording,
            FileType::Empty
            | FileType::Folder
            | FileType::Pipe
            | FileType::Device
            | FileType::Html
            | FileType::LfsPointer
            | FileType::SafetensorsIndex
            | FileType::TorchArchive
            | FileType::Pickle
            | FileType::Archive(_)
            | FileType::Image(_)
            | FileType::Document(_)
            | FileType::OtherModel(_)
            | FileType::Program => false,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Voice => "a voice file (safetensors)",
            Self::Recording => "a recording",
            Self::Weights => "weights (safetensors)",
            Self::Configuration => "a configuration (YAML)",
            Self::TokenizerJson => "a tokenizer.json",
            Self::SentencePiece => "a SentencePiece model",
            Self::Manifest => "the manifest of a bundle",
        })
    }
}
