//! Products with q16 and q4 weights. Sums are exact integers for as long as 32 bits hold them,
//! so every processor gets the same.

use std::ptr;

use formats::{Format, PANEL, Q4_BLOCK};

use super::{Block, Product, Weight, all_blocks};

use crate::isa::Kernel;
use crate::simd::Simd;

/// Outputs of a panel that are computed alone: the codec's last convolution has one.
const NARROW: usize = 4;

/// A product of quantised rows.
pub(super) struct IntegerProduct<'a> {
    pub(super) product: Product<'a>,
    pub(super) x: *const i16,
    pub(super) stride: usize,
    pub(super) scales: *const f32,
    pub(super) scale_stride: usize,
}

impl Kernel for IntegerProduct<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: whoever made the product checked its shapes.
        unsafe { all_blocks::<S>(&self, &self.product) };
    }
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

impl Block for IntegerProduct<'_> {
    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize) {
        let Weight {
            matrix,
            values,
            scales,
            ..
        } = self.product.weight;
        let inputs = matrix.padded_inputs();
        // SAFETY: as the trait's.
        unsafe {
            let values = values.as_ptr().add(panel * matrix.panel_bytes());
            let scales = scales.as_ptr().add(panel * matrix.panel_scale_bytes());
            let x = self.x.add(row * self.stride);
            let sums = match matrix.format {
                Format::Q16 => {
                    let pairs = [inputs / 2, self.product.weight.sums.pairs()];
                    if matrix.outputs - panel * PANEL <= NARROW {
                        q16::<S, R, true>(values, scales, pairs, x, self.stride)
                    } else {
                        q16::<S, R, false>(values, scales, pairs, x, self.stride)
                    }
                }
                _ => q4::<S, R>(values, scales, inputs, x, self.stride),
            };
            self.store::<S, R>(panel, row, sums);
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
            let (panel, x) = (values.wrapping_add(pair * 2 * PANEL), x.add(2 * pair));
            pair_products::<S, R>(&mut exact, panel, x, stride, end - pair);
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

/// Adds the products of `R` rows, `stride` apart, with `pairs` of inputs: `panel` is
/// `[pairs][16][2]`.
///
/// # Safety
///
/// The numbers are there.
#[inline(always)]
pub(crate) unsafe fn pair_products<S: Simd, const R: usize>(
    sums: &mut [S::I; R],
    panel: *const i16,
    x: *const i16,
    stride: usize,
    pairs: usize,
) {
    // SAFETY: see above.
    unsafe {
        for pair in 0..pairs {
            let w = S::load_w2(panel.wrapping_add(pair * 2 * PANEL));
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = S::dot2(*sum, S::splat_a2(x.add(r * stride + 2 * pair)), w);
            }
        }
    }
}

/// Weights of 4 bits, `[inputs / 8][16][4]` bytes, a scale for each output and 32 inputs.
///
/// # Safety
///
/// As [`q16`]'s.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn q4<S: Simd, const R: usize>(
    values: *const u8,
    scales: *const u8,
    inputs: usize,
    x: *const i16,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        let scales = scales.cast::<u16>();
        let mut sums = [S::zero(); R];
        for block in 0..inputs / Q4_BLOCK {
            let mut halves = [[S::zero_h(); 2]; R];
            for eight in block * Q4_BLOCK / 8..(block + 1) * Q4_BLOCK / 8 {
                for half in 0..2 {
                    let values = values.wrapping_add((2 * eight + half) * 2 * PANEL);
                    let [lower, upper] = S::load_w4_nibbles(values);
                    for (r, halves) in halves.iter_mut().enumerate() {
                        let x = x.add(r * stride + 8 * eight);
                        let sum = S::dot4(halves[half], S::splat_a4(x), lower);
                        halves[half] = S::dot4(sum, S::splat_a4(x.add(4)), upper);
                    }
                }
            }
            let scale = S::load_f16(scales.wrapping_add(block * PANEL));
            for (sum, halves) in sums.iter_mut().zip(halves) {
                let exact = S::halves_to_f32(halves, ptr::null());
                *sum = S::mul_add_lanes(*sum, exact, scale);
            }
        }
        sums
    }
}
