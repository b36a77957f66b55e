//! Files of `torch.save`: training checkpoints, read tensor by tensor.
//!
//! Counterpart of `get_training_checkpoint_state_dicts` in pocket-tts `utils/weights_loading.py`.
//! The trainer saves `{"step", "model", "ema"}`: `model` has the whole backbone, and `ema` the
//! moving averages of its trained tensors, which replace them. The codec is not trained and
//! therefore not included.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use pytorch_reader::{DType, PytorchReader, Tensor};
use zip::ZipArchive;

use crate::WeightsError;
use crate::safetensors::{Float, FloatTensor};

mod pickle;

/// How a file of `torch.save` begins since PyTorch 1.6.
pub(crate) const MAGIC: &[u8] = b"PK\x03\x04";

/// Largest pickle that is read. That of a training checkpoint has 200 bytes per tensor.
const LARGEST_PICKLE: u64 = 16 << 20;

/// Most entries that an archive may have. A training checkpoint has one for each tensor.
const MOST_ENTRIES: usize = 100_000;

/// Names that a message lists.
const LISTED_NAMES: usize = 3;

/// A training checkpoint.
#[derive(Debug)]
pub(crate) struct PytorchFile {
    path: PathBuf,
    /// By their names in the published checkpoint.
    tensors: BTreeMap<String, Tensor>,
    names: Vec<String>,
}

impl PytorchFile {
    /// Reads the list of tensors, and refuses a pickle that asks for anything else.
    pub(crate) fn open(path: &Path) -> Result<Self, WeightsError> {
        let refused = |reason: String| WeightsError::Pytorch {
            path: path.to_owned(),
            reason,
        };
        for pickle in pickles(path)? {
            pickle::check(&pickle).map_err(|reason| WeightsError::PickleProgram {
                path: path.to_owned(),
                reason: reason.to_string(),
            })?;
        }
        let reader = PytorchReader::new(path).map_err(|error| refused(error.to_string()))?;
        let tensors = model(reader.into_tensors()).map_err(|reason| WeightsError::NoModel {
            path: path.to_owned(),
            reason,
        })?;
        Ok(Self {
            path: path.to_owned(),
            names: tensors.keys().cloned().collect(),
            tensors,
        })
    }

    /// Path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The tensors' names in the published checkpoint.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The shape of a tensor; `None` when the file has no such tensor.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(Tensor::shape)
    }

    /// How a tensor's values are stored.
    pub(crate) fn format(&self, name: &str) -> Result<Float, WeightsError> {
        let (name, tensor) = self.find(name)?;
        let dtype = match tensor.dtype() {
            DType::F32 => return Ok(Float::F32),
            DType::F16 => return Ok(Float::F16),
            DType::BF16 => return Ok(Float::Bf16),
            DType::F64
            | DType::I64
            | DType::I32
            | DType::I16
            | DType::I8
            | DType::U64
            | DType::U32
            | DType::U16
            | DType::U8
            | DType::Bool => tensor.dtype(),
        };
        Err(WeightsError::Dtype {
            path: self.path.clone(),
            key: name.to_owned(),
            dtype: format!("{dtype:?}").to_uppercase(),
        })
    }

    /// Reads the values of one tensor into memory.
    pub(crate) fn tensor(&self, name: &str) -> Result<FloatTensor<'_>, WeightsError> {
        let format = self.format(name)?;
        let (name, tensor) = self.find(name)?;
        let bytes = tensor.read().map_err(|source| WeightsError::Io {
            path: self.path.clone(),
            source,
        })?;
        Ok(FloatTensor {
            path: &self.path,
            name,
            shape: tensor.shape(),
            format,
            bytes: Cow::Owned(bytes),
        })
    }

    fn find(&self, name: &str) -> Result<(&str, &Tensor), WeightsError> {
        let found = self.tensors.get_key_value(name);
        let (name, tensor) = found.ok_or_else(|| WeightsError::UnknownTensor {
            key: name.to_owned(),
        })?;
        Ok((name, tensor))
    }
}

/// The pickles of an archive. `torch.save` writes one.
fn pickles(path: &Path) -> Result<Vec<Vec<u8>>, WeightsError> {
    let refused = |reason: String| WeightsError::Pytorch {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(|source| WeightsError::Io {
        path: path.to_owned(),
        source,
    })?;
    let archive = ZipArchive::new(BufReader::new(file));
    let mut archive = archive.map_err(|error| refused(error.to_string()))?;
    if archive.len() > MOST_ENTRIES {
        return Err(refused(format!(
            "it has {} entries, and {MOST_ENTRIES} is the limit",
            archive.len()
        )));
    }
    let mut pickles = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index);
        let entry = entry.map_err(|error| refused(error.to_string()))?;
        if !entry.name().is_ok_and(|name| name.ends_with("data.pkl")) {
            continue;
        }
        let mut pickle = Vec::new();
        // A packed entry may be longer than declared: what is read counts.
        let mut limited = entry.take(LARGEST_PICKLE + 1);
        let read = limited.read_to_end(&mut pickle);
        read.map_err(|error| refused(format!("its pickle cannot be read: {error}")))?;
        if pickle.len() as u64 > LARGEST_PICKLE {
            return Err(refused(format!(
                "its pickle has more than {LARGEST_PICKLE} bytes, which no list of tensors needs"
            )));
        }
        pickles.push(pickle);
    }
    if pickles.is_empty() {
        return Err(refused(
            "it is an archive without data.pkl, which torch.save writes".to_owned(),
        ));
    }
    Ok(pickles)
}

/// The tensors of the model, by their names in the published checkpoint, or why there are none.
fn model(
    tensors: impl IntoIterator<Item = (String, Tensor)>,
) -> Result<BTreeMap<String, Tensor>, String> {
    let of_model = |name: &str| ["flow_lm.", "mimi."].iter().any(|it| name.starts_with(it));
    let (mut trained, mut averages, mut bare) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut voices = BTreeMap::new();
    let mut others = Vec::new();
    for (name, tensor) in tensors {
        if let Some(name) = name.strip_prefix("model.").filter(|name| of_model(name)) {
            trained.insert(name.to_owned(), tensor);
        } else if let Some(name) = name.strip_prefix("ema.").filter(|name| of_model(name)) {
            averages.insert(name.to_owned(), tensor);
        } else if of_model(&name) {
            bare.insert(name, tensor);
        } else if name.starts_with("voice_prompts.") {
            voices.insert(name, tensor);
        } else {
            others.push(name);
        }
    }
    if trained.is_empty() {
        // A state dictionary that was saved as it is.
        trained = bare;
        averages.clear();
    }
    if !trained.keys().any(|name| name.starts_with("flow_lm.")) {
        others.sort_unstable();
        return Err(without_model(&others));
    }
    trained.extend(averages);
    trained.extend(voices);
    Ok(trained)
}

/// What a file without a model contains instead.
fn without_model(names: &[String]) -> String {
    if names.iter().any(|name| name.starts_with("optimizer.")) {
        return "holds the state of an optimizer: name the checkpoint_….pt of the same step"
            .to_owned();
    }
    if names.is_empty() {
        return "holds no tensors".to_owned();
    }
    let shown: Vec<_> = names
        .iter()
        .take(LISTED_NAMES)
        .map(String::as_str)
        .collect();
    let shown = shown.join(", ");
    let holds = match names.len().saturating_sub(LISTED_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    };
    format!(
        "holds no tensors flow_lm.… under `model`, where a training checkpoint has them, but {holds}"
    )
}
