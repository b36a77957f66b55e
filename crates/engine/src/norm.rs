//! Norms: PyTorch's `LayerNorm`, and the counterpart of `RMSNorm` in pocket-tts `modules/mlp.py`.

use config::RMS_NORM_EPS;

use crate::EngineError;
use crate::context::Context;
use crate::loader::Loader;

/// Counterpart of `LayerNorm`.
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    gain: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl LayerNorm {
    /// The norm `m`.
    pub(crate) fn new(m: &Loader<'_>, width: usize, eps: f32) -> Result<Self, EngineError> {
        Ok(Self {
            gain: m.vector("weight", width)?,
            bias: m.vector("bias", width)?,
            eps,
        })
    }

    /// A norm without gain and bias.
    pub(crate) fn plain(width: usize, eps: f32) -> Self {
        Self {
            gain: vec![1.0; width],
            bias: vec![0.0; width],
            eps,
        }
    }

    /// `x` [rows, width] -> [rows, width].
    pub(crate) fn forward(&self, ctx: &mut Context, x: &[f32]) -> Vec<f32> {
        let mut out = ctx.acquire(x.len());
        (ctx.kernels).layer_norm(x, &self.gain, &self.bias, self.eps, &mut out);
        out
    }
}

/// Counterpart of `RMSNorm`, which divides by the root of `eps` plus the *unbiased variance* and does
/// not subtract the mean.
#[derive(Clone, Debug)]
pub(crate) struct RmsNorm {
    alpha: Vec<f32>,
}

impl RmsNorm {
    pub(crate) fn new(m: &Loader<'_>, width: usize) -> Result<Self, EngineError> {
        Ok(Self {
            alpha: m.vector("alpha", width)?,
        })
    }

    /// One row, in place.
    pub(crate) fn forward(&self, x: &mut [f32]) {
        let width = x.len() as f32;
        let mean = x.iter().sum::<f32>() / width;
        let squares = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>();
        let root = (squares / (width - 1.0) + RMS_NORM_EPS).sqrt();
        for (x, alpha) in x.iter_mut().zip(&self.alpha) {
            *x *= alpha / root;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reference::{self, RefWeights, rows};
    use crate::testing::{TestWeights, assert_close, noise};

    #[test]
    fn layer_norms_equal_the_reference() {
        for width in [1, 2, 15, 40] {
            let mut weights = TestWeights::new();
            weights.layer_norm("norm", width);
            let norm = LayerNorm::new(&weights.loader().child("norm"), width, 1e-5).unwrap();
            let (mut ctx, x) = (Context::default(), noise(3 * width, 2));
            let expected = reference::layer_norm(&weights, "norm", &rows(&x, width), 1e-5);
            let actual = norm.forward(&mut ctx, &x);
            assert_close(&actual, &expected.concat(), &format!("width {width}"));

            let expected = reference::plain_layer_norm(&rows(&x, width), 1e-6);
            let actual = LayerNorm::plain(width, 1e-6).forward(&mut ctx, &x);
            assert_close(
                &actual,
                &expected.concat(),
                &format!("plain, width {width}"),
            );
        }
    }

    #[test]
    fn rms_norms_equal_the_reference() {
        for width in [2, 15, 40] {
            let mut weights = TestWeights::new();
            weights.vector("norm.alpha", width);
            let norm = RmsNorm::new(&weights.loader().child("norm"), width).unwrap();
            let mut x: Vec<f32> = noise(width, 2).iter().map(|x| x + 3.0).collect();
            let exact = rows(&x, width).concat();
            let expected = reference::rms_norm(weights.get("norm.alpha"), &exact, 1e-5);
            norm.forward(&mut x);
            assert_close(&x, &expected, &format!("width {width}"));
        }
    }
}
