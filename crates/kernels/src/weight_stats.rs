//! Statistics of a packed weight, computed once when it is loaded.

use weights::Matrix;

use crate::isa::CpuKernels;
use crate::matmul;

/// What products with a packed weight need to know of it beforehand.
#[derive(Clone, Debug, Default)]
pub struct WeightStats {
    /// Of q8, where activations are split: what each output's sums of upper halves begin with, so
    /// that the halves' bias cancels, for every chunk of inputs, `[panels, chunks, 16]`.
    /// Otherwise empty.
    pub(crate) split_starts: Vec<i32>,
    /// Of q16: pairs of inputs whose products fit into 32 bits, because weights are smaller than
    /// they could be.
    pub(crate) exact_pairs: usize,
}

impl CpuKernels {
    /// Statistics of a packed weight.
    ///
    /// # Panics
    ///
    /// If `values` are not [`Matrix::bytes`] bytes.
    pub fn weight_stats(self, matrix: &Matrix, values: &[u8]) -> WeightStats {
        assert_eq!(values.len(), matrix.bytes(), "bytes of a weight");
        matmul::weight_stats(self, matrix, values)
    }
}
