//! Statistics of a packed weight, computed once when it is loaded.

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
