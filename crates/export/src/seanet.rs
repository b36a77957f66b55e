//! Counterpart of `modules/seanet.py` in pocket-tts.

use config::SeanetConfig;
use onnx::{Scope, Value};

use crate::conv::{Past, StreamingConv1d, StreamingConvTranspose1d};
use crate::states::States;

/// Layers of a SEANet, numbered as upstream's `model` list counts them.
struct Layers<'c, 'm, 'g, 'p> {
    config: &'c SeanetConfig,
    m: &'m Scope<'g>,
    past: &'p Past<'p, 'g>,
    at: usize,
}

/// Counterpart of `SEANetEncoder` in pocket-tts: audio `x` [1, channels, samples] -> [1, dimension, samples / hop].
pub(crate) fn seanet_encoder(m: &Scope<'_>, config: &SeanetConfig, x: &Value) -> Value {
    let mut model = Layers::new(m, config, &Past::None);
    let mut x = model.conv(x, 1);
    for &ratio in config.ratios.iter().rev() {
        x = model.residual_blocks(x);
        x = model.elu(&x);
        x = model.conv(&x, ratio);
    }
    x = model.elu(&x);
    model.conv(&x, 1)
}

/// Counterpart of `SEANetDecoder` in pocket-tts: `z` [1, dimension, time] -> audio [1, channels, time * hop].
pub(crate) fn seanet_decoder<'g>(
    m: &Scope<'g>,
    config: &SeanetConfig,
    z: &Value,
    states: &States<'g>,
    first: &dyn Fn() -> Value,
) -> Value {
    let past = Past::Stream { states, first };
    let mut model = Layers::new(m, config, &past);
    let mut z = model.conv(z, 1);
    for &ratio in &config.ratios {
        z = model.elu(&z);
        z = model.conv_transpose(&z, ratio, states);
        z = model.residual_blocks(z);
    }
    z = model.elu(&z);
    model.conv(&z, 1)
}

impl<'c, 'm, 'g, 'p> Layers<'c, 'm, 'g, 'p> {
    fn new(m: &'m Scope<'g>, config: &'c SeanetConfig, past: &'p Past<'p, 'g>) -> Self {
        Self {
            config,
            m,
            past,
            at: 0,
        }
    }

    /// Scope of the next layer.
    fn next(&mut self) -> Scope<'g> {
        let layer = self.m.child(&format!("model.{}", self.at));
        self.at += 1;
        layer
    }

    fn elu(&mut self, x: &Value) -> Value {
        self.next().elu(x)
    }

    fn conv(&mut self, x: &Value, stride: usize) -> Value {
        let conv = StreamingConv1d {
            stride,
            dilation: 1,
            pad_mode: self.config.pad_mode,
        };
        conv.forward(&self.next(), x, self.past)
    }

    fn conv_transpose(&mut self, x: &Value, stride: usize, states: &States<'_>) -> Value {
        StreamingConvTranspose1d { stride, groups: 1 }.forward(&self.next(), x, states)
    }

    fn residual_blocks(&mut self, x: Value) -> Value {
        (0..self.config.n_residual_layers).fold(x, |x, block| {
            let dilation = self.config.dilation_base.pow(block as u32);
            self.residual_block(&x, dilation)
        })
    }

    /// Counterpart of `SEANetResnetBlock` in pocket-tts.
    fn residual_block(&mut self, x: &Value, dilation: usize) -> Value {
        let m = self.next();
        let conv = |dilation| StreamingConv1d {
            stride: 1,
            dilation,
            pad_mode: self.config.pad_mode,
        };
        let v = m.child("block.0").elu(x);
        let v = conv(dilation).forward(&m.child("block.1"), &v, self.past);
        let v = m.child("block.2").elu(&v);
        let v = conv(1).forward(&m.child("block.3"), &v, self.past);
        m.add(x, &v)
    }
}

#[cfg(test)]
mod tests;
