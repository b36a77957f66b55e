//! Runs the graphs of a bundle and carries their state from call to call.
//!
//! 1. A [`Backend`] loads a graph file: [`rten::Rten`] is always there,
//!    [`onnxruntime::OnnxRuntime`] needs ONNX Runtime's shared library.
//! 2. A [`Stream`] joins the loaded [`Graph`] with its description in the
//!    manifest. It supplies the states and the position, so that a caller
//!    deals with a component's own inputs and outputs only.
//! 3. Cloning a stream forks it: both go on from the same state and share the
//!    loaded graph. Several utterances start from one voice that way.
//!
//! Nothing here knows what a component computes: how many states there are,
//! what they are called and how they are carried stands in the manifest.

mod backend;
mod error;
pub mod onnxruntime;
pub mod rten;
mod stream;

pub use backend::{Backend, Graph};
pub use error::RuntimeError;
pub use stream::{Outputs, Stream};
