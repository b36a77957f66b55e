//! Layer normalisation.

use crate::isa::CpuKernels;
use crate::simd::{Simd, SimdOp};

/// Independent sums: a vector of them.
const LANES: usize = 16;

struct LayerNormOp<'a> {
    x: &'a [f32],
    gain: &'a [f32],
    bias: &'a [f32],
    eps: f32,
    out: &'a mut [f32],
}

impl SimdOp for LayerNormOp<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let width = self.gain.len();
        for (x, out) in self
            .x
            .chunks_exact(width)
            .zip(self.out.chunks_exact_mut(width))
        {
            let mean = sum(x, |v| v) / width as f32;
            let variance = sum(x, |v| (v - mean) * (v - mean)) / width as f32;
            let factor = 1.0 / (variance + self.eps).sqrt();
            for ((out, x), (gain, bias)) in
                out.iter_mut().zip(x).zip(self.gain.iter().zip(self.bias))
            {
                *out = (x - mean) * factor * gain + bias;
            }
        }
    }
}

/// Sum of `f` over `x`, in the same order everywhere.
#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += f(*v);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|v| f(*v)).sum::<f32>()
}

impl CpuKernels {
    /// Normalises each row of `x`, as wide as `gain`: minus its mean, over its standard deviation, times
    /// `gain`, plus `bias`.
    ///
    /// # Panics
    ///
    /// If `gain` is empty or lengths disagree.
    pub fn layer_norm(self, x: &[f32], gain: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
        assert!(
            !gain.is_empty() && gain.len() == bias.len(),
            "gain and bias"
        );
        assert!(
            x.len() == out.len() && x.len().is_multiple_of(gain.len()),
            "rows"
        );
        self.run(LayerNormOp {
            x,
            gain,
            bias,
            eps,
            out,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;

    #[test]
    fn rows_are_normalised() {
        for isa in Isa::available() {
            let kernels = CpuKernels::new(isa).unwrap();
            for width in [1, 2, 15, 16, 33] {
                let x: Vec<f32> = (0..3 * width)
                    .map(|i| ((i * 37 % 23) as f32) - 5.0)
                    .collect();
                let gain: Vec<f32> = (0..width).map(|i| 1.0 + i as f32 / 7.0).collect();
                let bias: Vec<f32> = (0..width).map(|i| i as f32 / 3.0).collect();
                let mut out = vec![0.0; x.len()];
                kernels.layer_norm(&x, &gain, &bias, 1e-5, &mut out);
                for (row, out) in x.chunks(width).zip(out.chunks(width)) {
                    let mean = row.iter().map(|v| f64::from(*v)).sum::<f64>() / width as f64;
                    let squares = row.iter().map(|v| (f64::from(*v) - mean).powi(2));
                    let root = (squares.sum::<f64>() / width as f64 + 1e-5).sqrt();
                    for i in 0..width {
                        let expected = (f64::from(row[i]) - mean) / root * f64::from(gain[i]);
                        let expected = expected + f64::from(bias[i]);
                        let error = (f64::from(out[i]) - expected).abs();
                        assert!(
                            error < 1e-5 * (1.0 + expected.abs()),
                            "{isa:?} {width}: {error}"
                        );
                    }
                }
            }
        }
    }
}
