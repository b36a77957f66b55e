//! Runs the components of a bundle with Rust code that mirrors the model: the default backend.
//!
//! 1. [`Engine`] is the backend. Natively it reads a component's data file; a page hands over
//!    its bytes ([`Engine::stream`]). The manifest says where each parameter is, so that
//!    the ONNX graphs are not read.
//! 2. Each module of pocket-tts has its counterpart here, mostly of the same name (`mlp.py` is
//!    `flow_net.rs`), with the same maths: `flow_lm.rs`, `transformer.rs`, `attention.rs`,
//!    `rope.rs`, `flow_net.rs`, `mimi.rs`, `seanet.rs`, `conv.rs`, `resample.rs`,
//!    `text_conditioner.rs`. A module is built from its path by a loader, which finds its
//!    parameters and checks their shapes.
//! 3. All values are `[time, channels]`: windows of a convolution are rows that overlap, so that
//!    a convolution is a matrix product on its input without a copy.
//! 4. State lives in the streams. The manifest gives the names and shapes of inputs and outputs.
//!
//! The inner loops are in the crate `kernels`.

mod attention;
mod backend;
mod context;
mod conv;
mod error;
mod flow_lm;
mod flow_net;
#[cfg(not(target_arch = "wasm32"))]
mod helpers;
mod input;
mod interface;
mod kernel_choice;
mod kv_cache;
mod linear;
mod loader;
mod mimi;
mod module;
mod norm;
mod parts;
mod resample;
mod rope;
mod seanet;
mod stream;
#[cfg(test)]
mod testing;
mod text_conditioner;
mod transformer;
mod trials;
mod weight_bytes;
#[cfg(not(target_arch = "wasm32"))]
mod weights_file;

pub use backend::{Engine, EngineOptions};
pub use error::EngineError;
pub use kernels::Isa;
pub use mimi::DecoderPart;
pub use weight_bytes::WeightBytes;
