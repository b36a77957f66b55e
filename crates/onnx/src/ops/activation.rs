//! Activations: `Elu` (6), `Sigmoid` (13), `Softmax` (13), `Gelu` (20, spelled out before).

use crate::{Attribute, Scope, Value};

impl Scope<'_> {
    /// `x` where positive, else `exp(x) - 1`.
    pub fn elu(&self, x: &Value) -> Value {
        self.op("Elu", &[x], &[("alpha", Attribute::Float(1.0))])
    }

    /// `x * sigmoid(x)`.
    pub fn silu(&self, x: &Value) -> Value {
        let gate = self.op("Sigmoid", &[x], &[]);
        self.mul(x, &gate)
    }

    /// Softmax along the last axis.
    pub fn softmax(&self, x: &Value) -> Value {
        self.op("Softmax", &[x], &[("axis", Attribute::Int(-1))])
    }

    /// GELU in its tanh approximation:
    /// `0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`.
    pub fn gelu_tanh(&self, x: &Value) -> Value {
        if self.graph().opset().has_gelu() {
            return self.op("Gelu", &[x], &[("approximate", Attribute::Text("tanh"))]);
        }
        // The order of operations is the one that runtimes recognise and fuse.
        let cube = self.op("Pow", &[x, &self.scalar(3.0)], &[]);
        let inner = self.add(x, &self.mul(&cube, &self.scalar(0.044_715)));
        let sqrt_2_over_pi = std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2;
        let tanh = self.op(
            "Tanh",
            &[&self.mul(&inner, &self.scalar(sqrt_2_over_pi))],
            &[],
        );
        let gate = self.add(&tanh, &self.scalar(1.0));
        self.mul(&self.mul(x, &self.scalar(0.5)), &gate)
    }
}
