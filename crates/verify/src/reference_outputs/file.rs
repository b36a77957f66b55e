//! One file of records: tensors by name.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use runtime::RuntimeError;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use tensor::Tensor;

/// The tensors of one file. Those that are neither f32 nor i64 are left out.
#[derive(Debug)]
pub(crate) struct ReferenceFile {
    name: &'static str,
    tensors: BTreeMap<String, Tensor>,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReferenceFileError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        file: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// The file is no safetensors file.
    #[error("{file} is not a safetensors file")]
    Malformed {
        file: &'static str,
        source: safetensors::SafeTensorError,
    },
    /// A tensor is not there.
    #[error("{file} has no tensor {tensor}")]
    Missing { file: &'static str, tensor: String },
    /// A tensor is not as pocket-tts writes it.
    #[error("{file}: {tensor} {problem}")]
    Misshapen {
        file: &'static str,
        tensor: String,
        problem: String,
    },
}

impl ReferenceFileError {
    /// Name of the file.
    pub(crate) fn file(&self) -> &'static str {
        match self {
            Self::Read { file, .. }
            | Self::Malformed { file, .. }
            | Self::Missing { file, .. }
            | Self::Misshapen { file, .. } => file,
        }
    }
}

impl ReferenceFile {
    /// Reads the file `name` of the folder `dir`; `None` where there is none.
    pub(crate) fn open(dir: &Path, name: &'static str) -> Result<Option<Self>, ReferenceFileError> {
        let path = dir.join(name);
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(ReferenceFileError::Read {
                    file: name,
                    path,
                    source,
                });
            }
        };
        let malformed = |source| ReferenceFileError::Malformed { file: name, source };
        let file = SafeTensors::deserialize(&bytes).map_err(malformed)?;
        let mut tensors = BTreeMap::new();
        for (key, view) in file.tensors() {
            let tensor = tensor(&view).map_err(|error| ReferenceFileError::Misshapen {
                file: name,
                tensor: key.clone(),
                problem: error.to_string(),
            })?;
            if let Some(tensor) = tensor {
                tensors.insert(key, tensor);
            }
        }
        Ok(Some(Self { name, tensors }))
    }

    /// The tensor `key`, if it is there.
    pub(crate) fn find(&self, key: &str) -> Option<&Tensor> {
        self.tensors.get(key)
    }

    /// The tensor `key`.
    pub(crate) fn get(&self, key: &str) -> Result<&Tensor, ReferenceFileError> {
        self.find(key).ok_or_else(|| ReferenceFileError::Missing {
            file: self.name,
            tensor: key.to_owned(),
        })
    }

    /// All tensors, by name.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The error for a tensor that is not as pocket-tts writes it.
    pub(crate) fn misshapen(&self, key: &str, problem: impl Into<String>) -> ReferenceFileError {
        ReferenceFileError::Misshapen {
            file: self.name,
            tensor: key.to_owned(),
            problem: problem.into(),
        }
    }
}

/// Reads a file, and nothing that would be waited for or never end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_file() {
        std::fs::read(path)
    } else {
        Err(io::Error::other("it is not a file"))
    }
}

fn tensor(view: &TensorView<'_>) -> Result<Option<Tensor>, RuntimeError> {
    let shape = view.shape();
    Ok(match view.dtype() {
        Dtype::F32 => {
            let (values, _) = view.data().as_chunks::<4>();
            let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Some(Tensor::f32(shape, values.collect())?)
        }
        Dtype::I64 => {
            let (values, _) = view.data().as_chunks::<8>();
            let values = values.iter().map(|bytes| i64::from_le_bytes(*bytes));
            Some(Tensor::i64(shape, values.collect())?)
        }
        _ => None,
    })
}
