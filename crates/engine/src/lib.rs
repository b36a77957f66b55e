//! Runs the components of a bundle with Rust code that mirrors the model: the third backend,
//! and what people hear.
//!
//! 1. [`Engine`] is the backend. Natively it reads a component's data file; a page hands over
//!    its bytes ([`Engine::stream`]). The manifest says where each parameter lies, so the
//!    ONNX graphs are not read.
//! 2. Each module of pocket-tts has its counterpart here by name: `flow_lm.rs`, `transformer.rs`,
//!    `attention.rs`, `rope.rs`, `flow_net.rs`, `mimi.rs`, `seanet.rs`, `conv.rs`,
//!    `resample.rs`, `text_conditioner.rs`. A module is built from its path by a loader,
//!    which finds its parameters and checks their shapes.
//! 3. Everything is `[time, channels]`: windows of a convolution are rows that overlap, so that
//!    a convolution is a matrix product on the input as it lies.
//! 4. State lives in the streams. Shape and names of what goes in and out are the manifest's.
//!
//! Inner loops are the crate `kernels`'.

mod attention;
mod backend;
mod context;
mod conv;
mod error;
mod flow_lm;
mod flow_net;
mod interface;
mod kv_cache;
mod linear;
mod loader;
mod mimi;
mod module;
mod norm;
mod resample;
mod rope;
mod seanet;
mod stream;
#[cfg(test)]
mod testing;
mod text_conditioner;
mod transformer;
#[cfg(not(target_arch = "wasm32"))]
mod weights_file;

pub use backend::{Engine, Options, WeightBytes};
pub use error::EngineError;
pub use kernels::Isa;
