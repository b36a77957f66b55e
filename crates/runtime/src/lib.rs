//! Runs the components of a bundle and carries their state from call to call.
//!
//! 1. A [`Backend`] loads a component and starts a [`Stream`] through it: calls that take
//!    the component's inputs and return its outputs, without its states, which the stream keeps.
//! 2. Forking a stream makes another that goes on from the same state and shares the weights.
//!    Several utterances start from one voice that way.
//! 3. Backends for ONNX graphs are [`GraphBackend`]s, which keep no state at all:
//!    `rten::Rten` needs nothing else, `onnxruntime::OnnxRuntime` needs ONNX Runtime's shared
//!    library. Both are features, so that a page can do without. A [`GraphStream`] joins a loaded [`LoadedGraph`] with its description in the manifest.
//!
//! Nothing here knows what a component computes: how many states there are, what they are
//! called and how they are carried is in the manifest.

mod backend;
mod error;
mod graph;
mod graph_stream;
mod inputs;
pub mod install;
#[cfg(feature = "onnxruntime")]
pub mod onnxruntime;
mod outputs;
#[cfg(feature = "rten")]
pub mod rten;
mod sizes;

pub use backend::{Backend, Stream, StreamCall};
pub use error::RuntimeError;
pub use graph::{GraphBackend, LoadedGraph};
pub use graph_stream::GraphStream;
pub use inputs::{check_inputs, check_position, check_state, next_position, state_index};
pub use outputs::Outputs;
