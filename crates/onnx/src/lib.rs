//! ONNX protobuf types, a graph builder and an external-data writer; knows no model.
//!
//! 1. A [`Graph`] is opened for one [`Opset`] and one format of weights with the shapes of its
//!    parameters.
//! 2. [`Scope`]s name what is built in them: a scope has a module path, and the
//!    operators in `ops` are its methods. A parameter's name is the path of its
//!    tensor, a node's name starts with the path of its module.
//! 3. [`Graph::finish`] checks that nothing is dangling and lays the parameters
//!    out in one data file, so that graph and data can be written independently.
//! 4. [`Model::write`] and [`Model::write_data`] do so; the values are streamed, packed on
//!    their way, and never held.
//!
//! The operator methods emit the form that the opset asks for (axes as attribute
//! or as input, fused or spelled out), so that the code above does not care.

mod attribute;
mod data;
mod error;
mod graph;
mod layout;
mod model;
mod nodes;
mod ops;
mod opset;
/// Types of `onnx-ml.proto`, written by `cargo xtask codegen`.
#[allow(missing_docs, clippy::pedantic, unreachable_pub)]
#[rustfmt::skip]
pub mod proto;
mod scope;

pub use attribute::Attribute;
pub use data::{ValueReader, WriteError, Written};
pub use error::GraphError;
pub use graph::{Dim, ElementType, Graph, Value};
pub use layout::{Layout, Packing, Stored};
pub use model::{Extent, Model, Parameter, scale_name};
pub use ops::Convolution;
pub use opset::{Opset, UnsupportedOpset};
pub use scope::Scope;
