//! Activations as integers.

use crate::isa::Kernel;
use crate::simd::Simd;

/// Largest magnitude of a quantised activation.
///
/// 32 products with q16 weights of the same bound fit into 32 bits, and 2,064 with q8 ones.
pub(crate) const A_MAX: i32 = 8191;
/// Adding it to a number below 2^22 in magnitude leaves the nearest integer in the lower bits.
const ROUND: f32 = 12_582_912.0;

/// Rounds `values` to multiples of one scale, the smallest that keeps all within [`A_MAX`].
pub(crate) struct Quantise<'a> {
    pub(crate) values: &'a [f32],
    /// As long as `values`.
    pub(crate) out: &'a mut [i16],
    pub(crate) scale: &'a mut f32,
}

impl Kernel for Quantise<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // Sixteen maxima side by side: a vector of them.
        let mut largest = [0.0_f32; 16];
        let (chunks, rest) = self.values.as_chunks::<16>();
        for chunk in chunks {
            for (largest, value) in largest.iter_mut().zip(chunk) {
                let value = value.abs();
                *largest = if value > *largest { value } else { *largest };
            }
        }
        let largest = largest
            .iter()
            .chain(rest)
            .fold(0.0_f32, |a, b| a.max(b.abs()));
        let inverse = if largest > 0.0 {
            A_MAX as f32 / largest
        } else {
            0.0
        };
        *self.scale = largest / A_MAX as f32;
        for (out, value) in self.out.iter_mut().zip(self.values) {
            *out = (value * inverse + ROUND).to_bits() as i16;
        }
    }
}
