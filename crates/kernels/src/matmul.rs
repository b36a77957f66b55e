//! Matrix products on packed weights.

mod block_scaled;
mod float;
mod format;
mod pairs;
mod row_quantised;
mod tiles;

use std::cell::Cell;
use std::ops::Range;

use weights::{Matrix, PANEL};

use crate::isa::CpuKernels;
use crate::memory::ReadOrder;
use crate::simd::Simd;
use crate::size::size;
use crate::{Rows, Scratch, StatsView, WeightStats};
pub(crate) use format::{ActivationRounding, activation_rounding};
pub(crate) use pairs::pair_products;
pub(crate) use tiles::{even_tiles, row_tiles};

/// A packed weight and the bias that is added to its products.
#[derive(Clone, Copy, Debug)]
pub struct Weight<'a> {
    /// Layout.
    pub matrix: Matrix,
    /// [`Matrix::bytes`] bytes.
    pub values: &'a [u8],
    /// [`Matrix::scale_bytes`] bytes.
    pub scales: &'a [u8],
    /// Of what [`CpuKernels::weight_stats`] gives.
    pub stats: StatsView<'a>,
    /// One number per output.
    pub bias: Option<&'a [f32]>,
    /// Whether q6 and q4 also quantise the rounding error of the activations and add its
    /// product. Other formats need no second term.
    pub two_term_activations: bool,
}

impl Weight<'_> {
    /// The weight of the outputs in some `panels` alone. Their products are the same to the bit.
    ///
    /// # Panics
    ///
    /// If the weight has no such panels, or its slices are not as long as its matrix says.
    #[must_use]
    pub fn part(self, panels: Range<usize>) -> Self {
        let Self { matrix, bias, .. } = self;
        let outputs = panels.start * PANEL..matrix.outputs.min(panels.end * PANEL);
        let of = |size: usize| panels.start * size..panels.end * size;
        Self {
            matrix: Matrix {
                outputs: outputs.len(),
                ..matrix
            },
            values: &self.values[of(matrix.panel_bytes())],
            scales: &self.scales[of(matrix.panel_scale_bytes())],
            stats: self.stats.part(panels, matrix.panels()),
            bias: bias.map(|bias| &bias[outputs]),
            ..self
        }
    }
}

/// One product, whose shapes [`CpuKernels::matmul`] has checked: `weight` is as long as its matrix
/// says, and `out` has `rows` times as many values as there are outputs.
#[derive(Clone, Copy)]
struct Product<'a> {
    weight: Weight<'a>,
    rows: usize,
    out: &'a [Cell<f32>],
    /// How the weight is read for one row.
    order: ReadOrder,
    /// [`Matrix::padded_inputs`].
    padded_inputs: usize,
    /// [`Matrix::panel_bytes`].
    panel_bytes: usize,
    /// [`Matrix::panel_scale_bytes`].
    panel_scale_bytes: usize,
}

impl CpuKernels {
    /// Statistics of a packed weight.
    ///
    /// # Panics
    ///
    /// If `values` are not [`Matrix::bytes`] bytes.
    pub fn weight_stats(self, matrix: &Matrix, values: &[u8]) -> WeightStats {
        assert_eq!(values.len(), matrix.bytes(), "bytes of a weight");
        format::weight_stats(self, matrix, values)
    }

    /// `out = x * weight + bias`: `x` [count, inputs], `out` [count, outputs].
    ///
    /// # Panics
    ///
    /// If a slice is not as long as its shape says, or no slice could be.
    pub fn matmul(self, weight: &Weight<'_>, x: Rows<'_>, scratch: &mut Scratch, out: &mut [f32]) {
        let Weight { matrix, bias, .. } = *weight;
        assert_eq!(weight.values.len(), matrix.bytes(), "bytes of a weight");
        let scale_bytes = matrix.scale_bytes();
        assert_eq!(weight.scales.len(), scale_bytes, "scales of a weight");
        assert!(
            format::stats_fit(self, &matrix, weight.stats),
            "statistics of a weight"
        );
        assert!(bias.is_none_or(|bias| bias.len() == matrix.outputs), "bias");
        assert_eq!(out.len(), size([x.count, matrix.outputs]), "outputs");
        if out.is_empty() {
            return;
        }
        let needed = x.needed(matrix.inputs);
        let given = x.values.len();
        assert!(given >= needed, "rows: {given} < {needed}");
        let product = Product {
            weight: *weight,
            rows: x.count,
            out: Cell::from_mut(out).as_slice_of_cells(),
            order: self.read_order(),
            // Found once: a product has hundreds of panels.
            padded_inputs: matrix.padded_inputs(),
            panel_bytes: matrix.panel_bytes(),
            panel_scale_bytes: matrix.panel_scale_bytes(),
        };
        format::multiply(self, product, x, scratch);
    }
}

impl Product<'_> {
    /// Where the values of a panel begin.
    #[inline(always)]
    fn panel(&self, panel: usize) -> *const u8 {
        let at = panel * self.panel_bytes;
        self.weight.values.as_ptr().wrapping_add(at)
    }

    /// Where the scales of a panel begin.
    #[inline(always)]
    fn panel_scales(&self, panel: usize) -> *const u8 {
        let at = panel * self.panel_scale_bytes;
        self.weight.scales.as_ptr().wrapping_add(at)
    }

    /// Writes panel `panel` of `row`: the sums plus bias.
    ///
    /// # Safety
    ///
    /// The product has that row and that panel.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, simd: S, row: usize, panel: usize, sums: S::F32x16) {
        let outputs = self.weight.matrix.outputs;
        let first = panel * PANEL;
        let width = PANEL.min(outputs - first);
        // SAFETY: `out` has the caller's row, which has `width` outputs from `first` on, as the
        // bias has.
        unsafe {
            let out = self.out.as_ptr().add(row * outputs + first);
            let out = out.cast::<f32>().cast_mut();
            if width == PANEL {
                let sums = match self.weight.bias {
                    Some(bias) => simd.add(sums, simd.load_f32(bias.as_ptr().add(first))),
                    None => sums,
                };
                simd.store_f32(sums, out);
                return;
            }
            let mut values = [0.0; PANEL];
            simd.store_f32(sums, values.as_mut_ptr());
            for (i, value) in values.iter().enumerate().take(width) {
                let bias = self.weight.bias.map_or(0.0, |bias| bias[first + i]);
                out.add(i).write(value + bias);
            }
        }
    }
}

#[cfg(test)]
mod tests;
