//! A bundle of the included model.

use std::path::{Path, PathBuf};

use config::Variant;

use crate::Result;
use crate::convert::{Conversion, ModelSource};
use crate::scratch::ScratchFolder;

/// A bundle of starling, in a temporary folder that is deleted with this value. Making it takes a
/// fraction of a second.
#[derive(Debug)]
pub struct IncludedBundle {
    dir: PathBuf,
    scratch: ScratchFolder,
}

impl IncludedBundle {
    /// Makes the bundle.
    pub fn new() -> Result<Self> {
        let scratch = ScratchFolder::new()?;
        let dir = scratch.path().join(Variant::INCLUDED);
        Conversion::new(ModelSource::variant(Variant::INCLUDED)).write(&dir)?;
        Ok(Self { dir, scratch })
    }

    /// Its folder, which has the model's name.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// The folder's owner.
    pub(crate) fn into_scratch(self) -> ScratchFolder {
        self.scratch
    }
}
