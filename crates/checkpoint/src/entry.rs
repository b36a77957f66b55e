//! The tensors of a model, as the files of a checkpoint store them.

use crate::WeightsError;
use crate::file::TensorFile;
use crate::safetensors::FloatTensor;

/// A tensor of the model, as a file stores it.
#[derive(Debug)]
pub(crate) struct CheckpointEntry {
    /// Its name in the published checkpoint.
    pub(crate) key: String,
    pub(crate) values: EntryValues,
}

/// Where the values of a tensor come from.
#[derive(Debug)]
pub(crate) enum EntryValues {
    /// The tensor of this name.
    Plain(String),
    /// `v * (g / ||v||)`, the norm taken over each row.
    WeightNorm { g: String, v: String },
}

impl EntryValues {
    /// The stored tensor that has the shape of the values.
    pub(crate) fn shaping(&self) -> &str {
        match self {
            Self::Plain(name) | Self::WeightNorm { v: name, .. } => name,
        }
    }

    /// Refuses stored tensors that cannot be widened to `f32`.
    pub(crate) fn check(&self, file: &TensorFile) -> Result<(), WeightsError> {
        if let Self::WeightNorm { g, .. } = self {
            file.format(g)?;
        }
        file.format(self.shaping()).map(drop)
    }

    /// The stored tensors: the one with the shape of the values, and their lengths.
    pub(crate) fn storing<'a>(
        &'a self,
        file: &'a TensorFile,
    ) -> Result<(FloatTensor<'a>, Option<FloatTensor<'a>>), WeightsError> {
        let lengths = match self {
            Self::Plain(_) => None,
            Self::WeightNorm { g, .. } => Some(file.tensor(g)?),
        };
        Ok((file.tensor(self.shaping())?, lengths))
    }
}
