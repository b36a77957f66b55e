//! Products with weights that are floating-point numbers.

use std::marker::PhantomData;

use super::Product;
use super::tiles::{RowTile, run_tiles};
use crate::Rows;
use crate::rows::rows_for_loop;
use crate::simd::{Simd, SimdOp};

/// A stored number that widens to f32.
pub(super) trait FloatElement {
    /// Sixteen numbers, the `at`-th sixteen of `from`.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load<S: Simd>(simd: S, from: *const u8, at: usize) -> S::F32x16;
}

/// A product of f32 rows with weights of type `E`.
pub(super) struct FloatProduct<'a, E> {
    product: Product<'a>,
    x: Rows<'a>,
    element: PhantomData<E>,
}

impl<'a, E> FloatProduct<'a, E> {
    /// `product`, whose rows are `x` and whose weights are of type `E`.
    pub(super) fn new(product: Product<'a>, x: Rows<'a>) -> Self {
        Self {
            product,
            x,
            element: PhantomData,
        }
    }
}

impl<E: FloatElement> SimdOp for FloatProduct<'_, E> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        run_tiles(simd, &self);
    }
}

impl<E: FloatElement> RowTile for FloatProduct<'_, E> {
    #[inline(always)]
    fn product(&self) -> &Product<'_> {
        &self.product
    }

    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize>(&self, simd: S, panel: usize, row: usize) {
        let weight = &self.product.weight;
        // SAFETY: the caller's panel and rows are the product's, whose lengths were checked.
        unsafe {
            let x = self.x.values.as_ptr().add(row * self.x.stride);
            let (values, inputs) = (self.product.panel(panel), weight.matrix.inputs);
            let sums = panel_sums::<S, E, R>(simd, values, inputs, x, self.x.stride);
            for (i, sums) in sums.into_iter().enumerate() {
                self.product.store(simd, row + i, panel, sums);
            }
        }
    }
}

/// The sums over all `inputs` for `R` rows.
///
/// # Safety
///
/// `weights` holds `inputs` times 16 numbers, and every row `inputs`.
#[inline(always)]
unsafe fn panel_sums<S: Simd, E: FloatElement, const R: usize>(
    simd: S,
    weights: *const u8,
    inputs: usize,
    x: *const f32,
    stride: usize,
) -> [S::F32x16; R] {
    // SAFETY: every index below `inputs` is one of the caller's.
    unsafe {
        if R == 1 {
            return [row_sums::<S, E>(simd, weights, inputs, x); R];
        }
        let mut sums = [simd.zero(); R];
        let (x, stride) = rows_for_loop::<_, R>(x, stride);
        for k in 0..inputs {
            let w = E::load(simd, weights, k);
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = simd.mul_add(*sum, simd.splat(*x.add(r * stride + k)), w);
            }
        }
        sums
    }
}

/// One row: four independent sums, for one alone would wait for each product.
///
/// # Safety
///
/// `weights` holds `inputs` times 16 numbers, and the row `inputs`.
#[inline(always)]
unsafe fn row_sums<S: Simd, E: FloatElement>(
    simd: S,
    weights: *const u8,
    inputs: usize,
    x: *const f32,
) -> S::F32x16 {
    // SAFETY: every index below `inputs` is one of the caller's.
    unsafe {
        let mut sums = [simd.zero(); 4];
        for k in (0..inputs / 4 * 4).step_by(4) {
            for (i, sum) in sums.iter_mut().enumerate() {
                let w = E::load(simd, weights, k + i);
                *sum = simd.mul_add(*sum, simd.splat(*x.add(k + i)), w);
            }
        }
        for k in inputs / 4 * 4..inputs {
            sums[0] = simd.mul_add(sums[0], simd.splat(*x.add(k)), E::load(simd, weights, k));
        }
        let [a, b, c, d] = sums;
        simd.add(simd.add(a, b), simd.add(c, d))
    }
}
