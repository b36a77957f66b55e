//! Activation functions.

use crate::isa::CpuKernels;
use crate::math::Functions;
use crate::simd::{Simd, SimdOp};

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Exponential linear unit.
    Elu,
    /// x times the logistic function.
    Silu,
    /// GELU, by its tanh approximation.
    GeluTanh,
}

struct Activate<'a> {
    activation: Activation,
    values: &'a mut [f32],
}

/// ELU from one place to another.
struct EluInto<'a> {
    values: &'a [f32],
    out: &'a mut [f32],
}

impl SimdOp for Activate<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let math = Functions::new();
        match self.activation {
            Activation::Elu => map(self.values, |x| math.elu(x)),
            Activation::Silu => map(self.values, |x| math.silu(x)),
            Activation::GeluTanh => map(self.values, |x| math.gelu_tanh(x)),
        }
    }
}

impl SimdOp for EluInto<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let math = Functions::new();
        for (out, value) in self.out.iter_mut().zip(self.values) {
            *out = math.elu(*value);
        }
    }
}

#[inline(always)]
fn map(values: &mut [f32], function: impl Fn(f32) -> f32) {
    for value in values {
        *value = function(*value);
    }
}

impl CpuKernels {
    /// Applies the function to every value, in place.
    pub fn activate(self, activation: Activation, values: &mut [f32]) {
        self.run(Activate { activation, values });
    }

    /// Applies ELU to every value of `x`, into `out`.
    ///
    /// # Panics
    ///
    /// If lengths disagree.
    pub fn elu_into(self, x: &[f32], out: &mut [f32]) {
        assert_eq!(x.len(), out.len(), "values of an activation");
        self.run(EluInto { values: x, out });
    }
}
