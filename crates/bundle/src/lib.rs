//! The bundle format: manifest types, JSON Schema, file digests.
//!
//! A bundle is a folder: up to five ONNX graphs with their weights beside them, the
//! tokenizer, voices, and `manifest.json`, which says everything a runtime needs to
//! stream speech from them. `docs/bundle.md` specifies the format in prose.

mod component;
mod file;
mod manifest;
pub mod names;
mod outline;
mod parameter;
mod state;

pub use component::{Advance, Component, ComponentName, PositionCounter, TensorInfo};
pub use config::Model;
pub use file::{FileEntry, FileError, hex};
pub use manifest::{
    FORMAT, FORMAT_VERSION, Generator, Manifest, ManifestError, Source, SourceFile, Synthetic,
    TokenizerEntry, VoiceEntry,
};
pub use names::ATTENTION;
pub use outline::{Outline, WeightsId, is_bundle_file};
pub use parameter::{Parameter, ParameterKind};
pub use state::{Carry, Initial, State};
pub use tensor::{DType, Dim};
pub use weights::{Extent, WeightFormat};
