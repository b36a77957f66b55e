//! The files of the included model on disk, where a conversion reads them as any other's.

use std::path::PathBuf;

use crate::Result;
#[cfg(feature = "starling")]
use crate::scratch::ScratchFolder;

/// Weights and tokenizer, in a folder that is deleted with this value.
#[cfg(feature = "starling")]
pub(super) struct Unpacked(ScratchFolder);

#[cfg(feature = "starling")]
impl Unpacked {
    pub(super) fn model() -> Result<Self> {
        use crate::error::About as _;

        let unpacked = Self(ScratchFolder::new()?);
        let files = [
            (unpacked.weights(), starling::WEIGHTS),
            (unpacked.tokenizer(), starling::TOKENIZER),
        ];
        for (path, content) in files {
            std::fs::write(&path, content).about(|| format!("cannot write {}", path.display()))?;
        }
        Ok(unpacked)
    }

    pub(super) fn weights(&self) -> PathBuf {
        self.0.path().join("model.safetensors")
    }

    pub(super) fn tokenizer(&self) -> PathBuf {
        self.0.path().join("tokenizer.model")
    }
}

/// Never there.
#[cfg(not(feature = "starling"))]
pub(super) enum Unpacked {}

#[cfg(not(feature = "starling"))]
impl Unpacked {
    pub(super) fn model() -> Result<Self> {
        Err(super::ConversionProblem::NoStarling.into())
    }

    pub(super) fn weights(&self) -> PathBuf {
        match *self {}
    }

    pub(super) fn tokenizer(&self) -> PathBuf {
        match *self {}
    }
}
