//! Counterpart of `models/flow_lm.py` in pocket-tts: the backbone.

use std::cell::RefCell;

use bundle::names::{self, ATTENTION};
use config::{Config, LAYER_NORM_EPS, WordHead};
use onnx::{Graph, Value};
use tensor::{DType, Dim};

use crate::attention::{Keys, WatchedHead};
use crate::kv_cache::{CacheUpdate, KvCache};
use crate::mask::attention_mask;
use crate::states::States;
use crate::transformer::StreamingTransformer;

/// The batch, and whatever else has one element.
const ONE: Dim = Dim::Fixed(1);

/// Rows of one call: prompt embeddings, then latents.
const NEW_ROWS: &str = "S+L";

/// Counterpart of `FlowLMModel.backbone` and what surrounds it in `forward`:
/// `embeddings` [1, S, D] (voice prompt or text) and `latents` [1, L, ldim] ->
/// `conditioning` [1, Z] and `eos_logit` [1, 1] of the last position, and the attention of some
/// heads [1, heads, P + S + L], if any.
pub(crate) fn flow_lm(g: &Graph, states: &States<'_>, config: &Config, heads: &[WordHead]) {
    let m = &g.scope("flow_lm");
    let lm = &config.flow_lm;
    let width = Dim::Fixed(lm.transformer.d_model);
    let embeddings = g.input(names::EMBEDDINGS, DType::F32, &[ONE, Dim::from("S"), width]);
    let ldim = Dim::Fixed(config.mimi.latent_dim());
    let latents = g.input(names::LATENTS, DType::F32, &[ONE, Dim::from("L"), ldim]);
    let position = g.input(names::POSITION, DType::I64, &[ONE]);

    // NaN stands for the beginning of speech.
    let sequence = m.choose(&m.is_nan(&latents), &m.parameter("bos_emb"), &latents);
    let input = m.child("input_linear").linear(&m.squeeze(&sequence, &[0]));
    let x = m.concat(&[&m.squeeze(&embeddings, &[0]), &input], 0);

    let transformer = StreamingTransformer::of_flow_lm(&lm.transformer);
    let t = &m.child("transformer");
    let time = t.size(&x, 0);
    let end = t.add(&position, &time);
    let positions = t.range(&position, &end);
    let rows = CacheUpdate::Append {
        symbol: NEW_ROWS,
        time: &time,
    };
    let cache = KvCache::new(t, &transformer, states, rows);
    let pos_k = t.range(&t.sub(&position, cache.len()), &end);
    let keys = Keys::Cached {
        mask: attention_mask(t, &positions, &pos_k, None),
        cache,
        watched: RefCell::new(heads.iter().map(|&head| WatchedHead::new(head)).collect()),
    };
    let x = transformer.forward(t, &x, &positions, &keys);

    let last = m.slice(&x, -1, i64::MAX, 0);
    let mut conditioning = m.child("out_norm").layer_norm(&last, LAYER_NORM_EPS);
    let z_proj = m.child("z_proj");
    if z_proj.has_parameter("weight") {
        conditioning = z_proj.linear(&conditioning);
    }
    let eos_logit = m.child("out_eos").linear(&conditioning);
    let z = Dim::Fixed(lm.conditioning_dim());
    g.output(names::CONDITIONING, &conditioning, DType::F32, &[ONE, z]);
    g.output(names::EOS_LOGIT, &eos_logit, DType::F32, &[ONE, ONE]);
    if let Keys::Cached { watched, .. } = &keys {
        let watched = watched.borrow();
        let scores: Vec<&Value> = watched.iter().filter_map(WatchedHead::scores).collect();
        if !scores.is_empty() {
            let attention = m.unsqueeze(&m.concat(&scores, 0), &[0]);
            let shape = [ONE, Dim::Fixed(scores.len()), Dim::from("positions")];
            g.output(ATTENTION, &attention, DType::F32, &shape);
        }
    }
}

#[cfg(test)]
mod tests;
