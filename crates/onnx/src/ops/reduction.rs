//! Reductions over one axis, which stays with size 1: `ReduceMean` (18, axes an attribute before), `ReduceSum` (13).
//!
//! Axes count from the front: ONNX Runtime 1.30 gives the wrong shape for a
//! negative one when another axis has size 0.

use crate::{Attribute, Scope, Value};

impl Scope<'_> {
    /// Mean along `axis`.
    pub fn mean(&self, x: &Value, axis: u8) -> Value {
        let keep = ("keepdims", Attribute::Int(1));
        if self.graph().opset().reduces_by_input() {
            self.op("ReduceMean", &[x, &self.ints(&[axis.into()])], &[keep])
        } else {
            let reduced = Attribute::Ints(vec![axis.into()]);
            self.op("ReduceMean", &[x], &[("axes", reduced), keep])
        }
    }

    /// Sum along `axis`.
    pub fn sum(&self, x: &Value, axis: u8) -> Value {
        self.op(
            "ReduceSum",
            &[x, &self.ints(&[axis.into()])],
            &[("keepdims", Attribute::Int(1))],
        )
    }
}
