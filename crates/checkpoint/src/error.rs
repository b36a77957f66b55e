//! What can be wrong with weights.

use std::io;
use std::path::PathBuf;

use filetype::Foreign;

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
    /// A pickle, but none in the archive that `torch.save` writes since PyTorch 1.6.
    #[error(
        "{} is a PyTorch pickle of an unsupported form (torch.save has written archives since \
         PyTorch 1.6): load it and save it again, or save its tensors with `safetensors.torch.save_file`",
        path.display()
    )]
    Pickle {
        /// The file.
        path: PathBuf,
    },
    /// A pickle that would do more than describe tensors. It is never run.
    #[error("{} {reason}", path.display())]
    PickleProgram {
        /// The file.
        path: PathBuf,
        /// What it asks for, as the end of a sentence about the file.
        reason: String,
    },
    /// An archive that `torch.save` did not write, or that is damaged.
    #[error("{} is not a valid PyTorch file: {reason}; copy it again, or save it once more with `torch.save`", path.display())]
    Pytorch {
        /// The file.
        path: PathBuf,
        /// What is wrong, in one clause.
        reason: String,
    },
    /// A file of `torch.save` without a model's weights.
    #[error("{} {reason}", path.display())]
    NoModel {
        /// The file.
        path: PathBuf,
        /// What it holds instead, as the end of a sentence about the file.
        reason: String,
    },
    /// A file without tensors.
    #[error("{} {foreign}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        foreign: Foreign,
    },
    /// Not in the safetensors format, or damaged.
    #[error("{} is not a valid safetensors file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, in one clause.
        reason: String,
    },
    /// The header lists a tensor twice, so it is ambiguous.
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
        dtype: String,
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
    /// A model that knows voices by name, which no release of pocket-tts supports.
    #[error(
        "{} is of a model with voices of its own by name (voice_lut, voice_prompts), which pocket-tts \
         4.0.1 does not know and which is not read here yet: convert weights that were trained without \
         `voices`, or speak with the pocket-tts that trained them",
        path.display()
    )]
    NamedVoices {
        /// The file.
        path: PathBuf,
    },
    /// The tensors are not those that the configuration asks for.
    #[error(transparent)]
    Mismatch(Box<Mismatch>),
    /// Two tensors of a training checkpoint stand for one tensor of the model.
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
    #[error("tensor `{g}` of {} lacks its `{v}`", path.display())]
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
