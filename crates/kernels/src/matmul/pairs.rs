//! Products of pairs of 16-bit integers, whose sums are exact.

use crate::rows::rows_for_loop;
use crate::simd::Simd;

/// Adds the products of `R` rows, `stride` apart, with `pairs` of inputs: `weight` gives
/// `[16][2]` of each.
///
/// # Safety
///
/// Every row has that many pairs from `x` on, and `weight` gives those of every index below
/// `pairs`.
#[inline(always)]
pub(crate) unsafe fn pair_products<S: Simd, const R: usize>(
    simd: S,
    sums: &mut [S::I32x16; R],
    weight: impl Fn(usize) -> S::Weights2,
    x: *const i16,
    stride: usize,
    pairs: usize,
) {
    let (x, stride) = rows_for_loop::<_, R>(x, stride);
    for pair in 0..pairs {
        let w = weight(pair);
        for (r, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the caller's rows have this pair.
            unsafe {
                *sum = simd.dot2(*sum, simd.splat_acts2(x.add(r * stride + 2 * pair)), w);
            }
        }
    }
}
