//! The model that the program brings: its files on disk, and a bundle of it where there is none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use config::Variant;
use onnx::Opset;
use server::{Models, ServeError};

use crate::args::{DEFAULT_BUNDLE, ModelArgs};
use crate::convert::Conversion;
use crate::output::note;
use crate::scratch::Scratch;

/// What people are told of it.
pub(crate) const DESCRIPTION: &str =
    "the small English model that this program brings, made for demonstration";

/// Files of the included model, unpacked.
pub(crate) struct Unpacked(Scratch);

impl Unpacked {
    /// Weights and tokenizer, in a folder that goes with this value.
    pub(crate) fn model() -> Result<Self> {
        let unpacked = Self(Scratch::new()?);
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

/// Whether `dir` is where bundles are looked for when none is named, and holds none.
pub(crate) fn is_missing(dir: &Path) -> bool {
    dir == Path::new(DEFAULT_BUNDLE)
        && matches!(
            Models::open(dir),
            Err(ServeError::NoBundle { .. } | ServeError::Read { .. })
        )
}

/// The folder of a bundle, and what it goes with if it is only here for now.
pub(crate) struct Chosen {
    pub(crate) bundle: PathBuf,
    pub(crate) scratch: Option<Scratch>,
}

/// `dir`, or where no bundle is there and none was named, one of the included model, which is told.
pub(crate) fn or_included(dir: &Path, quiet: bool) -> Result<Chosen> {
    if !is_missing(dir) {
        return Ok(Chosen {
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
    Ok(Chosen {
        bundle,
        scratch: Some(scratch),
    })
}

/// A bundle of the included model, in a folder of its name that goes with the value.
pub(crate) fn bundle() -> Result<(Scratch, PathBuf)> {
    let scratch = Scratch::new()?;
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
