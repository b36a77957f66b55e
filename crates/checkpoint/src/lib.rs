//! Reads pocket-tts checkpoints: locations, the hub, weights, tokenizer files; knows no graph.
//!
//! 1. [`location`] parses what a configuration names: `hf://`, `https://`, a path.
//! 2. [`hub`] downloads it, into the hub's own cache layout.
//! 3. [`source`] decides which files make up a model, falling back to the open
//!    weights where the gated ones are refused.
//! 4. [`weights`] reads tensors as `f32`, whatever the file stores: from a
//!    checkpoint ([`Checkpoint`]), published or as the trainer saves it, or from a
//!    seed ([`SyntheticWeights`]).
//! 5. [`Adapter`] merges a LoRA adapter into weights while they are read.
//! 6. [`mod@tokenizer`] checks that a vocabulary can be used for speaking, and counts its
//!    pieces.

mod adapter;
mod checkpoint;
mod entry;
mod error;
mod file;
pub mod hub;
pub mod location;
mod pytorch;
mod safetensors;
pub mod source;
mod synthetic;
pub mod tokenizer;
mod training;
pub mod weights;

pub use adapter::{Adapted, Adapter, AdapterError, AdapterFiles, AdapterMismatch};
pub use checkpoint::{Checkpoint, CheckpointFiles, Mismatch, Misshapen};
pub use error::WeightsError;
pub use hub::{Absent, FetchError, FetchProgress, Hub, HubBuilder, NoProgress, known_sha256};
pub use location::{HubFile, Location, LocationError};
pub use safetensors::{SafetensorsFile, SafetensorsReader};
pub use source::{Fetched, LocationOverrides, ModelFiles, RunDirError, SourceError, WeightFiles};
pub use synthetic::SyntheticWeights;
pub use tokenizer::{TokenizerFile, TokenizerFileError, TokenizerKind};
pub use weights::{TensorReader, Weights};
