//! What this processor does at most: how fast it reads memory, and how many multiplications and
//! additions the operations do that products are made of. `cargo xtask bench roofline` compares
//! products with these limits.

use std::hint::black_box;

use weights::PANEL;

use crate::CpuKernels;
use crate::memory::{CACHE_LINE, PREFETCH_DISTANCE};
use crate::simd::{Simd, SimdOp};

/// Bytes of a stream that are read before the next stream's.
const READ_BYTES: usize = 8 * CACHE_LINE;
/// Vectors of weights that are used again and again, so that they stay in the first cache.
const VECTORS: usize = 16;
/// Activations that they are multiplied with: four inputs of each row.
const ACTIVATIONS: usize = 4 * 8;

/// The operation that most of a product's time goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DotOperation {
    /// Of f32 numbers: f32 and bf16 weights.
    F32,
    /// Of 16-bit integers: q16 weights.
    I16,
    /// Of 14-bit activations and 8-bit weights: q8.
    Q8,
    /// Of bytes: q6 and q4.
    Bytes,
}

impl DotOperation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::F32, Self::I16, Self::Q8, Self::Bytes];

    /// The name, for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I16 => "16 bits",
            Self::Q8 => "14 by 8 bits",
            Self::Bytes => "bytes",
        }
    }
}

impl CpuKernels {
    /// Reads `data` once, as `streams` parts (1, 2 or 4) that are read interleaved. Returns how
    /// many bytes were read: all but an odd end.
    ///
    /// # Panics
    ///
    /// With another number of streams.
    pub fn read_memory(self, data: &[u8], streams: usize) -> usize {
        assert!(matches!(streams, 1 | 2 | 4), "{streams} streams");
        let part = data.len() / streams / READ_BYTES * READ_BYTES;
        self.run(ReadMemory {
            data,
            streams,
            part,
        });
        part * streams
    }

    /// Repeats an operation with data in registers and in the first cache. Returns how many
    /// multiplications with an addition were done.
    pub fn repeat_dots(self, operation: DotOperation, times: usize) -> usize {
        let mut products = 0;
        self.run_on_bytes(RepeatDots {
            operation,
            times,
            products: &mut products,
        });
        products
    }
}

struct ReadMemory<'a> {
    data: &'a [u8],
    streams: usize,
    /// Bytes of each stream.
    part: usize,
}

impl SimdOp for ReadMemory<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.streams {
            1 => self.read::<S, 1>(simd),
            2 => self.read::<S, 2>(simd),
            _ => self.read::<S, 4>(simd),
        }
    }
}

impl ReadMemory<'_> {
    #[inline(always)]
    fn read<S: Simd, const STREAMS: usize>(&self, simd: S) {
        const SUMS: usize = 4;
        let mut sums = [simd.zero(); SUMS];
        for at in (0..self.part).step_by(READ_BYTES) {
            for stream in 0..STREAMS {
                let from = self.data.as_ptr().wrapping_add(stream * self.part + at);
                for line in 0..READ_BYTES / CACHE_LINE {
                    let from = from.wrapping_add(line * CACHE_LINE);
                    let sum = &mut sums[line % SUMS];
                    // SAFETY: the line lies in the stream's part of `data`; what is prefetched is
                    // not read where prefetching does not wait.
                    unsafe {
                        if !S::PREFETCH_WAITS {
                            simd.prefetch(from.wrapping_add(PREFETCH_DISTANCE));
                        }
                        *sum = simd.add(*sum, simd.load_f32(from.cast()));
                    }
                }
            }
        }
        for sum in sums {
            keep(simd, sum);
        }
    }
}

struct RepeatDots<'a> {
    operation: DotOperation,
    times: usize,
    products: &'a mut usize,
}

impl SimdOp for RepeatDots<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        *self.products = match S::ROWS {
            8.. => self.dots::<S, 8>(simd),
            4.. => self.dots::<S, 4>(simd),
            _ => self.dots::<S, 2>(simd),
        };
    }
}

impl RepeatDots<'_> {
    #[inline(always)]
    fn dots<S: Simd, const R: usize>(&self, simd: S) -> usize {
        const { assert!(4 * R <= ACTIVATIONS) }
        let weights = black_box([1_u8; VECTORS * CACHE_LINE]);
        let activations = black_box([1_i16; ACTIVATIONS]);
        let (weights, activations, times) = (weights.as_ptr(), activations.as_ptr(), self.times);
        // SAFETY: both arrays are as long as each function reads them for its rows.
        unsafe {
            match self.operation {
                DotOperation::F32 => f32s::<S, R>(simd, times, activations, weights),
                DotOperation::I16 => i16s::<S, R>(simd, times, activations, weights),
                DotOperation::Q8 => q8s::<S, R>(simd, times, activations, weights),
                DotOperation::Bytes => bytes::<S, R>(simd, times, activations, weights),
            }
        }
    }
}

/// # Safety
///
/// There are [`VECTORS`] lines of weights and 4 activations for each row.
#[inline(always)]
unsafe fn f32s<S: Simd, const R: usize>(
    simd: S,
    times: usize,
    activations: *const i16,
    weights: *const u8,
) -> usize {
    let mut sums = [simd.zero(); R];
    for i in 0..times {
        // SAFETY: the caller's weights and activations.
        unsafe {
            let w = simd.load_f32(weights.add(i % VECTORS * CACHE_LINE).cast());
            for (row, sum) in sums.iter_mut().enumerate() {
                let a = simd.splat(f32::from(*activations.add(4 * row)));
                *sum = simd.mul_add(*sum, a, w);
            }
        }
    }
    for sum in sums {
        keep(simd, sum);
    }
    times * R * PANEL
}

/// # Safety
///
/// As [`f32s`].
#[inline(always)]
unsafe fn i16s<S: Simd, const R: usize>(
    simd: S,
    times: usize,
    activations: *const i16,
    weights: *const u8,
) -> usize {
    let mut sums = [simd.zero_i32(); R];
    for i in 0..times {
        // SAFETY: the caller's weights and activations.
        unsafe {
            let w = simd.load_weights2(weights.add(i % VECTORS * CACHE_LINE).cast());
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = simd.dot2(*sum, simd.splat_acts2(activations.add(4 * row)), w);
            }
        }
    }
    for sum in sums {
        keep(simd, simd.to_f32(sum));
    }
    times * R * PANEL * 2
}

/// # Safety
///
/// As [`f32s`].
#[inline(always)]
unsafe fn q8s<S: Simd, const R: usize>(
    simd: S,
    times: usize,
    activations: *const i16,
    weights: *const u8,
) -> usize {
    let starts = [0_i32; PANEL / 2];
    // SAFETY: there are 8 starts; the caller's weights and activations.
    unsafe {
        let mut sums = [simd.init_half_acc(starts.as_ptr()); R];
        for i in 0..times {
            let w = simd.load_weights4(weights.add(i % VECTORS * CACHE_LINE).cast());
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = simd.dot4(*sum, simd.splat_acts4(activations.add(4 * row)), w);
            }
        }
        for sum in sums {
            keep(simd, simd.halves_to_f32([sum; 2]));
        }
    }
    times * R * PANEL / 2 * 4
}

/// # Safety
///
/// As [`f32s`].
#[inline(always)]
unsafe fn bytes<S: Simd, const R: usize>(
    simd: S,
    times: usize,
    activations: *const i16,
    weights: *const u8,
) -> usize {
    let mut sums = [simd.zero_i32(); R];
    for i in 0..times {
        // SAFETY: the caller's weights and activations.
        unsafe {
            let w = weights.add(i % VECTORS * CACHE_LINE);
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = simd.dot_bytes(*sum, activations.add(4 * row).cast(), w);
            }
        }
    }
    for sum in sums {
        keep(simd, simd.to_f32(sum));
    }
    times * R * PANEL * 4
}

/// Makes the compiler believe that a sum is needed.
#[inline(always)]
fn keep<S: Simd>(simd: S, sum: S::F32x16) {
    let mut values = [0.0; PANEL];
    // SAFETY: there is room for a vector.
    unsafe { simd.store_f32(sum, values.as_mut_ptr()) };
    black_box(&values);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;

    #[test]
    fn what_was_done_is_counted() {
        for isa in Isa::available() {
            let kernels = CpuKernels::new(isa).unwrap();
            let data = vec![0; 4 * READ_BYTES + 1];
            assert_eq!(kernels.read_memory(&data, 4), 4 * READ_BYTES);
            let all = DotOperation::ALL;
            let done = all.map(|operation| kernels.repeat_dots(operation, 20));
            let [f32s, i16s, _, bytes] = done;
            assert_eq!([i16s, bytes], [2 * f32s, 4 * f32s], "{isa:?}");
        }
    }
}
