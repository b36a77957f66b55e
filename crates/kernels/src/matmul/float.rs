//! One panel of f32 or bf16 weights.

use weights::PANEL;

use crate::simd::Simd;

/// A stored number that widens to f32.
pub(super) trait Number {
    /// Sixteen numbers, the `at`-th sixteen of `from`.
    unsafe fn load<S: Simd>(from: *const u8, at: usize) -> S::F;
}

/// f32 as it is.
pub(super) struct F32;
/// The upper half of an f32.
pub(super) struct Bf16;

impl Number for F32 {
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const u8, at: usize) -> S::F {
        // SAFETY: the caller's; loads need no alignment.
        unsafe { S::load(from.cast::<f32>().wrapping_add(at * PANEL)) }
    }
}

impl Number for Bf16 {
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const u8, at: usize) -> S::F {
        // SAFETY: the caller's; loads need no alignment.
        unsafe { S::load_bf16(from.cast::<u16>().wrapping_add(at * PANEL)) }
    }
}

/// The sums over all `inputs` for `R` rows.
///
/// # Safety
///
/// `weights` holds `inputs` times 16 numbers, and every row `inputs`.
#[inline(always)]
pub(super) unsafe fn sums<S: Simd, N: Number, const R: usize>(
    weights: *const u8,
    inputs: usize,
    x: *const f32,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        if R == 1 {
            return [one_row::<S, N>(weights, inputs, x); R];
        }
        let mut sums = [S::zero(); R];
        for k in 0..inputs {
            let w = N::load::<S>(weights, k);
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = S::mul_add(*sum, S::splat(*x.add(r * stride + k)), w);
            }
        }
        sums
    }
}

/// One row: four sums side by side, for one alone would wait for each product.
#[inline(always)]
unsafe fn one_row<S: Simd, N: Number>(weights: *const u8, inputs: usize, x: *const f32) -> S::F {
    // SAFETY: as `sums`.
    unsafe {
        let mut sums = [S::zero(); 4];
        for k in (0..inputs / 4 * 4).step_by(4) {
            for (i, sum) in sums.iter_mut().enumerate() {
                let w = N::load::<S>(weights, k + i);
                *sum = S::mul_add(*sum, S::splat(*x.add(k + i)), w);
            }
        }
        for k in inputs / 4 * 4..inputs {
            sums[0] = S::mul_add(sums[0], S::splat(*x.add(k)), N::load::<S>(weights, k));
        }
        let [a, b, c, d] = sums;
        S::add(S::add(a, b), S::add(c, d))
    }
}
