//! Activations as integers.

use formats::BLOCK;

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
    /// Rounds `values` to multiples of one scale, of up to 14 bits. Returns the scale.
    ///
    /// # Panics
    ///
    /// If lengths disagree.
    pub fn quantise(self, values: &[f32], out: &mut [i16]) -> f32 {
        self.quantise_to(A_MAX, values, out)
    }

    /// The same for magnitudes up to `max`, which is at most [`A_MAX`].
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
/// and four with what is above. Without `SIGNED`, lower ones are 0 to 127 and upper ones have
/// [`PLANE_OFFSET`] too much; with it, both have a sign.
pub(crate) struct Planes<'a, const SIGNED: bool> {
    /// A multiple of four.
    pub(crate) activations: &'a mut [i16],
}

/// The lower bits of an activation, with a sign.
#[inline(always)]
fn signed_lower(a: i16) -> i16 {
    a << (16 - PLANE_BITS) >> (16 - PLANE_BITS)
}

impl<const SIGNED: bool> Kernel for Planes<'_, SIGNED> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for four in self.activations.as_chunks_mut::<4>().0 {
            let lower = four.map(|a| {
                if SIGNED {
                    signed_lower(a)
                } else {
                    a & ((1 << PLANE_BITS) - 1)
                }
            });
            let mut upper = *four;
            for (upper, lower) in upper.iter_mut().zip(lower) {
                *upper = (*upper - lower) >> PLANE_BITS;
                if !SIGNED {
                    *upper += PLANE_OFFSET as i16;
                }
            }
            let [lower, upper] = [lower, upper].map(|plane| plane.map(|a| a as u8));
            let two = |bytes: [u8; 4], i: usize| i16::from_le_bytes([bytes[i], bytes[i + 1]]);
            *four = [two(lower, 0), two(lower, 2), two(upper, 0), two(upper, 2)];
        }
    }
}

/// What the sums of products with codes begin with, which are weights plus `offset`: the sum of
/// a block's activations times that, with the sign changed. In planes, that of the lower and
/// that of the upper one; otherwise all of it, and 0.
pub(crate) struct CodeSums<'a> {
    /// `rows` of `inputs`, whole blocks, `stride` apart.
    pub(crate) activations: &'a [i16],
    pub(crate) rows: usize,
    pub(crate) stride: usize,
    pub(crate) inputs: usize,
    pub(crate) offset: i32,
    pub(crate) planes: bool,
    /// Becomes `[rows, blocks]`.
    pub(crate) out: &'a mut Vec<[i32; 2]>,
}

impl Kernel for CodeSums<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        self.out.clear();
        for row in 0..self.rows {
            let row = &self.activations[row * self.stride..][..self.inputs];
            self.out
                .extend(row.as_chunks::<BLOCK>().0.iter().map(|block| {
                    let sum: i32 = block.iter().map(|a| i32::from(*a)).sum();
                    let lower = if self.planes {
                        block.iter().map(|a| i32::from(signed_lower(*a))).sum()
                    } else {
                        sum
                    };
                    [lower, (sum - lower) >> PLANE_BITS].map(|sum| -self.offset * sum)
                }));
        }
    }
}
