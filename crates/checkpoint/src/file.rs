//! One file of weights, in either format.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::pytorch::{self, PytorchFile};
use crate::safetensors::{Float, FloatTensor};
use crate::{SafetensorsFile, WeightsError};

/// A file whose tensors are read one by one.
#[derive(Debug)]
pub(crate) enum TensorFile {
    /// As published.
    Safetensors(SafetensorsFile),
    /// As the trainer saves it.
    Pytorch(PytorchFile),
}

impl TensorFile {
    /// Opens a file by its first bytes, whatever its name.
    pub(crate) fn open(path: &Path) -> Result<Self, WeightsError> {
        if is_pytorch(path) {
            PytorchFile::open(path).map(Self::Pytorch)
        } else {
            SafetensorsFile::open(path).map(Self::Safetensors)
        }
    }

    /// Path of the file.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Safetensors(file) => file.path(),
            Self::Pytorch(file) => file.path(),
        }
    }

    /// The tensors' names.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Safetensors(file) => file.names(),
            Self::Pytorch(file) => file.names(),
        }
    }

    /// Whether a tensor's name begins so.
    pub(crate) fn has(&self, prefix: &str) -> bool {
        self.names().iter().any(|name| name.starts_with(prefix))
    }

    /// The shape of a tensor; `None` when the file has no such tensor.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        match self {
            Self::Safetensors(file) => file.shape(name),
            Self::Pytorch(file) => file.shape(name),
        }
    }

    /// How a tensor's values are stored.
    ///
    /// # Errors
    ///
    /// [`WeightsError::UnknownTensor`], and [`WeightsError::Dtype`] where they are no F32, F16
    /// or BF16.
    pub(crate) fn format(&self, name: &str) -> Result<Float, WeightsError> {
        match self {
            Self::Safetensors(file) => file.format(name),
            Self::Pytorch(file) => file.format(name),
        }
    }

    /// A tensor, to be read.
    pub(crate) fn tensor<'a>(&'a self, name: &'a str) -> Result<FloatTensor<'a>, WeightsError> {
        match self {
            Self::Safetensors(file) => file.tensor(name),
            Self::Pytorch(file) => file.tensor(name),
        }
    }
}

/// Whether `torch.save` may have written the file. An unreadable file fails when it is opened.
fn is_pytorch(path: &Path) -> bool {
    // Reading a pipe would block until its writer comes.
    if !fs::metadata(path).is_ok_and(|status| status.is_file()) {
        return false;
    }
    let mut first = [0; pytorch::MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *pytorch::MAGIC
}
