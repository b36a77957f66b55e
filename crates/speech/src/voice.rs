//! Voices: the state of `flow_lm` after a voice prompt. Counterpart of pocket-tts
//! `models/model_state.py`, which stores them in safetensors files.
//!
//! A file contains `<module>/cache`, keys and values stacked, and the number of rows in use:
//! `<module>/offset`, or in the older form the *length* of `<module>/current_end`. The manifest
//! lists the modules, and how their tensors map to inputs of the graph.

mod prompt;
mod read;
mod write;

use bundle::Component;
use tensor::Tensor;

pub use prompt::StoredPrompt;
pub use write::{VoiceDType, VoiceForm};

/// A voice for models of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    component: Component,
    /// In the order of the component's states; [1, P, heads, width] each.
    states: Vec<Tensor>,
    position: usize,
}

/// Why a voice cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VoiceFileError {
    /// A file without tensors.
    #[error("the file {0}")]
    Foreign(filetype::Foreign),
    /// A safetensors file with an invalid header.
    #[error("the voice is not a valid safetensors file: {0}")]
    Header(filetype::HeaderError),
    /// Tensors that are missing or cannot be written.
    #[error("the voice's tensors cannot be used")]
    File(#[from] safetensors::SafeTensorError),
    /// A layer of the model has no tensor in the file.
    #[error("the voice has no {tensor}: it was made for another model")]
    Missing {
        /// The tensor.
        tensor: String,
    },
    /// The file has a tensor that the model does not have.
    #[error(
        "the voice has a tensor {tensor}, which this model does not have: it was made for another model"
    )]
    Extra {
        /// The tensor.
        tensor: String,
    },
    /// A tensor has another shape than the model's.
    #[error(
        "{tensor} of the voice has the shape {actual:?}, and this model needs {expected}: it was made for another model"
    )]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its shape.
        actual: Vec<usize>,
        /// The shape it should have.
        expected: String,
    },
    /// A number type that voices do not use.
    #[error("{tensor} of the voice is {actual}, not {expected}")]
    DType {
        /// The tensor.
        tensor: String,
        /// Its number type.
        actual: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The file says that more rows are in use than there are.
    #[error("{tensor} of the voice says {offset} rows, but there are {rows}")]
    Offset {
        /// The tensor.
        tensor: String,
        /// What it says.
        offset: i64,
        /// Rows of the cache.
        rows: usize,
    },
    /// Layers disagree.
    #[error("{tensor} of the voice says {offset} rows, but other layers say {other}")]
    Layers {
        /// The tensor.
        tensor: String,
        /// What it says.
        offset: usize,
        /// What the layers before say.
        other: usize,
    },
    /// Padding rows, which only batches have.
    #[error("{tensor} of the voice is not 0: voices of batches cannot be used")]
    Padded {
        /// The tensor.
        tensor: String,
    },
    /// A row in use contains NaN or infinity.
    #[error("{tensor} of the voice holds a number that is not finite")]
    NotFinite {
        /// The tensor.
        tensor: String,
    },
    /// A prompt that needs the encoder's last layer, in a bundle without it.
    #[error(
        "{tensor} of the voice is a prompt, of which the bundle's mimi_encoder makes a voice, and it is not \
         there: convert with all components, or give a voice file of pocket-tts"
    )]
    NeedsEncoder {
        /// The tensor.
        tensor: String,
    },
    /// No rows at all.
    #[error("the voice is empty: no rows of its cache are used")]
    Empty,
}

impl Voice {
    /// From the states of `flow_lm` after a prompt, by input, and its position.
    pub fn from_states(
        component: &Component,
        states: Vec<(String, Tensor)>,
        position: i64,
    ) -> Result<Self, VoiceFileError> {
        let position = usize::try_from(position).unwrap_or(0);
        let mut states = states;
        let mut ordered = Vec::new();
        for state in &component.states {
            let found = states.iter().position(|(input, _)| *input == state.input);
            let missing = || VoiceFileError::Missing {
                tensor: state.input.clone(),
            };
            let (tensor, value) = states.swap_remove(found.ok_or_else(missing)?);
            if value
                .as_f32()
                .is_none_or(|v| v.iter().any(|v| !v.is_finite()))
            {
                return Err(VoiceFileError::NotFinite { tensor });
            }
            if value.shape().first() != Some(&position) {
                return Err(VoiceFileError::Shape {
                    tensor,
                    actual: value.shape().to_vec(),
                    expected: format!("{position} rows"),
                });
            }
            ordered.push(value);
        }
        if position == 0 {
            return Err(VoiceFileError::Empty);
        }
        Ok(Self {
            component: component.clone(),
            states: ordered,
            position,
        })
    }

    /// Inputs of `flow_lm` and the states that go into them.
    pub fn states(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let inputs = self
            .component
            .states
            .iter()
            .map(|state| state.input.as_str());
        inputs.zip(&self.states)
    }

    /// Rows of the cache: the position that the text starts at.
    pub fn position(&self) -> i64 {
        self.position as i64
    }
}
