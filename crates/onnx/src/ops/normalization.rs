//! `LayerNormalization` (17) over the last axis.

use crate::{Attribute, Scope, Value};

impl Scope<'_> {
    /// The module is a layer norm with the parameters `weight` and `bias`.
    pub fn layer_norm(&self, x: &Value, eps: f32) -> Value {
        let (weight, bias) = (self.parameter("weight"), self.parameter("bias"));
        self.layer_norm_by(&[x, &weight, &bias], eps)
    }

    /// The module is a layer norm over `width` values without gain and bias.
    pub fn plain_layer_norm(&self, x: &Value, width: usize, eps: f32) -> Value {
        // The operator wants a gain.
        let gain = self.constant("ones", &[width], &vec![1.0; width]);
        self.layer_norm_by(&[x, &gain], eps)
    }

    fn layer_norm_by(&self, inputs: &[&Value], eps: f32) -> Value {
        let attributes = [
            ("axis", Attribute::Int(-1)),
            ("epsilon", Attribute::Float(eps)),
        ];
        self.module_op("LayerNormalization", inputs, &attributes)
    }
}
