//! Counterpart of pocket-tts `modules/resample.py`: between transformer positions and latent frames.

use config::PadMode;

use crate::EngineError;
use crate::context::Context;
use crate::conv::{ConvGeometry, StreamingConv1d, transposed};
use crate::loader::Loader;

/// Counterpart of `ConvDownsample1d`: the convolution inside.
pub(crate) fn conv_downsample1d(
    m: &Loader<'_>,
    stride: usize,
    inputs: usize,
    outputs: usize,
) -> Result<StreamingConv1d, EngineError> {
    let geometry = ConvGeometry {
        kernel: 2 * stride,
        stride,
        dilation: 1,
        pad_mode: PadMode::Replicate,
    };
    StreamingConv1d::new(&m.child("conv"), inputs, outputs, geometry)
}

/// Counterpart of `ConvTrUpsample1d`: a depthwise transposed convolution.
#[derive(Clone, Debug)]
pub(crate) struct ConvTrUpsample1d {
    /// [2 * stride, channels]
    weight: Vec<f32>,
    channels: usize,
}

impl ConvTrUpsample1d {
    pub(crate) fn new(m: &Loader<'_>, stride: usize, channels: usize) -> Result<Self, EngineError> {
        let weight = m
            .child("convtr.convtr")
            .vector("weight", channels * 2 * stride)?;
        Ok(Self {
            weight: transposed(&weight, 2 * stride),
            channels,
        })
    }

    /// The state before the first call, which is added to the next outputs: [stride, channels].
    pub(crate) fn start(&self) -> Vec<f32> {
        vec![0.0; self.weight.len() / 2]
    }

    /// `x` [time, channels] -> [time * stride, channels].
    pub(crate) fn forward(&self, ctx: &mut Context, x: &[f32], partial: &mut [f32]) -> Vec<f32> {
        let (own, next) = self.weight.split_at(self.weight.len() / 2);
        let mut y = ctx.acquire(x.len() / self.channels * own.len());
        let inputs = x.chunks_exact(self.channels);
        for (x, y) in inputs.zip(y.chunks_exact_mut(own.len())) {
            for (at, (y, partial)) in y.iter_mut().zip(partial.iter_mut()).enumerate() {
                let x = x[at % self.channels];
                *y = *partial + x * own[at];
                *partial = x * next[at];
            }
        }
        y
    }

    /// The state as upstream keeps it: [channels, stride].
    pub(crate) fn state(&self, partial: &[f32]) -> Vec<f32> {
        transposed(partial, self.channels)
    }

    /// The inverse of [`Self::state`].
    pub(crate) fn partial_of(&self, state: &[f32]) -> Vec<f32> {
        transposed(state, state.len() / self.channels)
    }
}

#[cfg(test)]
mod tests;
