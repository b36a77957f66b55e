//! What can be wrong with weights.

use std::io;
use std::path::PathBuf;

use safetensors::Dtype;

use crate::Mismatch;

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The operating system refuses the file.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A directory, a pipe or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What was named as a file.
        path: PathBuf,
    },
    /// A file of no bytes, as an interrupted copy leaves it.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A checkpoint as `torch.save` writes it, which holds programs and is never run here.
    #[error(
        "{} is a PyTorch pickle, not a safetensors file; save its tensors with `safetensors.torch.save_file` first",
        path.display()
    )]
    Pickle {
        /// The file.
        path: PathBuf,
    },
    /// A small text that stands for a file in a Git repository.
    #[error("{} is a Git LFS pointer; fetch the file that it stands for with `git lfs pull`", path.display())]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// Not in the safetensors format, or damaged.
    #[error("{} is not a sound safetensors file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, in one clause.
        reason: String,
    },
    /// The header names a tensor twice, so it is open which one counts.
    #[error("{} describes tensor `{key}` twice", path.display())]
    DuplicateKey {
        /// The file.
        path: PathBuf,
        /// The tensor.
        key: String,
    },
    /// No tensor of this name.
    #[error("no tensor `{key}`")]
    UnknownTensor {
        /// The tensor asked for.
        key: String,
    },
    /// Stored as anything but F32, F16 or BF16.
    #[error("tensor `{key}` of {} is stored as {dtype}; only F32, F16 and BF16 can be read", path.display())]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The tensor.
        key: String,
        /// How it is stored.
        dtype: Dtype,
    },
    /// A value is NaN or infinite.
    #[error("tensor `{key}` of {} is not finite at index {index}", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor, as the file names it.
        key: String,
        /// Row-major index of the first such value.
        index: usize,
    },
    /// The tensors are not those that the configuration asks for.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
    /// Two tensors of a training checkpoint are the same one of the model.
    #[error("tensors `{first}` and `{second}` of {} are both `{key}` of the model", path.display())]
    Collision {
        /// The file.
        path: PathBuf,
        /// The tensor of the model.
        key: String,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A weight-normalized tensor has its lengths (`weight_g`) without its directions (`weight_v`).
    #[error("tensor `{g}` of {} has no `{v}` beside it", path.display())]
    WithoutWeightV {
        /// The file.
        path: PathBuf,
        /// The lengths that are there.
        g: String,
        /// The directions that are not.
        v: String,
    },
    /// `weight_g` does not have one value for each row of `weight_v`.
    #[error(
        "tensor `{g}` of {} has shape {g_shape:?}, not one value for each row of `{v}` of shape {v_shape:?}",
        path.display()
    )]
    WeightNormShape {
        /// The file.
        path: PathBuf,
        /// The lengths.
        g: String,
        /// Their shape.
        g_shape: Vec<usize>,
        /// The directions.
        v: String,
        /// Their shape.
        v_shape: Vec<usize>,
    },
}
