//! What can be wrong with a tensor.

/// Why a tensor cannot be made or cannot grow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    /// The product of a shape is not the number of values.
    #[error("{values} values do not fill the shape {shape:?}")]
    Length {
        /// The shape.
        shape: Vec<usize>,
        /// How many values there are.
        values: usize,
    },
    /// A tensor is too large.
    #[error("no memory for a tensor of shape {shape:?}")]
    Memory {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Two tensors cannot be concatenated.
    #[error("{rows:?} cannot be appended to {shape:?} along axis {axis}")]
    Append {
        /// The axis that grows.
        axis: usize,
        /// Shape of the tensor.
        shape: Vec<usize>,
        /// Shape of the rows.
        rows: Vec<usize>,
    },
}
