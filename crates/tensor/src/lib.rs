//! Tensors, owned and borrowed: a shape and its values in row-major order.
//!
//! They pass between a runtime that computes and its caller, which share nothing else. [`DType`] and
//! [`Dim`] describe tensors before there are any: in a manifest, or in a graph.

mod append;
mod dim;
mod dtype;
mod error;
mod tensor;
mod view;

pub use dim::Dim;
pub use dtype::DType;
pub use error::TensorError;
pub use tensor::{Data, Tensor};
pub use view::{TensorView, ViewData};
