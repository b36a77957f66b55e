//! Products of rows that are rounded to integers of 14 bits.

use weights::Matrix;

use super::Product;
use crate::isa::CpuKernels;
use crate::quantised_rows::{A_MAX, QuantiseRows};
use crate::simd::Simd;
use crate::size::size;
use crate::{Rows, Scratch};

/// A product of quantised rows, of which there are as many as the product needs.
#[derive(Clone, Copy)]
pub(super) struct RowQuantisedProduct<'a> {
    pub(super) product: Product<'a>,
    pub(super) x: &'a [i16],
    /// Values from the start of one row to the start of the next.
    pub(super) stride: usize,
    scales: &'a [f32],
    /// From one row's scale to the next's: 0 where all rows have one.
    scale_stride: usize,
}

/// Strides of rows that were quantised, and of their scales.
#[derive(Clone, Copy)]
pub(super) struct RowStrides {
    pub(super) rows: usize,
    scales: usize,
}

impl<'a> RowQuantisedProduct<'a> {
    /// The product of the rows that [`quantise_rows`] left in `scratch`.
    pub(super) fn new(product: Product<'a>, strides: RowStrides, scratch: &'a Scratch) -> Self {
        Self {
            product,
            x: &scratch.quantised_rows,
            stride: strides.rows,
            scales: &scratch.row_scales,
            scale_stride: strides.scales,
        }
    }

    /// Writes the sums of `R` rows from `row` on.
    ///
    /// # Safety
    ///
    /// The product has that panel and those rows.
    #[inline(always)]
    pub(super) unsafe fn store<S: Simd, const R: usize>(
        &self,
        simd: S,
        panel: usize,
        row: usize,
        sums: [S::F32x16; R],
    ) {
        for (i, sums) in sums.into_iter().enumerate() {
            // SAFETY: the caller's rows are the product's, and each has a scale.
            unsafe {
                let scale = *self.scales.as_ptr().add((row + i) * self.scale_stride);
                let sums = simd.scale(sums, simd.splat(scale));
                self.product.store(simd, row + i, panel, sums);
            }
        }
    }
}

/// Quantises the rows of a product with `matrix` into `scratch`: each with a scale of its own,
/// unless they overlap.
pub(super) fn quantise_rows(
    kernels: CpuKernels,
    matrix: &Matrix,
    x: Rows<'_>,
    scratch: &mut Scratch,
) -> RowStrides {
    let padded = matrix.padded_inputs();
    let Scratch {
        quantised_rows,
        row_scales,
        ..
    } = scratch;
    if x.stride < matrix.inputs {
        // What fills up the last row's last group meets weights of zero.
        let values = &x.values[..x.needed(matrix.inputs)];
        let padding = padded - matrix.inputs;
        quantised_rows.resize((values.len() + padding).next_multiple_of(4), 0);
        let (out, padding) = quantised_rows.split_at_mut(values.len());
        row_scales.clear();
        row_scales.push(kernels.quantise_to(A_MAX, values, out));
        padding.fill(0);
        RowStrides {
            rows: x.stride,
            scales: 0,
        }
    } else {
        quantised_rows.resize(size([x.count, padded]), 0);
        row_scales.resize(x.count, 0.0);
        kernels.run(QuantiseRows {
            rows: x,
            inputs: matrix.inputs,
            padded,
            out: quantised_rows,
            scales: row_scales,
        });
        RowStrides {
            rows: padded,
            scales: 1,
        }
    }
}
