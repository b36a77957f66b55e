//! Counterpart of `modules/transformer.py` in pocket-tts.

use config::{FlowLmTransformerConfig, LAYER_NORM_EPS, MimiTransformerConfig};
use onnx::{Scope, Value};

use crate::attention::{Keys, StreamingMultiheadAttention};
use crate::rope::RotaryEmbedding;

/// A stack of layers; weights are found by path.
pub(crate) struct StreamingTransformer {
    pub(crate) num_layers: usize,
    pub(crate) attention: StreamingMultiheadAttention,
    pub(crate) max_period: f64,
}

impl StreamingTransformer {
    pub(crate) fn of_flow_lm(config: &FlowLmTransformerConfig) -> Self {
        Self {
            num_layers: config.num_layers,
            attention: StreamingMultiheadAttention {
                num_heads: config.num_heads,
                num_kv_heads: config.num_kv_heads(),
                dim_per_head: config.dim_per_head(),
            },
            max_period: f64::from(config.max_period),
        }
    }

    pub(crate) fn of_mimi(config: &MimiTransformerConfig) -> Self {
        Self {
            num_layers: config.num_layers,
            attention: StreamingMultiheadAttention {
                num_heads: config.num_heads,
                num_kv_heads: config.num_heads,
                dim_per_head: config.dim_per_head(),
            },
            max_period: config.max_period,
        }
    }

    /// `x` [time, width] at the absolute `positions` (i64 [time]) -> [time, width].
    pub(crate) fn forward(
        &self,
        m: &Scope<'_>,
        x: &Value,
        positions: &Value,
        keys: &Keys<'_, '_>,
    ) -> Value {
        let rope = RotaryEmbedding::new(m, positions, self.attention.dim_per_head, self.max_period);
        (0..self.num_layers).fold(x.clone(), |x, layer| {
            self.layer(&m.child(&format!("layers.{layer}")), layer, &x, &rope, keys)
        })
    }

    /// Counterpart of `StreamingTransformerLayer` in pocket-tts.
    fn layer(
        &self,
        m: &Scope<'_>,
        layer: usize,
        x: &Value,
        rope: &RotaryEmbedding,
        keys: &Keys<'_, '_>,
    ) -> Value {
        let norm = m.child("norm1").layer_norm(x, LAYER_NORM_EPS);
        let update = self
            .attention
            .forward(&m.child("self_attn"), layer, &norm, rope, keys);
        let x = m.add(x, &layer_scale(&m.child("layer_scale_1"), update));
        let norm = m.child("norm2").layer_norm(&x, LAYER_NORM_EPS);
        let hidden = m.child("linear1");
        let hidden = hidden.gelu_tanh(&hidden.linear(&norm));
        let update = m.child("linear2").linear(&hidden);
        m.add(&x, &layer_scale(&m.child("layer_scale_2"), update))
    }
}

/// Counterpart of `LayerScale`, or of the identity where the model has none.
fn layer_scale(m: &Scope<'_>, x: Value) -> Value {
    if m.has_parameter("scale") {
        m.mul(&x, &m.parameter("scale"))
    } else {
        x
    }
}

/// Counterpart of `ProjectedTransformer` in pocket-tts: `x` [1, in, time] -> [1, out, time].
///
/// `positions` are i64 [time]; the projections exist where widths differ.
pub(crate) fn projected_transformer(
    m: &Scope<'_>,
    config: &MimiTransformerConfig,
    x: &Value,
    positions: &Value,
    keys: &Keys<'_, '_>,
) -> Value {
    let mut x = m.squeeze(&m.transpose(x, &[0, 2, 1]), &[0]);
    x = projection(&m.child("input_proj"), x);
    x = StreamingTransformer::of_mimi(config).forward(&m.child("transformer"), &x, positions, keys);
    x = projection(&m.child("output_projs.0"), x);
    m.transpose(&m.unsqueeze(&x, &[0]), &[0, 2, 1])
}

fn projection(m: &Scope<'_>, x: Value) -> Value {
    if m.has_parameter("weight") {
        m.linear(&x)
    } else {
        x
    }
}

#[cfg(test)]
mod tests;
