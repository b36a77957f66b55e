//! Tensors, owned and borrowed: a shape and its values in row-major order.
//!
//! They pass between a runtime that computes and the code that asks it to, which share
//! nothing else.

mod append;
mod error;
mod tensor;
mod view;

pub use error::TensorError;
pub use tensor::{Data, Tensor};
pub use view::{TensorView, ViewData};
