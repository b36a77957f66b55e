//! Norms: PyTorch's `LayerNorm`, and the counterpart of `RMSNorm` in pocket-tts `modules/mlp.py`.

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

/// Counterpart of `RMSNorm`: divides by the root of `eps` plus the *unbiased variance* about the mean,
/// and does not subtract the mean.
#[derive(Clone, Debug)]
pub(crate) struct RmsNorm {
    alpha: Vec<f32>,
}

/// `eps` of the time embedding's norm.
const RMS_NORM_EPS: f32 = 1e-5;

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
