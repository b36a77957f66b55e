//! Products with q16 weights: integers of 14 bits. Sums are exact integers for as long as 32 bits
//! hold them, so that every processor gets the same.

use weights::{Matrix, PANEL, Q16_MAX};

use crate::isa::CpuKernels;
use crate::matmul::Product;
use crate::matmul::format::ActivationRounding;
use crate::matmul::pairs::pair_products;
use crate::matmul::row_quantised::{RowQuantisedProduct, quantise_rows};
use crate::matmul::tiles::{self, RowTile};
use crate::quantised_rows::A_MAX;
use crate::simd::{Simd, SimdOp};
use crate::{Rows, Scratch, WeightStats};

/// Activations are rounded to as many bits as the weights.
pub(super) const ROUNDING: ActivationRounding = ActivationRounding::Rows;
/// Pairs of inputs whose products fit into 32 bits, if all were as large as can be.
const EXACT_PAIRS: usize = (i32::MAX / (Q16_MAX * A_MAX)) as usize / 2;
/// The largest sum of weights' magnitudes that, times those of activations, fits into 32 bits.
const EXACT_SUM: u32 = (i32::MAX / A_MAX) as u32;
/// Outputs of a panel that are computed alone: the codec's last convolution has one.
const FEW_OUTPUTS: usize = 4;

/// A product with q16 weights.
struct Q16Product<'a>(RowQuantisedProduct<'a>);

/// Computes `product`, whose rows are `x`.
#[inline(never)] // see `format::multiply`
pub(super) fn multiply(
    kernels: CpuKernels,
    product: Product<'_>,
    x: Rows<'_>,
    scratch: &mut Scratch,
) {
    let strides = quantise_rows(kernels, &product.weight.matrix, x, scratch);
    let product = RowQuantisedProduct::new(product, strides, scratch);
    kernels.run(Q16Product(product));
}

impl SimdOp for Q16Product<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        #[cfg(not(target_arch = "wasm32"))]
        tiles::run_tiles(simd, &self);
        #[cfg(target_arch = "wasm32")]
        for panel in 0..self.0.product.weight.matrix.panels() {
            // SAFETY: the panel is one of the product's.
            unsafe {
                if self.is_few(panel) {
                    panel_rows::<S, true>(simd, &self, panel);
                } else {
                    panel_rows::<S, false>(simd, &self, panel);
                }
            }
        }
    }
}

impl Q16Product<'_> {
    /// Whether the panel has at most [`FEW_OUTPUTS`].
    #[inline(always)]
    fn is_few(&self, panel: usize) -> bool {
        self.0.product.weight.matrix.outputs - panel * PANEL <= FEW_OUTPUTS
    }

    /// Computes a panel for `R` rows from `row` on.
    ///
    /// # Safety
    ///
    /// The product has that panel and those rows.
    #[inline(always)]
    unsafe fn tile_of<S: Simd, const R: usize, const FEW: bool>(
        &self,
        simd: S,
        panel: usize,
        row: usize,
    ) {
        let product = &self.0.product;
        let exact_pairs = product.weight.stats.exact_pairs.max(EXACT_PAIRS);
        let pairs = [product.padded_inputs / 2, exact_pairs];
        let (values, scales) = (product.panel(panel), product.panel_scales(panel));
        // SAFETY: the caller's panel and rows are the product's, whose lengths were checked.
        unsafe {
            let x = self.0.x.as_ptr().add(row * self.0.stride);
            let sums = panel_sums::<S, R, FEW>(simd, values, scales, pairs, x, self.0.stride);
            self.0.store::<S, R>(simd, panel, row, sums);
        }
    }
}

/// All rows of a panel. A function of its own in a page, see [`super::multiply`]; a smaller one, for two
/// rows, takes as long to call as a short product.
///
/// # Safety
///
/// The product has that panel.
#[cfg(target_arch = "wasm32")]
#[inline(never)]
unsafe fn panel_rows<S: Simd, const FEW: bool>(simd: S, product: &Q16Product<'_>, panel: usize) {
    for [row, size] in tiles::row_tiles(product.0.product.rows, S::ROWS) {
        // SAFETY: the caller's panel; `row_tiles` gives rows that the product has.
        unsafe {
            match size {
                2 => product.tile_of::<S, 2, FEW>(simd, panel, row),
                _ => product.tile_of::<S, 1, false>(simd, panel, row),
            }
        }
    }
}

impl RowTile for Q16Product<'_> {
    #[inline(always)]
    fn product(&self) -> &Product<'_> {
        &self.0.product
    }

    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize>(&self, simd: S, panel: usize, row: usize) {
        // SAFETY: the caller's panel and rows are the product's.
        unsafe {
            if self.is_few(panel) {
                self.tile_of::<S, R, true>(simd, panel, row);
            } else {
                self.tile_of::<S, R, false>(simd, panel, row);
            }
        }
    }
}

/// A panel's sums for `R` rows. Weights are `[pairs][16][2]`, with one scale for each output. Sums
/// leave 32 bits after `exact_pairs`. With `FEW`, only [`FEW_OUTPUTS`] outputs are needed.
///
/// # Safety
///
/// `values` and `scales` hold a panel of that many pairs, and so does every row.
#[inline(always)]
unsafe fn panel_sums<S: Simd, const R: usize, const FEW: bool>(
    simd: S,
    values: *const u8,
    scales: *const u8,
    [pairs, exact_pairs]: [usize; 2],
    x: *const i16,
    stride: usize,
) -> [S::F32x16; R] {
    // SAFETY: `pair + i` is below `pairs`; loads need no alignment.
    unsafe {
        let values = values.cast::<i16>();
        let mut sums = [simd.zero(); R];
        let mut pair = 0;
        while pair < pairs {
            let end = pairs.min(pair + exact_pairs);
            let mut exact = [simd.zero_i32(); R];
            let weight = |i: usize| simd.load_weights2(values.wrapping_add((pair + i) * 2 * PANEL));
            pair_products::<S, R>(
                simd,
                &mut exact,
                weight,
                x.add(2 * pair),
                stride,
                end - pair,
            );
            for (sum, exact) in sums.iter_mut().zip(exact) {
                *sum = simd.add(*sum, simd.to_f32(exact));
            }
            pair = end;
        }
        let scale = simd.load_f32(scales.cast());
        for sum in &mut sums {
            *sum = simd.mul(*sum, scale);
            if FEW {
                *sum = simd.keep_lanes_0_3(*sum);
            }
        }
        sums
    }
}

/// Finds how many pairs of inputs have exact sums, because the weights are smaller than they
/// could be.
pub(super) fn stats(matrix: &Matrix, values: &[u8]) -> WeightStats {
    let panels = values.chunks_exact(matrix.panel_bytes().max(1));
    WeightStats {
        exact_pairs: panels.map(exact_pairs).min().unwrap_or_default(),
        ..WeightStats::default()
    }
}

/// The largest number of pairs, a power of two, of which no output's weights from any multiple
/// of it on have a sum of magnitudes above [`EXACT_SUM`].
fn exact_pairs(panel: &[u8]) -> usize {
    let parts = panel.chunks(EXACT_PAIRS * 4 * PANEL);
    let mut sums: Vec<[u32; PANEL]> = parts.map(magnitudes).collect();
    let mut pairs = EXACT_PAIRS;
    while sums.len() > 1 {
        let join = |two: &[[u32; PANEL]]| {
            let mut joined = two[0];
            for (sum, other) in joined.iter_mut().zip(two.get(1).unwrap_or(&[0; PANEL])) {
                *sum += other;
            }
            joined
        };
        sums = sums.chunks(2).map(join).collect();
        if sums.as_flattened().iter().any(|sum| *sum > EXACT_SUM) {
            return pairs;
        }
        pairs *= 2;
    }
    pairs
}

/// The sums of each output's magnitudes in a part of a panel.
fn magnitudes(panel: &[u8]) -> [u32; PANEL] {
    let mut magnitudes = [0_u32; 2 * PANEL];
    for pair in panel.as_chunks::<{ 4 * PANEL }>().0 {
        for (sum, weight) in magnitudes.iter_mut().zip(pair.as_chunks::<2>().0) {
            *sum += u32::from(i16::from_le_bytes(*weight).unsigned_abs());
        }
    }
    let mut sums = [0; PANEL];
    for (sum, [a, b]) in sums.iter_mut().zip(magnitudes.as_chunks::<2>().0) {
        *sum = a + b;
    }
    sums
}

#[cfg(test)]
mod tests {
    use weights::WeightFormat;

    use super::*;

    fn pairs(weight: &[f32]) -> usize {
        let matrix = Matrix {
            format: WeightFormat::Q16,
            inputs: weight.len(),
            outputs: 1,
        };
        let (values, _) = matrix.pack(weight);
        let stats = CpuKernels::detect().weight_stats(&matrix, &values);
        stats.exact_pairs.max(EXACT_PAIRS)
    }

    #[test]
    fn the_smaller_the_weights_the_longer_are_exact_sums() {
        assert_eq!(pairs(&[]), EXACT_PAIRS);
        assert_eq!(pairs(&[1.0; 128]), EXACT_PAIRS);
        let mut weight = [0.25; 1024];
        weight[0] = 1.0;
        // A quarter and one large one: four times as many, but for that one.
        assert_eq!(pairs(&weight), 2 * EXACT_PAIRS);
        weight[1..].fill(0.01);
        assert_eq!(pairs(&weight), 512);
    }
}
