//! Counterpart of `modules/conv.py` in pocket-tts: streaming convolutions, which keep their last inputs.

use config::PadMode;
use onnx::{Convolution, Scope, Value};

use crate::states::States;

/// How a convolution gets what came before its input.
pub(crate) enum Past<'a, 'g> {
    /// Nothing came before (upstream's `model_state=None`).
    None,
    /// Earlier calls; `first` (bool [1]) tells the first one.
    Stream {
        /// Where buffers are declared.
        states: &'a States<'g>,
        /// Whether this is the first call; only padding by replication asks.
        first: &'a dyn Fn() -> Value,
    },
}

/// Counterpart of `StreamingConv1d` in pocket-tts; kernel and widths are the weight's.
#[derive(Clone, Copy)]
pub(crate) struct StreamingConv1d {
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) pad_mode: PadMode,
}

impl StreamingConv1d {
    /// `x` [1, in, time] -> [1, out, time / stride].
    pub(crate) fn forward(&self, m: &Scope<'_>, x: &Value, past: &Past<'_, '_>) -> Value {
        let conv = m.child("conv");
        let [_, channels, kernel] = *conv.parameter_shape("weight") else {
            // `Graph::finish` names the tensor that is not there.
            return conv.parameter("weight");
        };
        let context = (kernel - 1) * self.dilation + 1 - self.stride;
        let geometry = Convolution {
            stride: self.stride,
            dilation: self.dilation,
            ..Convolution::default()
        };
        if context == 0 {
            return conv.conv(x, geometry);
        }
        let repeated = || {
            let shape = m.ints(&[1, channels as i64, context as i64]);
            m.expand(&m.slice(x, 0, 1, 2), &shape)
        };
        let previous = match (past, self.pad_mode) {
            (Past::None, PadMode::Constant) => {
                let padded = Convolution {
                    left_padding: context,
                    ..geometry
                };
                return conv.conv(x, padded);
            }
            (Past::None, PadMode::Replicate) => repeated(),
            (Past::Stream { states, .. }, PadMode::Constant) => {
                states.buffer(m.path(), "previous", channels, context)
            }
            (Past::Stream { states, first }, PadMode::Replicate) => {
                let previous = states.buffer(m.path(), "previous", channels, context);
                m.choose(&first(), &repeated(), &previous)
            }
        };
        let x = m.concat(&[&previous, x], 2);
        if let Past::Stream { states, .. } = past {
            let next = m.slice(&x, -(context as i64), i64::MAX, 2);
            states.carry_buffer(m.path(), "previous", &next, channels, context);
        }
        conv.conv(&x, geometry)
    }
}

/// Counterpart of `StreamingConvTranspose1d` in pocket-tts, whose kernels are twice their strides.
///
/// Such a kernel makes every input one product: its first half lands on the
/// input's own outputs, its second half on the next input's. So the overlap that
/// upstream adds and keeps is the last input's second half.
#[derive(Clone, Copy)]
pub(crate) struct StreamingConvTranspose1d {
    pub(crate) stride: usize,
    pub(crate) groups: usize,
}

impl StreamingConvTranspose1d {
    /// `x` [1, in, time] -> [1, out, time * stride].
    pub(crate) fn forward(&self, m: &Scope<'_>, x: &Value, states: &States<'_>) -> Value {
        let convtr = m.child("convtr");
        let channels = convtr
            .parameter_shape("weight")
            .get(1)
            .map_or(0, |width| width * self.groups);
        let partial = states.buffer(m.path(), "partial", channels, self.stride);
        let (y, carried) = if self.groups == 1 {
            self.dense(m, &convtr, x, &partial)
        } else {
            self.grouped(m, &convtr, x, &partial, channels)
        };
        states.carry_buffer(m.path(), "partial", &carried, channels, self.stride);
        y
    }

    /// All inputs reach all outputs; what is returned next to the signal is carried on.
    fn dense(
        &self,
        m: &Scope<'_>,
        convtr: &Scope<'_>,
        x: &Value,
        partial: &Value,
    ) -> (Value, Value) {
        let [ins, outs, _] = *convtr.parameter_shape("weight") else {
            // `Graph::finish` names the tensor that is not there.
            return (convtr.parameter("weight"), partial.clone());
        };
        let [ins, outs, stride] = [ins, outs, self.stride].map(|n| n as i64);
        // Time by time, as runtimes pack weights best: [time, in] -> [time, 2 * stride * out].
        let x = m.transpose(&m.squeeze(x, &[0]), &[1, 0]);
        let weight = m.reshape(&convtr.transposed_kernel("weight"), &[2, ins, -1]);
        let weight = m.reshape(&m.transpose(&weight, &[1, 0, 2]), &[ins, -1]);
        let halves = m.reshape(&convtr.linear_by(&x, &weight), &[-1, 2, stride * outs]);
        let [next, own] = halves_of(m, &halves, 1);
        let earlier = m.reshape(&m.transpose(partial, &[0, 2, 1]), &[1, -1]);
        let (y, carried) = overlapped(m, &own, &next, &earlier, 0);
        let carried = m.transpose(&m.reshape(&carried, &[1, stride, outs]), &[0, 2, 1]);
        let mut y = m.reshape(&y, &[-1, outs]);
        // What is carried on is without the bias.
        if convtr.has_parameter("bias") {
            y = m.add(&y, &convtr.parameter("bias"));
        }
        (m.unsqueeze(&m.transpose(&y, &[1, 0]), &[0]), carried)
    }

    /// Each group has one output channel.
    fn grouped(
        &self,
        m: &Scope<'_>,
        convtr: &Scope<'_>,
        x: &Value,
        partial: &Value,
        channels: usize,
    ) -> (Value, Value) {
        let (out, stride) = (channels as i64, self.stride as i64);
        // [out, time, in / out] -> [out, time, 2 * stride].
        let x = m.transpose(&m.reshape(x, &[out, -1, 0]), &[0, 2, 1]);
        let weight = m.reshape(&convtr.parameter("weight"), &[out, -1, 2 * stride]);
        let halves = m.reshape(&convtr.linear_by(&x, &weight), &[0, 0, 2, stride]);
        let [own, next] = halves_of(m, &m.transpose(&halves, &[2, 0, 1, 3]), 0);
        let earlier = m.reshape(partial, &[out, 1, stride]);
        let (mut y, carried) = overlapped(m, &own, &next, &earlier, 1);
        let carried = m.reshape(&carried, &[1, out, stride]);
        if convtr.has_parameter("bias") {
            y = m.add(&y, &m.unsqueeze(&convtr.parameter("bias"), &[1, 2]));
        }
        (m.reshape(&y, &[1, out, -1]), carried)
    }
}

/// The two halves of `x` along `axis`, whose size is 2.
fn halves_of(m: &Scope<'_>, x: &Value, axis: i64) -> [Value; 2] {
    let halves = m.split(x, &[1, 1], axis).into_iter();
    let mut halves = halves.map(|half| m.squeeze(&half, &[axis]));
    [(); 2].map(|()| halves.next().unwrap_or_else(|| x.clone()))
}

/// What inputs add to their `own` outputs and to the `next` input's, put together along the
/// axis of `time`: all outputs, and what is left for the input after the last.
fn overlapped(
    m: &Scope<'_>,
    own: &Value,
    next: &Value,
    earlier: &Value,
    time: i64,
) -> (Value, Value) {
    let carried = m.slice(next, -1, i64::MAX, time);
    let before = m.concat(&[earlier, &m.slice(next, 0, -1, time)], time);
    (m.add(own, &before), carried)
}

#[cfg(test)]
mod tests;
