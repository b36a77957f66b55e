//! Scopes: module paths that name what is built in them.

use weights::Layout;

use crate::proto::tensor_proto::DataType;
use crate::{Attribute, Graph, Value};

/// A module of the model: everything built through it carries its path.
///
/// The operators (`crate::ops`) are methods of a scope.
#[derive(Clone)]
pub struct Scope<'g> {
    graph: &'g Graph,
    path: String,
}

impl<'g> Scope<'g> {
    pub(crate) fn new(graph: &'g Graph, path: String) -> Self {
        Self { graph, path }
    }

    /// The graph it belongs to.
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// The module's path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The scope of the module `name` inside this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self::new(self.graph, self.join(name))
    }

    /// Path of the parameter or module `name` inside this one.
    fn join(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// The module's parameter `name`, as the checkpoint has it.
    pub fn parameter(&self, name: &str) -> Value {
        let key = self.join(name);
        self.graph.parameter(&key, Layout::Vector);
        Value::new(key)
    }

    /// Whether the module has a parameter `name`.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.graph.parameter_shape(&self.join(name)).is_some()
    }

    /// Shape of the module's parameter `name`; empty where there is none (which
    /// [`Graph::finish`] reports once it is used).
    pub fn parameter_shape(&self, name: &str) -> &'g [usize] {
        self.graph
            .parameter_shape(&self.join(name))
            .unwrap_or_default()
    }

    /// An f32 constant of the module; equal names within a module share one.
    pub fn constant(&self, name: &str, dims: &[usize], values: &[f32]) -> Value {
        self.shared(&format!("{}/{name}", self.path), dims, values)
    }

    /// An f32 constant of the whole graph; equal names share one.
    pub(crate) fn shared(&self, name: &str, dims: &[usize], values: &[f32]) -> Value {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.graph.constant(name, DataType::Float, dims, bytes)
    }

    /// An f32 number, shared by the whole graph.
    pub fn scalar(&self, value: f32) -> Value {
        self.shared(&format!("f32 {value}"), &[], &[value])
    }

    /// An i64 list, shared by the whole graph.
    pub fn ints(&self, values: &[i64]) -> Value {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.graph.constant(
            &format!("i64 {values:?}"),
            DataType::Int64,
            &[values.len()],
            bytes,
        )
    }

    /// An i64 number, shared by the whole graph.
    pub fn int(&self, value: i64) -> Value {
        let bytes = value.to_le_bytes().to_vec();
        self.graph
            .constant(&format!("i64 {value}"), DataType::Int64, &[], bytes)
    }

    /// A node named after the module and the operator.
    pub(crate) fn op(
        &self,
        op: &str,
        inputs: &[&Value],
        attributes: &[(&str, Attribute)],
    ) -> Value {
        let name = format!("{}/{op}", self.path);
        first(self.graph.node(&name, op, inputs, 1, attributes))
    }

    /// The node that *is* the module: it carries the module's path alone.
    pub(crate) fn module_op(
        &self,
        op: &str,
        inputs: &[&Value],
        attributes: &[(&str, Attribute)],
    ) -> Value {
        first(self.graph.node(&self.path, op, inputs, 1, attributes))
    }

    /// A node with several outputs.
    pub(crate) fn op_many(
        &self,
        op: &str,
        inputs: &[&Value],
        outputs: usize,
        attributes: &[(&str, Attribute)],
    ) -> Vec<Value> {
        let name = format!("{}/{op}", self.path);
        self.graph.node(&name, op, inputs, outputs, attributes)
    }
}

/// The only output of a node; `Graph::node` always returns as many as it was asked for.
fn first(values: Vec<Value>) -> Value {
    values.into_iter().next().unwrap_or_else(|| Value::new(""))
}
