//! Where parameters lie in a component's data file: enough to read them without the graph.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weights::Format;

/// A parameter of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its path in the published checkpoint.
    pub name: String,
    /// What it is used for, and so how it is laid out.
    pub kind: ParameterKind,
    /// How its values are stored.
    pub format: Format,
    /// Sizes: of a vector as the checkpoint has them, `[inputs, outputs]` of a matrix,
    /// `[rows, width]` of a table.
    pub shape: Vec<usize>,
    /// Its values in the data file.
    pub values: Extent,
    /// Its scales in the data file, where the format has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scales: Option<Extent>,
}

/// Layout of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Plain f32 numbers in the checkpoint's order.
    Vector,
    /// The weight of a matrix product, in panels ([`weights::Matrix`]). Of a convolution the
    /// inputs are `[kernel][in]`; of a transposed one, whose kernel is twice its stride, they
    /// are `[2][in]` (the input before, the input itself) and the outputs `[stride][out]`.
    Matrix,
    /// Rows that are looked up ([`weights::Table`]).
    Table,
}

/// A part of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}
