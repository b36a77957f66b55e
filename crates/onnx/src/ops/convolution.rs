//! One-dimensional convolutions: `Conv` (11).

use crate::{Attribute, Scope, Value};

/// Geometry of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Step between outputs.
    pub stride: usize,
    /// Step between the kernel's taps.
    pub dilation: usize,
    /// Zeros before the first value.
    pub left_padding: usize,
}

impl Default for Convolution {
    fn default() -> Self {
        Self {
            stride: 1,
            dilation: 1,
            left_padding: 0,
        }
    }
}

impl Convolution {
    /// Everything is spelled out: some runtimes do not infer kernels and paddings.
    fn attributes(self, kernel: usize) -> [(&'static str, Attribute); 5] {
        [
            ("kernel_shape", Attribute::Ints(vec![kernel as i64])),
            ("strides", Attribute::Ints(vec![self.stride as i64])),
            ("dilations", Attribute::Ints(vec![self.dilation as i64])),
            ("group", Attribute::Int(1)),
            ("pads", Attribute::Ints(vec![self.left_padding as i64, 0])),
        ]
    }
}

impl Scope<'_> {
    /// The module is a convolution: `x [1, in, time]` with the parameters
    /// `weight [out, in, kernel]` and, where there is one, `bias [out]`.
    pub fn conv(&self, x: &Value, geometry: Convolution) -> Value {
        let weight = self.convolution_weight("weight");
        let bias = self.has_parameter("bias").then(|| self.parameter("bias"));
        let inputs: Vec<&Value> = [x, &weight].into_iter().chain(&bias).collect();
        self.module_op("Conv", &inputs, &geometry.attributes(self.taps()))
    }

    /// Taps of the module's kernel.
    fn taps(&self) -> usize {
        self.parameter_shape("weight")
            .last()
            .copied()
            .unwrap_or_default()
    }
}
