//! The bundle format: manifest types, JSON Schema, file digests.
//!
//! A bundle is a folder: five ONNX graphs with their weights beside them, the
//! tokenizer, and `manifest.json`, which says everything a runtime needs to
//! stream speech from them. `docs/bundle.md` specifies the format in prose.

mod component;
mod file;
mod manifest;
mod outline;
mod parameter;
mod state;

pub use component::{
    ATTENTION, Advance, Component, ComponentName, DType, Dim, PositionCounter, TensorInfo,
};
pub use file::{FileEntry, FileError, hex};
pub use manifest::{
    FORMAT, FORMAT_VERSION, Generator, Manifest, ManifestError, Model, Source, SourceFile,
    Synthetic, Tokenizer, Voice,
};
pub use outline::{Outline, WeightsId, is_bundle_file};
pub use parameter::{Extent, Parameter, ParameterKind};
pub use state::{Carry, Initial, State};
pub use weights::Format;
