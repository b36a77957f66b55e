//! Which parameter is where in a component's data file: enough to read them without the graph.

use serde::{Deserialize, Serialize};
use weights::{Extent, Matrix, Packing, TableLayout, WeightFormat};

/// A parameter of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its path in the published checkpoint.
    pub name: String,
    /// What it is used for, and so how it is laid out.
    pub kind: ParameterKind,
    /// How its values are stored.
    pub format: WeightFormat,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Plain f32 numbers in the checkpoint's order.
    Vector,
    /// The weight of a matrix product, in panels ([`weights::Matrix`]). What the inputs and outputs of
    /// a convolution are, [`weights::Layout`] says.
    Matrix,
    /// Rows that are looked up ([`weights::TableLayout`]).
    Table,
}

impl Parameter {
    /// How the parameter is stored in a component whose weights are in `component`; `None` where a
    /// shape is not that of its kind. [`Packing::format`] should be the parameter's own format.
    pub fn packing(&self, component: WeightFormat) -> Option<Packing> {
        match (self.kind, &self.shape[..]) {
            (ParameterKind::Vector, shape) => Some(Packing::Vector(shape.iter().product())),
            (ParameterKind::Table, &[rows, width]) => {
                Some(Packing::Table(TableLayout::new(component, rows, width)))
            }
            (ParameterKind::Matrix, &[inputs, outputs]) => Some(Packing::Matrix(Matrix {
                format: component,
                inputs,
                outputs,
            })),
            (ParameterKind::Table | ParameterKind::Matrix, _) => None,
        }
    }
}

/// A parameter of a data file, as the manifest describes it.
impl From<&weights::PlacedParameter> for Parameter {
    fn from(parameter: &weights::PlacedParameter) -> Self {
        let (kind, shape) = match parameter.packing {
            Packing::Vector(_) => (ParameterKind::Vector, parameter.shape.clone()),
            Packing::Table(table) => (ParameterKind::Table, vec![table.rows, table.width]),
            Packing::Matrix(matrix) => (ParameterKind::Matrix, vec![matrix.inputs, matrix.outputs]),
        };
        Self {
            name: parameter.name.clone(),
            kind,
            format: parameter.packing.format(),
            shape,
            values: parameter.values,
            scales: parameter.scales,
        }
    }
}
