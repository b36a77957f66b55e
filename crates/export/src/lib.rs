//! Turns a checkpoint into ONNX graphs, one file per pocket-tts module.
//!
//! 1. [`ComponentGraph::build`] writes one component's graph. Each function is the counterpart of a
//!    pocket-tts module's `forward`, and its doc comment begins with that module's name; weights are
//!    found by path, so a module's scope is all it needs.
//! 2. Hidden state becomes inputs and outputs (`states.rs`, `kv_cache.rs`), and
//!    the manifest says how each is carried from call to call.
//! 3. [`Export::write`] writes graphs, streamed weights, tokenizer and manifest
//!    into a [`Staging`] folder, which replaces the old bundle at the end.

mod attention;
mod bundle_writer;
mod component;
mod component_formats;
mod conv;
mod error;
mod flow_lm;
mod flow_net;
mod interface;
mod kv_cache;
mod mask;
mod mimi;
mod resample;
mod rope;
mod seanet;
mod staging;
mod states;
#[cfg(test)]
mod testing;
mod text_conditioner;
mod transformer;
mod window;

pub use bundle_writer::{CompletionError, Export, Identity, WriteProgress};
pub use component::ComponentGraph;
pub use component_formats::{ComponentFormats, GraphFormats};
pub use error::ExportError;
pub use interface::interface;
pub use staging::{BundleLock, Staging};
