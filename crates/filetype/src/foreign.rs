//! A file of another type than the reader needs.

use std::fmt;

use crate::{Expected, FileType};

/// A file that is something else than its reader needs. Its text follows the file's name:
/// `is a web page (HTML), not a recording: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What the file is.
    pub found: FileType,
    /// What the reader needs.
    pub expected: Expected,
}

/// Compares the beginning of a file ([`FileType::HEAD`] bytes, or all that there are) with what
/// its reader needs. Nothing is said of a file that may be the right one.
pub fn foreign(head: &[u8], expected: Expected) -> Option<Foreign> {
    Foreign::of(FileType::of(head), expected)
}

impl Foreign {
    /// An error where a file of type `found` cannot be what is expected.
    pub fn of(found: FileType, expected: Expected) -> Option<Self> {
        (!expected.accepts(&found)).then_some(Self { found, expected })
    }

    /// What the user can do.
    fn way_out(&self) -> Option<&'static str> {
        Some(match (&self.found, self.expected) {
            (FileType::Empty, _) => "fetch or copy it again",
            (FileType::Folder, _) => "name a file in it",
            (FileType::Pipe, _) => "it cannot be read twice: save it to a file first",
            (FileType::Html, _) => {
                "where it was downloaded, the address led to a page: a page of a model hub with /blob/ in its address \
                 has the file at /resolve/, and a file behind a login has to be fetched by hand"
            }
            (FileType::LfsPointer, _) => {
                "fetch the file that it stands for with `git lfs pull`, or download it by itself"
            }
            (FileType::SafetensorsIndex, Expected::Weights) => {
                "pocket-tts keeps its weights in one file: join the parts that the index names"
            }
            (FileType::TorchArchive | FileType::Pickle, Expected::Weights | Expected::Voice) => {
                "save its tensors with `safetensors.torch.save_file` first"
            }
            (FileType::Archive(_), _) => "unpack it, and name the file that was in it",
            (FileType::Audio(_) | FileType::Video(_), Expected::Voice) => {
                "`pocket-onnx voice export` makes a voice file of a recording (`cloneVoice` in a page)"
            }
            (FileType::Safetensors, Expected::Recording) => {
                "voice files end in .safetensors, which tells them from recordings"
            }
            (FileType::OtherModel(_), Expected::Weights) => {
                "give the safetensors file that it was made from"
            }
            (FileType::Text, Expected::TokenizerJson) => {
                "a tokenizer for sentencepiece ends in .model"
            }
            (FileType::Json, Expected::SentencePiece) => {
                "a tokenizer of the library tokenizers ends in .json"
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, expected } = self;
        match found {
            FileType::Empty => write!(out, "is empty, where {expected} was expected")?,
            _ => write!(out, "is {found}, not {expected}")?,
        }
        match self.way_out() {
            Some(way) => write!(out, ": {way}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Foreign {}
