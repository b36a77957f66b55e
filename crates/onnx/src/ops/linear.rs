//! Matrix products: `MatMul` (13).

use crate::{Scope, Value};

impl Scope<'_> {
    /// The module is a linear layer: `x [rows, in] -> [rows, out]` with the
    /// parameter `weight [out, in]` and, where there is one, `bias [out]`.
    pub fn linear(&self, x: &Value) -> Value {
        let weight = self.matrix("weight");
        if !self.has_parameter("bias") {
            return self.linear_by(x, &weight);
        }
        let product = self.matmul(x, &weight);
        self.module_op("Add", &[&product, &self.parameter("bias")], &[])
    }

    /// The module is a product with a weight `[in, out]`: `x [rows, in] -> [rows, out]`.
    pub fn linear_by(&self, x: &Value, weight: &Value) -> Value {
        self.module_op("MatMul", &[x, weight], &[])
    }

    /// Matrix product of the last two axes, broadcast over the others.
    pub fn matmul(&self, a: &Value, b: &Value) -> Value {
        self.op("MatMul", &[a, b], &[])
    }
}
