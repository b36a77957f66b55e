//! Products with q16 weights. Sums are exact integers for as long as 32 bits hold them, so every
//! processor gets the same.

use weights::PANEL;

use super::integer::IntegerProduct;
use super::{Block, all_blocks};
use crate::isa::Kernel;
use crate::simd::Simd;

/// Outputs of a panel that are computed alone: the codec's last convolution has one.
const NARROW: usize = 4;

/// A product with q16 weights.
pub(super) struct Q16Product<'a>(pub(super) IntegerProduct<'a>);

impl Kernel for Q16Product<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: whoever made the product checked its shapes.
        unsafe { all_blocks::<S>(&self, &self.0.product) };
    }
}

impl Block for Q16Product<'_> {
    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize) {
        let weight = &self.0.product.weight;
        let pairs = [weight.matrix.padded_inputs() / 2, weight.sums.pairs()];
        let (values, scales) = (weight.panel(panel), weight.panel_scales(panel));
        // SAFETY: as the trait's.
        unsafe {
            let x = self.0.x.add(row * self.0.stride);
            let sums = if weight.matrix.outputs - panel * PANEL <= NARROW {
                q16::<S, R, true>(values, scales, pairs, x, self.0.stride)
            } else {
                q16::<S, R, false>(values, scales, pairs, x, self.0.stride)
            };
            self.0.store::<S, R>(panel, row, sums);
        }
    }
}

/// Weights `[pairs][16][2]`, one scale for each output. Sums leave 32 bits after
/// `exact_pairs`. With `N`, only [`NARROW`] outputs are needed.
///
/// # Safety
///
/// `values` and `scales` hold a panel, and every row as many numbers.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn q16<S: Simd, const R: usize, const N: bool>(
    values: *const u8,
    scales: *const u8,
    [pairs, exact_pairs]: [usize; 2],
    x: *const i16,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        let values = values.cast::<i16>();
        let mut sums = [S::zero(); R];
        let mut pair = 0;
        while pair < pairs {
            let end = pairs.min(pair + exact_pairs);
            let mut exact = [S::zero_i(); R];
            let weight = |i: usize| S::load_w2(values.wrapping_add((pair + i) * 2 * PANEL));
            pair_products::<S, R>(&mut exact, weight, x.add(2 * pair), stride, end - pair);
            for (sum, exact) in sums.iter_mut().zip(exact) {
                *sum = S::add(*sum, S::to_f32(exact));
            }
            pair = end;
        }
        let scale = S::load(scales.cast());
        for sum in &mut sums {
            *sum = S::mul(*sum, scale);
            if N {
                *sum = S::narrow(*sum);
            }
        }
        sums
    }
}

/// Adds the products of `R` rows, `stride` apart, with `pairs` of inputs: `weight` gives
/// `[16][2]` of each.
///
/// # Safety
///
/// The numbers are there.
#[inline(always)]
pub(crate) unsafe fn pair_products<S: Simd, const R: usize>(
    sums: &mut [S::I; R],
    weight: impl Fn(usize) -> S::W2,
    x: *const i16,
    stride: usize,
    pairs: usize,
) {
    // SAFETY: see above.
    unsafe {
        for pair in 0..pairs {
            let w = weight(pair);
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = S::dot2(*sum, S::splat_a2(x.add(r * stride + 2 * pair)), w);
            }
        }
    }
}
