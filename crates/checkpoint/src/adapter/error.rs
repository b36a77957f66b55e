//! What can be wrong with an adapter.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::{Misshapen, list};
use crate::hub::FetchError;
use crate::{LocationError, SafetensorsFile, WeightsError};

/// Why an adapter cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// The location cannot be understood.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// A file that could not be fetched.
    #[error("cannot fetch the adapter {location}")]
    Fetch {
        /// Where it should be.
        location: String,
        /// Why not.
        source: Box<FetchError>,
    },
    /// A file that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder without an adapter.
    #[error(
        "{} holds no adapter: there is no adapter_model.safetensors (peft), adapter.safetensors \
         (ownvoice) or finetuned_weights.safetensors (pocket-tts-finetune) in it",
        path.display()
    )]
    NoAdapter {
        /// The folder.
        path: PathBuf,
    },
    /// A folder with several.
    #[error("{} holds several adapters ({}): name the file of one", path.display(), names.join(", "))]
    Several {
        /// The folder.
        path: PathBuf,
        /// Files of tensors.
        names: Vec<&'static str>,
    },
    /// A pickle.
    #[error(
        "{location} is a pickle, which is not supported: save the adapter with peft's \
         save_pretrained(…, safe_serialization=True), which writes adapter_model.safetensors"
    )]
    Pickled {
        /// The file.
        location: String,
    },
    /// Tensors without the file that has rank and alpha.
    #[error(
        "{location} needs its settings in the same folder: {}",
        looked.join(", or ")
    )]
    NoSettings {
        /// The file of tensors.
        location: String,
        /// Names of files of settings.
        looked: Vec<&'static str>,
    },
    /// Damaged settings, or those of an adapter that is not plain LoRA.
    #[error("{} cannot be used: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, in one clause.
        reason: String,
    },
    /// The file of tensors.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A tensor that is not part of plain LoRA.
    #[error(
        "tensor `{tensor}` of {} is not part of a plain LoRA: merge the adapter with peft (merge_and_unload)",
        path.display()
    )]
    NotPlain {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// Factors of a weight that is not a matrix.
    #[error("tensor `{tensor}` of {} changes something other than a linear layer", path.display())]
    NotLinear {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// One factor without the other.
    #[error("tensor `{tensor}` of {} lacks its other half: lora_A and lora_B belong together", path.display())]
    Half {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// Two changes of one tensor.
    #[error("{} changes the tensor `{key}` of the model twice", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The tensor of the model.
        key: String,
    },
    /// The settings give another rank than the tensors have.
    #[error("tensor `{tensor}` of {} has rank {actual}, and the settings say {settings}", path.display())]
    Rank {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its rank.
        actual: usize,
        /// That of the settings.
        settings: usize,
    },
    /// No tensors.
    #[error("{} holds no tensors", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The adapter was trained on another model.
    #[error(transparent)]
    Mismatch(#[from] AdapterMismatch),
}

/// Tensors of an adapter that do not match the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct AdapterMismatch {
    /// The file.
    pub path: PathBuf,
    /// Tensors that change what the model does not have.
    pub unknown: Vec<String>,
    /// Tensors of another shape than the model's weight asks for.
    pub misshapen: Vec<Misshapen>,
}

impl AdapterMismatch {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            unknown: Vec::new(),
            misshapen: Vec::new(),
        }
    }

    /// Notes a tensor that is not of the expected shape.
    pub(super) fn compare(&mut self, file: &SafetensorsFile, name: &str, expected: &[usize]) {
        let actual = file.shape(name).unwrap_or_default();
        if actual != expected {
            self.misshapen.push(Misshapen {
                key: name.to_owned(),
                expected: expected.to_owned(),
                actual: actual.to_owned(),
            });
        }
    }

    pub(super) fn into_result(self) -> Result<(), AdapterError> {
        if self.unknown.is_empty() && self.misshapen.is_empty() {
            return Ok(());
        }
        Err(self.into())
    }
}

impl fmt::Display for AdapterMismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} was made for another model than the configuration describes",
            self.path.display()
        )?;
        list(out, "unused", &self.unknown, |out, name| {
            out.write_str(name)
        })?;
        list(
            out,
            "of another shape",
            &self.misshapen,
            |out,
             Misshapen {
                 key,
                 expected,
                 actual,
             }| { write!(out, "{key} is {actual:?} instead of {expected:?}") },
        )
    }
}
