//! Twin of pocket-tts `modules/conv.py`: convolutions that remember.

use config::PadMode;
use kernels::{Activation, Rows};

use crate::EngineError;
use crate::context::Context;
use crate::linear::Linear;
use crate::loader::Loader;

/// What a convolution keeps from one call to the next.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// The last inputs, [context, in].
    inputs: Vec<f32>,
    /// What is still to be added to the next outputs, beside what the last inputs give:
    /// [stride, out] of a transposed convolution whose state was set from outside.
    partial: Vec<f32>,
}

impl Memory {
    /// What is remembered, and `x` after an activation if there is one.
    fn before(&self, ctx: &mut Context, x: &[f32], activation: Option<Activation>) -> Vec<f32> {
        let mut all = ctx.take(self.inputs.len() + x.len());
        let (before, new) = all.split_at_mut(self.inputs.len());
        before.copy_from_slice(&self.inputs);
        match activation {
            Some(activation) => ctx.kernels.activate_into(activation, x, new),
            None => new.copy_from_slice(x),
        }
        all
    }
}

/// Twin of `StreamingConv1d`.
#[derive(Clone, Debug)]
pub(crate) struct StreamingConv1d {
    /// Inputs are [kernel][in].
    conv: Linear,
    channels: usize,
    geometry: Geometry,
}

/// Geometry of a convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
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
        geometry: Geometry,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            conv: Linear::new(&m.child("conv"), geometry.kernel * channels, outputs)?,
            channels,
            geometry,
        })
    }

    /// Inputs that are kept from call to call.
    fn context(&self) -> usize {
        let Geometry {
            kernel,
            stride,
            dilation,
            ..
        } = self.geometry;
        (kernel - 1) * dilation + 1 - stride
    }

    /// Silence before the first call.
    pub(crate) fn memory(&self) -> Memory {
        Memory {
            inputs: vec![0.0; self.context() * self.channels],
            partial: Vec::new(),
        }
    }

    /// `x` [time, in], after an activation if there is one, -> [time / stride, out]. Before the
    /// `first` call stands silence, or the first input over and over.
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        activation: Option<Activation>,
        memory: &mut Memory,
        first: bool,
    ) -> Vec<f32> {
        let Geometry {
            kernel,
            stride,
            dilation,
            pad_mode,
        } = self.geometry;
        let count = x.len() / self.channels / stride;
        let mut all = memory.before(ctx, x, activation);
        if first && pad_mode == PadMode::Replicate {
            let (before, x) = all.split_at_mut(memory.inputs.len());
            for before in before.chunks_exact_mut(self.channels) {
                before.copy_from_slice(&x[..self.channels]);
            }
        }
        memory.inputs.copy_from_slice(&all[x.len()..]);
        let y = if dilation == 1 {
            // Windows are rows that overlap.
            let rows = Rows {
                values: &all,
                count,
                stride: stride * self.channels,
            };
            self.conv.forward_rows(ctx, rows)
        } else {
            let mut windows = ctx.take(count * kernel * self.channels);
            for (i, tap) in windows.chunks_exact_mut(self.channels).enumerate() {
                let at = i / kernel * stride + i % kernel * dilation;
                tap.copy_from_slice(&all[at * self.channels..][..self.channels]);
            }
            let y = self.conv.forward(ctx, &windows);
            ctx.give(windows);
            y
        };
        ctx.give(all);
        y
    }
}

/// Twin of `StreamingConvTranspose1d`, whose kernels are twice their strides.
///
/// Such a kernel lets an input reach its own outputs and the next input's, so that the outputs
/// of an input are one product of the input before and itself. The overlap that upstream adds
/// and keeps follows from the last input.
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

    pub(crate) fn memory(&self) -> Memory {
        Memory {
            inputs: vec![0.0; self.channels],
            partial: Vec::new(),
        }
    }

    /// `x` [time, in], after an activation if there is one, -> [time * stride, out].
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        activation: Option<Activation>,
        memory: &mut Memory,
    ) -> Vec<f32> {
        let all = memory.before(ctx, x, activation);
        memory.inputs.copy_from_slice(&all[x.len()..]);
        let rows = Rows {
            values: &all,
            count: x.len() / self.channels,
            stride: self.channels,
        };
        let mut y = self.convtr.forward_rows(ctx, rows);
        ctx.kernels.add(&mut y, &memory.partial);
        memory.partial.clear();
        ctx.give(all);
        y
    }

    /// What the last input adds to the next outputs, without the bias: [stride, out].
    fn partial(&self, ctx: &mut Context, memory: &Memory) -> Vec<f32> {
        let mut alone = memory.inputs.clone();
        alone.resize(2 * self.channels, 0.0);
        let mut partial = self.convtr.forward(ctx, &alone);
        alone.fill(0.0);
        let bias = self.convtr.forward(ctx, &alone);
        for (partial, bias) in partial.iter_mut().zip(&bias) {
            *partial -= bias;
        }
        ctx.kernels.add(&mut partial, &memory.partial);
        partial
    }
}

/// A convolution that remembers, for whoever looks at its state.
pub(crate) enum Remembering<'a> {
    Conv(&'a StreamingConv1d),
    ConvTranspose(&'a StreamingConvTranspose1d),
}

impl Remembering<'_> {
    /// Upstream's key of the state.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Conv(_) => "previous",
            Self::ConvTranspose(_) => "partial",
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
    pub(crate) fn state(&self, ctx: &mut Context, memory: &Memory) -> Vec<f32> {
        match self {
            Self::Conv(conv) => transposed(&memory.inputs, conv.channels),
            Self::ConvTranspose(conv) => {
                let partial = conv.partial(ctx, memory);
                transposed(&partial, partial.len() / conv.stride)
            }
        }
    }

    /// Takes a state as upstream keeps it, [channels, time]. None if it has another size.
    #[must_use]
    pub(crate) fn set_state(&self, memory: &mut Memory, value: &[f32]) -> Option<()> {
        if value.len() != self.state_size() {
            return None;
        }
        match self {
            Self::Conv(conv) => {
                memory.inputs = transposed(value, conv.context());
            }
            Self::ConvTranspose(conv) => {
                memory.inputs.fill(0.0);
                memory.partial = transposed(value, conv.stride);
            }
        }
        Some(())
    }
}

/// Rows of `width` values as columns.
pub(crate) fn transposed(rows: &[f32], width: usize) -> Vec<f32> {
    let count = rows.len() / width.max(1);
    let at = |i: usize| rows[i % count * width + i / count];
    (0..rows.len()).map(at).collect()
}
