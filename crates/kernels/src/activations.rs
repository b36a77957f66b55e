//! Activations as integers, with one scale a row.

use crate::isa::{Kernel, Kernels};
use crate::simd::Simd;

/// Largest magnitude of a quantised activation.
///
/// 32 products with q16 weights of the same bound fit into 32 bits, and 2,064 with q8 ones.
pub(crate) const A_MAX: i32 = 8191;
/// Bits of a plane of activations.
pub(crate) const PLANE_BITS: u32 = 7;
/// What is added to the upper plane of activations, so that it has no sign.
pub(crate) const PLANE_OFFSET: i32 = 1 << (13 - PLANE_BITS);
/// Adding it to a number below 2^22 in magnitude leaves the nearest integer in the lower bits.
const ROUND: f32 = 12_582_912.0;

/// What numbers are rounded to.
pub(crate) trait Integer: Copy + Default + Into<f32> {
    /// Largest magnitude that is used.
    const MAX: i32;

    /// The lowest bits.
    fn from_bits(bits: u32) -> Self;
}

impl Integer for i16 {
    const MAX: i32 = A_MAX;

    #[inline(always)]
    fn from_bits(bits: u32) -> Self {
        bits as Self
    }
}

impl Integer for i8 {
    const MAX: i32 = i8::MAX as i32;

    #[inline(always)]
    fn from_bits(bits: u32) -> Self {
        bits as Self
    }
}

/// Rounds `values` to multiples of one scale, the smallest that keeps all within `max`.
pub(crate) struct Quantise<'a, T> {
    pub(crate) values: &'a [f32],
    /// At most what `T` and 15 bits hold.
    pub(crate) max: i32,
    /// As long as `values`.
    pub(crate) out: &'a mut [T],
    pub(crate) scale: &'a mut f32,
}

impl<T: Integer> Kernel for Quantise<'_, T> {
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
            *out = T::from_bits((value * inverse + ROUND).to_bits());
        }
    }
}

impl Kernels {
    /// Rounds `values` to multiples of one scale, of magnitudes up to `max`, which is at most
    /// [`A_MAX`]. Returns the scale.
    ///
    /// # Panics
    ///
    /// If lengths disagree.
    pub(crate) fn quantise_to<T: Integer>(self, max: i32, values: &[f32], out: &mut [T]) -> f32 {
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
/// and four with what is above, which has [`PLANE_OFFSET`] too much.
pub(crate) struct Planes<'a> {
    /// A multiple of four.
    pub(crate) activations: &'a mut [i16],
}

impl Kernel for Planes<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for four in self.activations.as_chunks_mut::<4>().0 {
            let lower = four.map(|a| (a & ((1 << PLANE_BITS) - 1)) as u8);
            let upper = four.map(|a| ((a >> PLANE_BITS) + PLANE_OFFSET as i16) as u8);
            let two = |bytes: [u8; 4], i: usize| i16::from_le_bytes([bytes[i], bytes[i + 1]]);
            *four = [two(lower, 0), two(lower, 2), two(upper, 0), two(upper, 2)];
        }
    }
}
