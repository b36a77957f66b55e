//! Products of rows that are rounded to integers of 14 bits.

use weights::{Format, Matrix};

use super::q8::Q8Product;
use super::q16::Q16Product;
use super::{Product, Rows};
use crate::Scratch;
use crate::activations::{A_MAX, Planes};
use crate::isa::Kernels;
use crate::simd::Simd;
use crate::size::size;

/// A product of quantised rows.
#[derive(Clone, Copy)]
pub(super) struct IntegerProduct<'a> {
    pub(super) product: Product<'a>,
    pub(super) x: *const i16,
    pub(super) stride: usize,
    pub(super) scales: *const f32,
    pub(super) scale_stride: usize,
}

impl IntegerProduct<'_> {
    /// Writes the sums of `R` rows from `row` on.
    #[inline(always)]
    pub(super) unsafe fn store<S: Simd, const R: usize>(
        &self,
        panel: usize,
        row: usize,
        sums: [S::F; R],
    ) {
        // SAFETY: the caller's.
        unsafe {
            for (i, sums) in sums.into_iter().enumerate() {
                let scale = S::splat(*self.scales.add((row + i) * self.scale_stride));
                self.product
                    .store::<S>(row + i, panel, S::scale(sums, scale));
            }
        }
    }
}

impl Kernels {
    /// A product with weights of 16 or 8 bits. `needed` are the values of all rows together.
    pub(super) fn integer_matmul(
        self,
        product: Product<'_>,
        x: Rows<'_>,
        needed: usize,
        scratch: &mut Scratch,
    ) {
        let matrix = product.weight.matrix;
        let (stride, scale_stride) = self.quantise_rows(&matrix, x, needed, scratch);
        // Made anew once activations were changed, which ends what pointed to them.
        let product = |scratch: &Scratch| IntegerProduct {
            product,
            x: scratch.activations.as_ptr(),
            stride,
            scales: scratch.activation_scales.as_ptr(),
            scale_stride,
        };
        let planes = self.has_planes() && stride.is_multiple_of(4);
        // SAFETY: `quantise_rows` made the rows.
        unsafe {
            match matrix.format {
                Format::Q8 if planes => {
                    let activations = &mut scratch.activations;
                    self.run(Planes { activations });
                    self.run_on_bytes(Q8Product(product(scratch)));
                }
                Format::Q8 => self.run(Q8Product(product(scratch))),
                _ => self.run(Q16Product(product(scratch))),
            }
        }
    }

    /// Quantises rows: each with a scale of its own, unless they overlap. Returns the strides
    /// of rows and of scales.
    fn quantise_rows(
        self,
        matrix: &Matrix,
        x: Rows<'_>,
        needed: usize,
        scratch: &mut Scratch,
    ) -> (usize, usize) {
        let padded = matrix.padded_inputs();
        let Scratch {
            activations,
            activation_scales,
            ..
        } = scratch;
        activation_scales.clear();
        let mut quantise = |values: &[f32], out: &mut [i16]| {
            activation_scales.push(self.quantise_to(A_MAX, values, out));
        };
        if x.stride < matrix.inputs {
            // What fills up the last row's last group meets weights of zero.
            activations.resize((needed + padded - matrix.inputs).next_multiple_of(4), 0);
            let (out, filling) = activations.split_at_mut(needed);
            quantise(&x.values[..needed], out);
            filling.fill(0);
            (x.stride, 0)
        } else {
            activations.resize(size([x.count, padded]), 0);
            for (i, out) in activations.chunks_exact_mut(padded).enumerate() {
                let row = &x.values[i * x.stride..][..matrix.inputs];
                let (out, filling) = out.split_at_mut(matrix.inputs);
                quantise(row, out);
                filling.fill(0);
            }
            (padded, 1)
        }
    }
}
