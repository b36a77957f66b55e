//! Activations as integers, with one scale a row.

use crate::Rows;
use crate::isa::CpuKernels;
use crate::math::ROUND_TO_INTEGER;
use crate::simd::{SPLIT_BITS, SPLIT_OFFSET, Simd, SimdOp};

/// Largest magnitude of a quantised activation.
///
/// 32 products with q16 weights of the same bound fit into 32 bits, and 2,064 with q8 ones.
pub(crate) const A_MAX: i32 = 8191;

/// An integer that numbers are rounded to.
pub(crate) trait QuantInt: Copy + Default + Into<f32> {
    /// Largest magnitude that is used.
    const MAX: i32;

    /// The lowest bits.
    fn from_bits(bits: u32) -> Self;
}

impl QuantInt for i16 {
    const MAX: i32 = A_MAX;

    #[inline(always)]
    fn from_bits(bits: u32) -> Self {
        bits as Self
    }
}

impl QuantInt for i8 {
    const MAX: i32 = i8::MAX as i32;

    #[inline(always)]
    fn from_bits(bits: u32) -> Self {
        bits as Self
    }
}

/// Rounds `values` to multiples of one scale, the smallest that keeps all within `max`.
pub(crate) struct QuantiseRow<'a, T> {
    pub(crate) values: &'a [f32],
    /// The largest integer: at most what `T` and 15 bits hold.
    pub(crate) max: i32,
    /// The integers: as many as `values`.
    pub(crate) out: &'a mut [T],
    pub(crate) scale: &'a mut f32,
}

impl<T: QuantInt> SimdOp for QuantiseRow<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        // Magnitudes are in the order of their bits, whose maximum compilers find by vectors.
        let bits = self.values.iter().map(|value| value.abs().to_bits());
        let largest = f32::from_bits(bits.fold(0, u32::max));
        let inverse = if largest > 0.0 {
            self.max as f32 / largest
        } else {
            0.0
        };
        *self.scale = largest / self.max as f32;
        for (out, value) in self.out.iter_mut().zip(self.values) {
            *out = T::from_bits((value * inverse + ROUND_TO_INTEGER).to_bits());
        }
    }
}

impl CpuKernels {
    /// Rounds `values` to multiples of one scale, of magnitudes up to `max`, which is at most
    /// [`A_MAX`]. Returns the scale.
    ///
    /// # Panics
    ///
    /// If lengths disagree.
    pub(crate) fn quantise_to<T: QuantInt>(self, max: i32, values: &[f32], out: &mut [T]) -> f32 {
        assert_eq!(values.len(), out.len(), "numbers and integers");
        let mut scale = 0.0;
        let quantise = QuantiseRow {
            values,
            max,
            out,
            scale: &mut scale,
        };
        self.run(quantise);
        scale
    }
}

/// Rounds rows as [`QuantiseRow`] does, each to multiples of its own scale.
pub(crate) struct QuantiseRows<'a> {
    pub(crate) rows: Rows<'a>,
    /// Values of a row.
    pub(crate) inputs: usize,
    /// Values of a row of `out`: the inputs, and zeros.
    pub(crate) padded: usize,
    /// The integers, `[rows, padded]`.
    pub(crate) out: &'a mut [i16],
    /// One for each row.
    pub(crate) scales: &'a mut [f32],
}

impl SimdOp for QuantiseRows<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let out = self.out.chunks_exact_mut(self.padded);
        for ((row, out), scale) in (0..self.rows.count).zip(out).zip(self.scales) {
            let values = &self.rows.values[row * self.rows.stride..][..self.inputs];
            let (out, padding) = out.split_at_mut(self.inputs);
            padding.fill(0);
            let quantise = QuantiseRow {
                values,
                max: A_MAX,
                out,
                scale,
            };
            quantise.run(simd);
        }
    }
}

/// Splits activations into halves of 7 bits: of every four, four bytes with their lower bits, and
/// four with their upper ones, which [`SPLIT_OFFSET`] is added to.
pub(crate) struct SplitActivations<'a> {
    /// A multiple of four.
    pub(crate) activations: &'a mut [i16],
}

impl SimdOp for SplitActivations<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for four in self.activations.as_chunks_mut::<4>().0 {
            let lower = four.map(|a| (a & ((1 << SPLIT_BITS) - 1)) as u8);
            let upper = four.map(|a| ((a >> SPLIT_BITS) + SPLIT_OFFSET as i16) as u8);
            let two = |bytes: [u8; 4], i: usize| i16::from_le_bytes([bytes[i], bytes[i + 1]]);
            *four = [two(lower, 0), two(lower, 2), two(upper, 0), two(upper, 2)];
        }
    }
}
