//! The included model: its files on disk, and a bundle of it if there is no other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use config::Variant;
use onnx::Opset;
use server::{Models, ServeError};

use crate::args::{DEFAULT_BUNDLE, ModelArgs};
use crate::convert::Conversion;
use crate::output::note;
use crate::scratch::ScratchFolder;

/// Its description for users.
pub(crate) const DESCRIPTION: &str =
    "the small English model that is included in this program, for demonstration";

/// Files of the included model, unpacked.
pub(crate) struct Unpacked(ScratchFolder);

impl Unpacked {
    /// Weights and tokenizer, in a folder that is deleted with this value.
    pub(crate) fn model() -> Result<Self> {
        let unpacked = Self(ScratchFolder::new()?);
        write(&unpacked.weights(), starling::WEIGHTS)?;
        write(&unpacked.tokenizer(), starling::TOKENIZER)?;
        Ok(unpacked)
    }

    pub(crate) fn weights(&self) -> PathBuf {
        self.0.path().join("model.safetensors")
    }

    pub(crate) fn tokenizer(&self) -> PathBuf {
        self.0.path().join("tokenizer.model")
    }
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Whether `dir` is the default folder, and has no bundle.
pub(crate) fn is_missing(dir: &Path) -> bool {
    dir == Path::new(DEFAULT_BUNDLE)
        && matches!(
            Models::open(dir),
            Err(ServeError::NoBundle { .. } | ServeError::Read { .. })
        )
}

/// The folder of a bundle, and the owner of that folder if it is temporary.
pub(crate) struct BundleFolder {
    pub(crate) bundle: PathBuf,
    pub(crate) scratch: Option<ScratchFolder>,
}

/// `dir`, or if that is the default and has no bundle, one of the included model, with a notice.
pub(crate) fn or_included(dir: &Path, quiet: bool) -> Result<BundleFolder> {
    if !is_missing(dir) {
        return Ok(BundleFolder {
            bundle: dir.to_owned(),
            scratch: None,
        });
    }
    if !quiet {
        note(&format!(
            "notice: there is no bundle in {}: this is {}, {DESCRIPTION}; `pocket-onnx convert` makes a \
             bundle of Kyutai's models, which speak far better",
            dir.display(),
            Variant::INCLUDED,
        ));
    }
    let (scratch, bundle) = bundle()?;
    Ok(BundleFolder {
        bundle,
        scratch: Some(scratch),
    })
}

/// A bundle of the included model, in a folder of its name that is deleted with the value.
pub(crate) fn bundle() -> Result<(ScratchFolder, PathBuf)> {
    let scratch = ScratchFolder::new()?;
    let dir = scratch.path().join(Variant::INCLUDED);
    let model = ModelArgs {
        variant: Some(Variant::INCLUDED.to_owned()),
        ..ModelArgs::default()
    };
    let conversion = Conversion {
        model: &model,
        output: &dir,
        opset: Opset::MIN,
        components: &[],
        dtype: &[],
        voices: &[],
        word_heads: &[],
        word_times: false,
        quiet: true,
    };
    conversion.run()?;
    Ok((scratch, dir))
}
