//! Activations as integers.

use crate::isa::{Kernel, Kernels};
use crate::simd::Simd;

/// Largest magnitude of a quantised activation.
///
/// 32 products with q16 weights of the same bound fit into 32 bits, and 2,064 with q8 ones.
pub(crate) const A_MAX: i32 = 8191;
/// Bits of a plane of activations.
pub(crate) const PLANE_BITS: u32 = 7;
/// What is added to activations in planes, so that they have no sign: this power of 2.
pub(crate) const OFFSET_BITS: u32 = 13;
/// Adding it to a number below 2^22 in magnitude leaves the nearest integer in the lower bits.
const ROUND: f32 = 12_582_912.0;

/// Rounds `values` to multiples of one scale, the smallest that keeps all within `max`.
pub(crate) struct Quantise<'a> {
    pub(crate) values: &'a [f32],
    /// At most 15 bits.
    pub(crate) max: i32,
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
            self.max as f32 / largest
        } else {
            0.0
        };
        *self.scale = largest / self.max as f32;
        for (out, value) in self.out.iter_mut().zip(self.values) {
            *out = (value * inverse + ROUND).to_bits() as i16;
        }
    }
}

impl Kernels {
    /// Rounds `values` to multiples of one scale, of up to 14 bits. Returns the scale.
    ///
    /// # Panics
    ///
    /// If lengths disagree.
    pub fn quantise(self, values: &[f32], out: &mut [i16]) -> f32 {
        self.quantise_to(A_MAX, values, out)
    }

    /// The same for magnitudes up to `max`, which is at most [`A_MAX`].
    pub(crate) fn quantise_to(self, max: i32, values: &[f32], out: &mut [i16]) -> f32 {
        assert_eq!(values.len(), out.len(), "numbers and integers");
        let mut scale = 0.0;
        let kernel = Quantise {
            values,
            max,
            out,
            scale: &mut scale,
        };
        // SAFETY: the kernel needs nothing but its slices.
        unsafe { self.run(kernel) };
        scale
    }
}

/// Parts activations into planes of 7 bits: of every four, four bytes with their lower bits,
/// and four with what is above, plus 64.
pub(crate) struct Planes<'a> {
    /// A multiple of four.
    pub(crate) activations: &'a mut [i16],
}

impl Kernel for Planes<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        const LOWER: i16 = (1 << PLANE_BITS) - 1;
        const OFFSET: i16 = 1 << (OFFSET_BITS - PLANE_BITS);
        for four in self.activations.as_chunks_mut::<4>().0 {
            let lower = four.map(|a| (a & LOWER) as u8);
            let upper = four.map(|a| ((a >> PLANE_BITS) + OFFSET) as u8);
            let two = |bytes: [u8; 4], i: usize| i16::from_le_bytes([bytes[i], bytes[i + 1]]);
            *four = [two(lower, 0), two(lower, 2), two(upper, 0), two(upper, 2)];
        }
    }
}
