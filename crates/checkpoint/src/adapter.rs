//! LoRA adapters, merged into their base weights while these are read: `W + scale * B A`. A merged
//! model takes no more memory than one without an adapter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::TensorSpec;

use crate::hub::{FetchProgress, Hub};
use crate::{Fetched, SafetensorsFile, TensorReader, Weights, WeightsError};

mod error;
mod find;
mod merge;
mod settings;

pub use error::{AdapterError, AdapterMismatch};

use merge::MergingReader;
use settings::{AdapterSettings, AdapterWriter};

/// Where an adapter's files are.
#[derive(Clone, Debug)]
pub struct AdapterFiles {
    /// The tensors.
    pub weights: Fetched,
    settings: PathBuf,
    writer: AdapterWriter,
}

impl AdapterFiles {
    /// Finds the adapter at `location`: its folder, or its file of tensors with the settings in
    /// the same folder.
    pub fn fetch(
        location: &str,
        hub: &Hub,
        progress: &dyn FetchProgress,
    ) -> Result<Self, AdapterError> {
        find::fetch(location, hub, progress)
    }
}

/// An adapter that fits a model.
#[derive(Debug)]
pub struct Adapter {
    file: SafetensorsFile,
    settings: AdapterSettings,
    /// By name of the tensor in the model.
    changes: BTreeMap<String, TensorChange>,
}

/// What an adapter does to a tensor of the model.
#[derive(Clone, Debug, Default)]
struct TensorChange {
    /// The shape in the model's table.
    shape: Vec<usize>,
    /// Name of the factor [rank, inputs].
    a: Option<String>,
    /// Name of the factor [outputs, rank].
    b: Option<String>,
    /// Name of the tensor that replaces the model's.
    whole: Option<String>,
}

/// The role of an adapter's tensor.
enum AdapterRole {
    A,
    B,
    Whole,
}

impl Adapter {
    /// Opens an adapter and compares all of its tensors with `tensors`, the table of the model.
    pub fn open(files: &AdapterFiles, tensors: &[TensorSpec]) -> Result<Self, AdapterError> {
        let settings = files.writer.read(&files.settings)?;
        let file = SafetensorsFile::open(&files.weights.path)?;
        let shapes: BTreeMap<&str, &[usize]> = (tensors.iter())
            .map(|tensor| (tensor.key.as_str(), tensor.shape.as_slice()))
            .collect();
        let mut changes: BTreeMap<String, TensorChange> = BTreeMap::new();
        let mut mismatch = AdapterMismatch::new(file.path());
        for name in file.names() {
            file.format(name)?;
            let (key, role) = role_of(file.path(), name)?;
            let Some(&shape) = shapes.get(key.as_str()) else {
                mismatch.unknown.push(name.clone());
                continue;
            };
            let change = changes.entry(key.clone()).or_insert_with(|| TensorChange {
                shape: shape.to_owned(),
                ..TensorChange::default()
            });
            let slot = match role {
                AdapterRole::A => &mut change.a,
                AdapterRole::B => &mut change.b,
                AdapterRole::Whole => &mut change.whole,
            };
            if slot.replace(name.clone()).is_some() {
                return Err(AdapterError::Twice {
                    path: file.path().to_owned(),
                    key,
                });
            }
        }
        mismatch.into_result()?;
        let adapter = Self {
            file,
            settings,
            changes,
        };
        adapter.check()?;
        Ok(adapter)
    }

    /// The model's weights, with the adapter merged.
    pub fn merge_into(self, base: Box<dyn Weights>) -> Adapted {
        Adapted {
            base,
            adapter: self,
        }
    }

    /// Refuses factors without their other half, and shapes that do not match.
    fn check(&self) -> Result<(), AdapterError> {
        let path = || self.file.path().to_owned();
        if self.changes.is_empty() {
            return Err(AdapterError::Empty { path: path() });
        }
        let rank = self.settings.rank;
        let mut mismatch = AdapterMismatch::new(self.file.path());
        for (key, change) in &self.changes {
            match (&change.a, &change.b, &change.whole) {
                (None, None, Some(whole)) => {
                    mismatch.compare(&self.file, whole, &change.shape);
                }
                (Some(a), Some(b), None) => {
                    let &[outputs, inputs] = change.shape.as_slice() else {
                        return Err(AdapterError::NotLinear {
                            path: path(),
                            tensor: a.clone(),
                        });
                    };
                    self.check_rank(a, b)?;
                    mismatch.compare(&self.file, a, &[rank, inputs]);
                    mismatch.compare(&self.file, b, &[outputs, rank]);
                }
                (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                    return Err(AdapterError::Twice {
                        path: path(),
                        key: key.clone(),
                    });
                }
                (Some(half), None, None) | (None, Some(half), None) => {
                    return Err(AdapterError::Half {
                        path: path(),
                        tensor: half.clone(),
                    });
                }
                // Every change has at least one of the three.
                (None, None, None) => {}
            }
        }
        mismatch.into_result()
    }

    /// Refuses factors whose rank differs from the settings, if the factors agree with each other.
    fn check_rank(&self, a: &str, b: &str) -> Result<(), AdapterError> {
        let rows = |name: &str, axis: usize| self.file.shape(name)?.get(axis).copied();
        match (rows(a, 0), rows(b, 1)) {
            (Some(actual), Some(other)) if actual == other && actual != self.settings.rank => {
                Err(AdapterError::Rank {
                    path: self.file.path().to_owned(),
                    tensor: a.to_owned(),
                    actual,
                    settings: self.settings.rank,
                })
            }
            _ => Ok(()),
        }
    }

    /// All values of one of its tensors.
    fn values(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let tensor = self.file.tensor(name)?;
        let mut values = vec![0.0; tensor.len()];
        tensor.widen(0, &mut values)?;
        Ok(values)
    }
}

/// Weights with an adapter merged into them.
pub struct Adapted {
    base: Box<dyn Weights>,
    adapter: Adapter,
}

impl Weights for Adapted {
    fn open(&self, key: &str) -> Result<Box<dyn TensorReader + '_>, WeightsError> {
        let Some(change) = self.adapter.changes.get(key) else {
            return self.base.open(key);
        };
        if let Some(whole) = &change.whole {
            return Ok(Box::new(self.adapter.file.tensor(whole)?.reader()));
        }
        let base = self.base.open(key)?;
        let (Some(a), Some(b)) = (&change.a, &change.b) else {
            return Ok(base);
        };
        Ok(Box::new(MergingReader::new(
            base,
            self.adapter.values(a)?,
            self.adapter.values(b)?,
            self.adapter.settings,
            merge::MergedTensor {
                path: self.adapter.file.path(),
                key: key.to_owned(),
            },
        )))
    }
}

/// The tensor of the model that a tensor of the adapter belongs to, and its role. Names are those
/// of PEFT (`base_model.model.<module>.lora_A.weight`), which contain the adapter's own name if a
/// whole state dictionary was saved, or `<module>.lora_A`.
fn role_of(path: &Path, name: &str) -> Result<(String, AdapterRole), AdapterError> {
    let plain = name.strip_prefix("base_model.model.").unwrap_or(name);
    let factors = [
        (".lora_A.weight", AdapterRole::A),
        (".lora_A.default.weight", AdapterRole::A),
        (".lora_A", AdapterRole::A),
        (".lora_B.weight", AdapterRole::B),
        (".lora_B.default.weight", AdapterRole::B),
        (".lora_B", AdapterRole::B),
    ];
    for (ending, role) in factors {
        if let Some(module) = plain.strip_suffix(ending) {
            return Ok((model_key(&format!("{module}.weight")), role));
        }
    }
    if plain.contains("lora_") {
        return Err(AdapterError::NotPlain {
            path: path.to_owned(),
            tensor: name.to_owned(),
        });
    }
    let saved = plain
        .replace(".modules_to_save.default.", ".")
        .replace(".modules_to_save.", ".");
    Ok((model_key(&saved), AdapterRole::Whole))
}

/// Adapters are trained on the backbone alone, where names have no prefix for it.
fn model_key(name: &str) -> String {
    if name.starts_with("flow_lm.") || name.starts_with("mimi.") {
        name.to_owned()
    } else {
        format!("flow_lm.{name}")
    }
}
