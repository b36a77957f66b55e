//! Tables of tensors, and comparing.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use config::TensorSpec;
use testkit::tensors::StoredTensor;

/// Writes a file into a folder.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The table of a fixture's configuration.
pub(crate) fn table(model: &str) -> Vec<TensorSpec> {
    testkit::config(model).unwrap().tensors()
}

/// The table that exactly these tensors fit.
pub(crate) fn specs(tensors: &[StoredTensor]) -> Vec<TensorSpec> {
    tensors
        .iter()
        .map(|tensor| TensorSpec {
            key: tensor.name.clone(),
            shape: tensor.shape.clone(),
        })
        .collect()
}

/// An error and its causes, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Bit patterns: equal values that are also the same zero.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
