//! A test of the kernels at start, on the processor and with the compiler that will run them.
//! Relaxed SIMD's results are implementation-defined, so what a dot product of bytes gives,
//! and whether it is fast, is known only by trying.

use weights::{Matrix, WeightFormat};

use crate::matmul::{ActivationRounding, activation_rounding};
use crate::quantised_rows::{A_MAX, QuantInt};
use crate::{
    Cache, CacheFormat, CpuKernels, HeadShape, Isa, KvRole, QUANT_BLOCK, Rows, Scratch, Weight,
    WeightStats,
};

/// Shapes at the edges of vectors and panels: rows, inputs, outputs.
const SELF_TEST_SHAPES: [[usize; 3]; 4] = [[1, 72, 72], [1, 35, 17], [5, 16, 33], [3, 70, 15]];
/// Largest relative error against plain loops, in single precision.
const F32_TOLERANCE: f64 = 1e-5;
/// The same where queries and cache are rounded to 13 and 14 bits.
const CACHE_I16_TOLERANCE: f64 = 2e-3;
/// The same where the cache is rounded to 8 bits.
const CACHE_I8_TOLERANCE: f64 = 2e-2;
/// Inputs and outputs of the products that are timed: a small matrix, because packing it takes
/// longer than the products.
const TIMED_MATRIX: [usize; 2] = [256, 128];
/// Products in a row: a page's clock is coarse.
const TIMED_PRODUCTS: usize = 128;
/// How often each is timed: the minimum counts, because other threads interrupt.
const ROUNDS: usize = 6;
/// Slowdown up to which an instruction set is still one to choose from: which is the fastest for
/// each format is known only when the browser has optimised its code. A newer set was measured to
/// be slower by a factor of 1.8 before that. Where the browser emulates instructions one by one,
/// the slowdown is larger than this.
const SLOW: f64 = 4.0;

/// Numbers from -1 to 1, the ends included.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let number = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match state >> 29 {
            0 => 1.0,
            1 => -1.0,
            _ => (state >> 8) as f32 / (1 << 23) as f32 - 1.0,
        }
    };
    (0..count).map(number).collect()
}

/// A product of fixed numbers.
struct TestProduct {
    matrix: Matrix,
    values: Vec<u8>,
    scales: Vec<u8>,
    x: Vec<f32>,
    rows: usize,
    out: Vec<f32>,
    scratch: Scratch,
}

impl TestProduct {
    fn new(format: WeightFormat, [rows, inputs, outputs]: [usize; 3]) -> Self {
        let matrix = Matrix {
            format,
            inputs,
            outputs,
        };
        let (values, scales) = matrix.pack(&numbers(inputs * outputs, 1));
        Self {
            matrix,
            values,
            scales,
            x: numbers(rows * inputs, 2),
            rows,
            out: vec![0.0; rows * outputs],
            scratch: Scratch::default(),
        }
    }

    /// The product with rows that begin `stride` values apart.
    fn run(&mut self, kernels: CpuKernels, stats: &WeightStats, stride: usize) -> &[f32] {
        let weight = Weight {
            matrix: self.matrix,
            values: &self.values,
            scales: &self.scales,
            stats: stats.view(),
            bias: None,
            two_term_activations: false,
        };
        let x = Rows {
            values: &self.x,
            count: self.rows,
            stride,
        };
        kernels.matmul(&weight, x, &mut self.scratch, &mut self.out);
        &self.out
    }

    fn stats(&self, kernels: CpuKernels) -> WeightStats {
        kernels.weight_stats(&self.matrix, &self.values)
    }

    /// The same in plain loops.
    fn expected(&self, kernels: CpuKernels, stride: usize) -> Vec<f64> {
        let Matrix {
            inputs, outputs, ..
        } = self.matrix;
        let weight = self.matrix.unpack(&self.values, &self.scales);
        let end = (self.rows - 1) * stride + inputs;
        // Rows that overlap are rounded together where a row has one scale.
        let shared = match activation_rounding(self.matrix.format) {
            ActivationRounding::Rows if stride < inputs => {
                Some(self.rounded(kernels, &self.x[..end]))
            }
            ActivationRounding::Exact | ActivationRounding::Rows | ActivationRounding::Blocks => {
                None
            }
        };
        let mut expected = Vec::with_capacity(self.rows * outputs);
        for row in 0..self.rows {
            let range = row * stride..row * stride + inputs;
            let x = match &shared {
                Some(all) => all[range].to_vec(),
                None => self.rounded(kernels, &self.x[range]),
            };
            for output in 0..outputs {
                let column = weight.iter().skip(output).step_by(outputs);
                let products = x.iter().zip(column).map(|(x, w)| x * f64::from(*w));
                expected.push(products.sum());
            }
        }
        expected
    }

    /// Activations as the format uses them.
    fn rounded(&self, kernels: CpuKernels, x: &[f32]) -> Vec<f64> {
        match activation_rounding(self.matrix.format) {
            ActivationRounding::Exact => x.iter().map(|x| f64::from(*x)).collect(),
            ActivationRounding::Rows => rounded::<i16>(kernels, x, A_MAX),
            ActivationRounding::Blocks => {
                let block = |block| rounded::<i8>(kernels, block, i8::MAX.into());
                x.chunks(QUANT_BLOCK).flat_map(block).collect()
            }
        }
    }
}

/// Numbers as multiples of one scale.
fn rounded<T: QuantInt>(kernels: CpuKernels, x: &[f32], max: i32) -> Vec<f64> {
    let mut integers = vec![T::default(); x.len()];
    let scale = f64::from(kernels.quantise_to(max, x, &mut integers));
    let number = |x: T| f64::from(x.into()) * scale;
    integers.into_iter().map(number).collect()
}

/// Probabilities of an attention in plain loops, `[num_heads, rows]`.
pub(crate) fn attention_probs(heads: HeadShape, q: &[f32], k: &[f32]) -> Vec<f64> {
    let group = heads.num_heads / heads.num_kv_heads;
    let mut all = Vec::new();
    for (head, q) in q.chunks(heads.head_dim).enumerate() {
        let scores = k.chunks(heads.row_width()).map(|row| {
            let pairs = q.iter().zip(&row[head / group * heads.head_dim..]);
            libm::exp(pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum())
        });
        let scores: Vec<f64> = scores.collect();
        let total: f64 = scores.iter().sum();
        all.extend(scores.iter().map(|score| score / total));
    }
    all
}

/// Attention in plain loops.
pub(crate) fn attention(heads: HeadShape, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f64> {
    let (rows, group) = (
        v.len() / heads.row_width(),
        heads.num_heads / heads.num_kv_heads,
    );
    let probs = attention_probs(heads, q, k);
    let mut out = vec![0.0; q.len()];
    for (head, probs) in probs.chunks(rows).enumerate() {
        for (prob, row) in probs.iter().zip(v.chunks(heads.row_width())) {
            for i in 0..heads.head_dim {
                let value = row[head / group * heads.head_dim + i];
                out[head * heads.head_dim + i] += prob * f64::from(value);
            }
        }
    }
    out
}

/// Whether attention over caches of every format is right.
fn attention_is_right(kernels: CpuKernels) -> bool {
    let heads = HeadShape {
        num_heads: 4,
        num_kv_heads: 2,
        head_dim: 20,
    };
    let (q, cached) = (numbers(80, 3), numbers(23 * 40, 4));
    let expected = attention(heads, &q, &cached, &cached);
    [
        (CacheFormat::F32, F32_TOLERANCE),
        (CacheFormat::I16, CACHE_I16_TOLERANCE),
        (CacheFormat::I8, CACHE_I8_TOLERANCE),
    ]
    .into_iter()
    .all(|(format, tolerance)| {
        let [keys, values] = [KvRole::Keys, KvRole::Values].map(|role| {
            let mut cache = Cache::new(heads, role, format);
            cache.push(kernels, Rows::new(&cached, heads.row_width()));
            cache
        });
        let (mut scratch, mut out) = (Scratch::default(), [0.0; 80]);
        let q = Rows::new(&q, 80);
        kernels.attend(q, &keys, &values, None, &mut scratch, &mut out);
        agree(&out, &expected, tolerance)
    })
}

fn agree(a: &[f32], b: &[f64], tolerance: f64) -> bool {
    let largest = b.iter().fold(0.0_f64, |largest, b| largest.max(b.abs()));
    // Written so that NaN does not agree.
    let near = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() <= largest * tolerance;
    a.len() == b.len() && a.iter().zip(b).all(near)
}

impl CpuKernels {
    /// Whether these kernels compute what plain loops do: products in `formats`, with separate
    /// rows and rows that overlap, and attention.
    pub fn are_right(self, formats: &[WeightFormat]) -> bool {
        let products = formats.iter().all(|&format| {
            SELF_TEST_SHAPES.into_iter().all(|shape| {
                let mut product = TestProduct::new(format, shape);
                let stats = product.stats(self);
                [shape[1], 4, 1].into_iter().all(|stride| {
                    let expected = product.expected(self, stride);
                    agree(product.run(self, &stats, stride), &expected, F32_TOLERANCE)
                })
            })
        });
        products && attention_is_right(self)
    }

    /// The kernels that compute right with weights in `formats` and are not slow, those for the
    /// newest instruction set first. `now` is a clock in milliseconds. Where several compute right,
    /// it takes some milliseconds.
    pub fn tested(formats: &[WeightFormat], mut now: impl FnMut() -> f64) -> Vec<Self> {
        let mut right = Vec::new();
        for isa in Isa::available().into_iter().rev() {
            right.extend(Self::new(isa).filter(|kernels| kernels.are_right(formats)));
        }
        for format in formats {
            // What is left out need not be timed again, and one alone need not be timed.
            if right.len() > 1 {
                let times = times(&right, *format, &mut now);
                let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
                let mut times = times.into_iter();
                right.retain(|_| times.next().is_some_and(|time| time <= fastest * SLOW));
            }
        }
        right
    }
}

/// The least time that each kernels take for some products with weights in `format`.
fn times(kernels: &[CpuKernels], format: WeightFormat, now: &mut impl FnMut() -> f64) -> Vec<f64> {
    let mut times = vec![f64::INFINITY; kernels.len()];
    let [inputs, outputs] = TIMED_MATRIX;
    let mut product = TestProduct::new(format, [1, inputs, outputs]);
    let stats = kernels.iter().map(|kernels| product.stats(*kernels));
    let stats: Vec<_> = stats.collect();
    for _ in 0..ROUNDS {
        for ((kernels, time), stats) in kernels.iter().zip(&mut times).zip(&stats) {
            let start = now();
            for _ in 0..TIMED_PRODUCTS {
                product.run(*kernels, stats, inputs);
            }
            *time = time.min(now() - start);
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    #[cfg_attr(
        miri,
        ignore = "safe code around products that other tests run in Miri"
    )]
    fn all_kernels_are_right() {
        for isa in Isa::available() {
            let kernels = CpuKernels::new(isa).unwrap();
            assert!(kernels.are_right(&WeightFormat::ALL), "{isa:?}");
        }
    }

    #[test]
    #[cfg_attr(
        miri,
        ignore = "safe code around products that other tests run in Miri"
    )]
    fn what_passes_is_chosen() {
        let start = Instant::now();
        let clock = || start.elapsed().as_secs_f64() * 1e3;
        let tested = CpuKernels::tested(&WeightFormat::ALL, clock);
        assert_eq!(Some(&tested[0].isa()), Isa::available().last());
    }

    #[test]
    fn differences_are_seen() {
        assert!(agree(&[1.0, 2.0], &[1.0, 2.00001], F32_TOLERANCE));
        assert!(!agree(&[1.0, 2.0], &[1.0, 2.1], F32_TOLERANCE));
        assert!(!agree(&[1.0, f32::NAN], &[1.0, 2.0], F32_TOLERANCE));
    }
}
