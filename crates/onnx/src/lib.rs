//! ONNX protobuf types and a graph builder; knows no model.
//!
//! 1. A [`Graph`] is opened for one [`Opset`] and one format of weights with the shapes of its
//!    parameters.
//! 2. [`Scope`]s name what is built in them: a scope has a module path, and the
//!    operators in `ops` are its methods. A parameter's name is the path of its
//!    tensor, a node's name starts with the path of its module.
//! 3. [`Graph::finish`] checks that nothing is dangling and places the parameters
//!    in one data file, so that graph and data can be written independently.
//! 4. [`OnnxModel::write`] writes the graph, [`weights::DataFile::write`] the data.
//!
//! The operator methods emit the form that the opset asks for (axes as attribute
//! or as input, fused or spelled out), so that the code above does not care.

mod attribute;
mod error;
mod graph;
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
pub use error::GraphError;
pub use graph::{Graph, Value};
pub use model::{OnnxModel, data_type, scale_name};
pub use ops::Convolution;
pub use opset::{Opset, UnsupportedOpset};
pub use scope::Scope;
