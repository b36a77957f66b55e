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
        // SAFETY: every operation reads four activations and a line of weights, which is what it
        // is given, and the starts of half a panel's sums.
        unsafe {
            let products = match self.operation {
                DotOperation::F32 => {
                    let add = |sum, a: *const i16, w: *const u8| {
                        let a = simd.splat(f32::from(*a));
                        simd.mul_add(sum, a, simd.load_f32(w.cast()))
                    };
                    for sum in self.repeat::<_, R>(simd.zero(), add) {
                        keep(simd, sum);
                    }
                    PANEL
                }
                DotOperation::I16 => {
                    let add = |sum, a: *const i16, w: *const u8| {
                        let w = simd.load_weights2(w.cast());
                        simd.dot2(sum, simd.splat_acts2(a), w)
                    };
                    for sum in self.repeat::<_, R>(simd.zero_i32(), add) {
                        keep(simd, simd.to_f32(sum));
                    }
                    PANEL * 2
                }
                DotOperation::Q8 => {
                    let starts = [0_i32; PANEL / 2];
                    let add = |sum, a: *const i16, w: *const u8| {
                        let w = simd.load_weights4(w.cast());
                        simd.dot4(sum, simd.splat_acts4(a), w)
                    };
                    for sum in self.repeat::<_, R>(simd.init_half_acc(starts.as_ptr()), add) {
                        keep(simd, simd.halves_to_f32([sum; 2]));
                    }
                    PANEL / 2 * 4
                }
                DotOperation::Bytes => {
                    let add = |sum, a: *const i16, w| simd.dot_bytes(sum, a.cast(), w);
                    for sum in self.repeat::<_, R>(simd.zero_i32(), add) {
                        keep(simd, simd.to_f32(sum));
                    }
                    PANEL * 4
                }
            };
            self.times * R * products
        }
    }

    /// The sums of `R` rows, which begin with `first`. `add` adds products to a sum: those of four
    /// activations of its row with a line of weights.
    #[inline(always)]
    fn repeat<A: Copy, const R: usize>(
        &self,
        first: A,
        add: impl Fn(A, *const i16, *const u8) -> A,
    ) -> [A; R] {
        let weights = black_box([[1_u8; CACHE_LINE]; VECTORS]);
        let activations = black_box([[1_i16; 4]; R]);
        let mut sums = [first; R];
        for i in 0..self.times {
            let weights = weights[i % VECTORS].as_ptr();
            for (sum, activations) in sums.iter_mut().zip(&activations) {
                *sum = add(*sum, activations.as_ptr(), weights);
            }
        }
        sums
    }
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
