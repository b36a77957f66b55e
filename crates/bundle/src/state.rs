//! One flattened state: a tensor that upstream's modules keep to themselves.

use serde::{Deserialize, Serialize};

use crate::{DType, Dim};

/// A tensor that goes into a call and comes out of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Name of the graph's input.
    pub input: String,
    /// Name of the graph's output.
    pub output: String,
    /// Path of the upstream module that owns it, as in its voice files.
    pub module: String,
    /// Key of upstream's state dictionary.
    pub key: String,
    /// Index into upstream's tensor along its first axis, where the graph keeps
    /// apart what upstream stacks (`cache` holds keys at 0 and values at 1). The
    /// batch axis after it is left out here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Number type.
    pub dtype: DType,
    /// Shape of the input.
    pub shape: Vec<Dim>,
    /// Value before the first call; a symbolic size is 0 then.
    pub initial: Initial,
    /// How the output becomes the next call's input.
    pub carry: Carry,
}

/// Value of a state before the first call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Initial {
    /// No rows yet: the symbolic size is 0.
    Empty,
    /// All zeros.
    Zeros,
}

/// How a state's output becomes the next call's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "rule", deny_unknown_fields)]
pub enum Carry {
    /// The output is appended to the input along `axis`.
    Append {
        /// Axis that grows.
        axis: usize,
    },
    /// The output takes the input's place.
    Replace,
}
