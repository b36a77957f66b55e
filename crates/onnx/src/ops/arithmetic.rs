//! Elementwise arithmetic: `Add`, `Sub`, `Mul`, `Div` (14), `Sqrt` (13), `Cos`, `Sin` (7), with numpy-style broadcasting.

use crate::{Scope, Value};

impl Scope<'_> {
    /// `a + b`.
    pub fn add(&self, a: &Value, b: &Value) -> Value {
        self.op("Add", &[a, b], &[])
    }

    /// `a - b`.
    pub fn sub(&self, a: &Value, b: &Value) -> Value {
        self.op("Sub", &[a, b], &[])
    }

    /// `a * b`.
    pub fn mul(&self, a: &Value, b: &Value) -> Value {
        self.op("Mul", &[a, b], &[])
    }

    /// `a / b`; truncates integers.
    pub fn div(&self, a: &Value, b: &Value) -> Value {
        self.op("Div", &[a, b], &[])
    }

    /// Square root.
    pub fn sqrt(&self, x: &Value) -> Value {
        self.op("Sqrt", &[x], &[])
    }

    /// Cosine of radians.
    pub fn cos(&self, x: &Value) -> Value {
        self.op("Cos", &[x], &[])
    }

    /// Sine of radians.
    pub fn sin(&self, x: &Value) -> Value {
        self.op("Sin", &[x], &[])
    }
}
