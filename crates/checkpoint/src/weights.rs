//! Tensor values, wherever they come from.

use crate::WeightsError;

/// Values of a model, tensor by tensor.
pub trait Weights: Sync {
    /// Starts to read the tensor `key` (a path of the published checkpoint,
    /// such as `flow_lm.transformer.layers.0.norm1.weight`).
    fn open(&self, key: &str) -> Result<Box<dyn TensorReader + '_>, WeightsError>;
}

/// Reads one tensor from front to back, row-major, widened to `f32`.
pub trait TensorReader {
    /// Fills the front of `out` and says how many values that were; 0 at the end.
    ///
    /// # Errors
    ///
    /// [`WeightsError::NotFinite`] where a value is NaN or infinite.
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WeightsError>;
}
