//! Counterpart of pocket-tts `modules/conv.py`: convolutions with a state.

use config::PadMode;
use kernels::Rows;

use crate::EngineError;
use crate::context::Context;
use crate::linear::Linear;
use crate::loader::Loader;

/// The state of a convolution: what it keeps from call to call.
#[derive(Clone, Debug)]
pub(crate) struct ConvState {
    /// The last inputs, [context, in].
    inputs: Vec<f32>,
    /// What is still to be added to the next outputs, besides what follows from the last inputs:
    /// [stride, out] of a transposed convolution whose state was set from outside, else empty.
    partial: Vec<f32>,
}

impl ConvState {
    /// The last inputs, then `x`, or its ELU.
    fn prepend(&self, ctx: &mut Context, x: &[f32], elu: bool) -> Vec<f32> {
        let mut all = ctx.acquire(self.inputs.len() + x.len());
        let (past, new) = all.split_at_mut(self.inputs.len());
        past.copy_from_slice(&self.inputs);
        if elu {
            ctx.kernels.elu_into(x, new);
        } else {
            new.copy_from_slice(x);
        }
        all
    }
}

/// Counterpart of `StreamingConv1d`.
#[derive(Clone, Debug)]
pub(crate) struct StreamingConv1d {
    /// Inputs are [kernel][in].
    conv: Linear,
    channels: usize,
    geometry: ConvGeometry,
}

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvGeometry {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) pad_mode: PadMode,
}

impl StreamingConv1d {
    pub(crate) fn new(
        m: &Loader<'_>,
        channels: usize,
        outputs: usize,
        geometry: ConvGeometry,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            conv: Linear::new(&m.child("conv"), geometry.kernel * channels, outputs)?,
            channels,
            geometry,
        })
    }

    /// Inputs that are kept from call to call.
    fn context(&self) -> usize {
        let ConvGeometry {
            kernel,
            stride,
            dilation,
            ..
        } = self.geometry;
        (kernel - 1) * dilation + 1 - stride
    }

    /// The state before the first call: silence.
    pub(crate) fn start(&self) -> ConvState {
        ConvState {
            inputs: vec![0.0; self.context() * self.channels],
            partial: Vec::new(),
        }
    }

    /// `x` [time, in], or its ELU, -> [time / stride, out]. What
    /// comes before the first call of a stream is silence, or the first input repeated, as `pad_mode` says.
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        elu: bool,
        state: &mut ConvState,
        is_first_call: bool,
    ) -> Vec<f32> {
        let ConvGeometry {
            kernel,
            stride,
            dilation,
            pad_mode,
        } = self.geometry;
        let count = x.len() / self.channels / stride;
        let mut all = state.prepend(ctx, x, elu);
        if is_first_call && pad_mode == PadMode::Replicate {
            let (past, x) = all.split_at_mut(state.inputs.len());
            for past in past.chunks_exact_mut(self.channels) {
                past.copy_from_slice(&x[..self.channels]);
            }
        }
        state.inputs.copy_from_slice(&all[x.len()..]);
        let y = if dilation == 1 {
            // Windows are rows that overlap.
            let rows = Rows {
                values: &all,
                count,
                stride: stride * self.channels,
            };
            self.conv.forward_rows(ctx, rows)
        } else {
            let mut windows = ctx.acquire(count * kernel * self.channels);
            for (i, tap) in windows.chunks_exact_mut(self.channels).enumerate() {
                let at = i / kernel * stride + i % kernel * dilation;
                tap.copy_from_slice(&all[at * self.channels..][..self.channels]);
            }
            let y = self.conv.forward(ctx, &windows);
            ctx.release(windows);
            y
        };
        ctx.release(all);
        y
    }
}

/// Counterpart of `StreamingConvTranspose1d`, whose kernels are twice their strides.
///
/// With such a kernel an input contributes to its own outputs and to the next input's, so that the
/// outputs of an input are one product of the input before and itself. The overlap that upstream
/// adds and keeps follows from the last input.
#[derive(Clone, Debug)]
pub(crate) struct StreamingConvTranspose1d {
    /// Inputs are [2][in], outputs [stride][out].
    convtr: Linear,
    channels: usize,
    stride: usize,
}

impl StreamingConvTranspose1d {
    pub(crate) fn new(
        m: &Loader<'_>,
        channels: usize,
        outputs: usize,
        stride: usize,
    ) -> Result<Self, EngineError> {
        let convtr = Linear::with_repeated_bias(&m.child("convtr"), 2 * channels, outputs, stride)?;
        Ok(Self {
            convtr,
            channels,
            stride,
        })
    }

    /// The state before the first call: silence.
    pub(crate) fn start(&self) -> ConvState {
        ConvState {
            inputs: vec![0.0; self.channels],
            partial: Vec::new(),
        }
    }

    /// `x` [time, in], or its ELU, -> [time * stride, out].
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        elu: bool,
        state: &mut ConvState,
    ) -> Vec<f32> {
        let all = state.prepend(ctx, x, elu);
        state.inputs.copy_from_slice(&all[x.len()..]);
        let rows = Rows {
            values: &all,
            count: x.len() / self.channels,
            stride: self.channels,
        };
        let mut y = self.convtr.forward_rows(ctx, rows);
        ctx.kernels.add(&mut y, &state.partial);
        state.partial.clear();
        ctx.release(all);
        y
    }

    /// What the last input adds to the next outputs, without the bias: [stride, out].
    fn partial(&self, ctx: &mut Context, state: &ConvState) -> Vec<f32> {
        let mut alone = state.inputs.clone();
        alone.resize(2 * self.channels, 0.0);
        let mut partial = self.convtr.forward(ctx, &alone);
        alone.fill(0.0);
        let bias = self.convtr.forward(ctx, &alone);
        for (partial, bias) in partial.iter_mut().zip(&bias) {
            *partial -= bias;
        }
        ctx.kernels.add(&mut partial, &state.partial);
        partial
    }
}

/// A convolution with a state that can be read and set.
#[derive(Clone, Copy)]
pub(crate) enum StatefulConv<'a> {
    Conv(&'a StreamingConv1d),
    ConvTranspose(&'a StreamingConvTranspose1d),
}

impl StatefulConv<'_> {
    /// Upstream's key of the state.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Conv(_) => "previous",
            Self::ConvTranspose(_) => "partial",
        }
    }

    /// The state before the first call.
    pub(crate) fn start(&self) -> ConvState {
        match self {
            Self::Conv(conv) => conv.start(),
            Self::ConvTranspose(conv) => conv.start(),
        }
    }

    /// Values of the state.
    pub(crate) fn state_size(&self) -> usize {
        match self {
            Self::Conv(conv) => conv.context() * conv.channels,
            Self::ConvTranspose(conv) => conv.convtr.outputs(),
        }
    }

    /// The state as upstream keeps it, [channels, time].
    pub(crate) fn state(&self, ctx: &mut Context, state: &ConvState) -> Vec<f32> {
        match self {
            Self::Conv(conv) => transposed(&state.inputs, conv.channels),
            Self::ConvTranspose(conv) => {
                let partial = conv.partial(ctx, state);
                transposed(&partial, partial.len() / conv.stride)
            }
        }
    }

    /// Takes a state of [`Self::state_size`] values as upstream keeps it, [channels, time].
    pub(crate) fn set_state(&self, state: &mut ConvState, value: &[f32]) {
        match self {
            Self::Conv(conv) => {
                state.inputs = transposed(value, conv.context());
            }
            Self::ConvTranspose(conv) => {
                state.inputs.fill(0.0);
                state.partial = transposed(value, conv.stride);
            }
        }
    }
}

/// Rows of `width` values become columns.
pub(crate) fn transposed(rows: &[f32], width: usize) -> Vec<f32> {
    let count = rows.len() / width.max(1);
    let at = |i: usize| rows[i % count * width + i / count];
    (0..rows.len()).map(at).collect()
}

#[cfg(test)]
mod tests;
