//! Comparisons and choices: `Equal` (13), `Less` (13), `GreaterOrEqual` (16), `And` (7), `Where` (16), `If` (16 or older), `IsNaN` (13), `Cast` (13).

use crate::proto::tensor_proto::DataType;
use crate::{Attribute, Scope, Value};

impl Scope<'_> {
    /// `a == b`.
    pub fn equal(&self, a: &Value, b: &Value) -> Value {
        self.op("Equal", &[a, b], &[])
    }

    /// `a < b`.
    pub fn less(&self, a: &Value, b: &Value) -> Value {
        self.op("Less", &[a, b], &[])
    }

    /// `a >= b`.
    pub fn greater_or_equal(&self, a: &Value, b: &Value) -> Value {
        self.op("GreaterOrEqual", &[a, b], &[])
    }

    /// `a && b`.
    pub fn and(&self, a: &Value, b: &Value) -> Value {
        self.op("And", &[a, b], &[])
    }

    /// `a` where `condition`, else `b`.
    pub fn choose(&self, condition: &Value, a: &Value, b: &Value) -> Value {
        self.op("Where", &[condition, a, b], &[])
    }

    /// What `then` computes where `condition` (bool [1]) holds, else what `otherwise` computes;
    /// the other is left out.
    pub fn if_else(
        &self,
        condition: &Value,
        then: impl FnOnce() -> Value,
        otherwise: impl FnOnce() -> Value,
    ) -> Value {
        let graph = self.graph();
        let [then, otherwise] = [
            graph.subgraph("then", then),
            graph.subgraph("else", otherwise),
        ];
        let branches = [
            ("then_branch", Attribute::Graph(Box::new(then))),
            ("else_branch", Attribute::Graph(Box::new(otherwise))),
        ];
        self.op("If", &[condition], &branches)
    }

    /// Whether each value is NaN.
    pub fn is_nan(&self, x: &Value) -> Value {
        self.op("IsNaN", &[x], &[])
    }

    /// Numbers of another kind as f32.
    pub fn to_f32(&self, x: &Value) -> Value {
        self.cast(x, DataType::Float)
    }

    /// Numbers of another kind as i32.
    pub fn to_i32(&self, x: &Value) -> Value {
        self.cast(x, DataType::Int32)
    }

    fn cast(&self, x: &Value, to: DataType) -> Value {
        self.op("Cast", &[x], &[("to", Attribute::Int(to as i64))])
    }
}
