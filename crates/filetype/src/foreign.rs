//! A file of another type than the reader expects.

use std::fmt;

use crate::{Expected, FileType};

/// A file that is not what its reader expects. The message follows the file's name:
/// `is a web page (HTML), not a recording: ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What the file is.
    pub found: FileType,
    /// What the reader expects.
    pub expected: Expected,
}

/// Compares the beginning of a file ([`FileType::HEAD`] bytes, or all there are) with what its
/// reader expects. `None` if it may be the right file.
pub fn foreign(head: &[u8], expected: Expected) -> Option<Foreign> {
    Foreign::of(FileType::of(head), expected)
}

impl Foreign {
    /// An error if a file of type `found` cannot be what is expected.
    pub fn of(found: FileType, expected: Expected) -> Option<Self> {
        (!expected.accepts(&found)).then_some(Self { found, expected })
    }

    /// What the user can do.
    fn way_out(&self) -> Option<&'static str> {
        Some(match (&self.found, self.expected) {
            (FileType::Empty, _) => "fetch or copy it again",
            (FileType::Folder, _) => "give a file in it",
            (FileType::Pipe, _) => "it cannot be read twice: save it to a file first",
            (FileType::Html, _) => {
                "the address that it was downloaded from shows a page: on a model hub, a page with \
                 /blob/ in its address has the file at /resolve/, and a file behind a login has to be \
                 fetched by hand"
            }
            (FileType::LfsPointer, _) => {
                "fetch the real file with `git lfs pull`, or download it directly"
            }
            (FileType::SafetensorsIndex, Expected::Weights) => {
                "pocket-tts keeps its weights in one file: join the parts that the index names"
            }
            (FileType::TorchArchive | FileType::Pickle, Expected::Weights | Expected::Voice) => {
                "save its tensors with `safetensors.torch.save_file` first"
            }
            (FileType::Archive(_), _) => "unpack it, and give the file that was in it",
            (FileType::Audio(_) | FileType::Video(_), Expected::Voice) => {
                "make a voice from the recording first: `pocket-onnx voice export`, or `cloneVoice` in a page"
            }
            (FileType::Safetensors, Expected::Recording) => {
                "it holds a voice or weights, not sound: give it where a voice is expected"
            }
            (FileType::OtherModel(_), Expected::Weights) => {
                "give the safetensors file that it was made from"
            }
            (FileType::Text, Expected::TokenizerJson) => {
                "a SentencePiece tokenizer must end in .model"
            }
            (FileType::Json, Expected::SentencePiece) => {
                "a Hugging Face tokenizer must end in .json"
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
