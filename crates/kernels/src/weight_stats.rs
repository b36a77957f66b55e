//! Statistics of a packed weight, computed once when it is loaded.

use std::ops::Range;

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

/// The statistics of a weight, or of some of its panels.
#[derive(Clone, Copy, Debug)]
pub struct StatsView<'a> {
    /// As in [`WeightStats`].
    pub(crate) split_starts: &'a [i32],
    /// As in [`WeightStats`].
    pub(crate) exact_pairs: usize,
}

impl WeightStats {
    /// Those of the whole weight.
    pub fn view(&self) -> StatsView<'_> {
        StatsView {
            split_starts: &self.split_starts,
            exact_pairs: self.exact_pairs,
        }
    }
}

impl StatsView<'_> {
    /// Those of some of the weight's `count` panels.
    pub(crate) fn part(self, panels: Range<usize>, count: usize) -> Self {
        let size = self.split_starts.len() / count.max(1);
        Self {
            split_starts: &self.split_starts[panels.start * size..panels.end * size],
            ..self
        }
    }
}
