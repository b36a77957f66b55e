//! Counterpart of pocket-tts `models/flow_lm.py`: the backbone.

use bundle::ATTENTION;
use config::{FlowLmConfig, LAYER_NORM_EPS, WordHead};
use kernels::CacheFormat;
use tensor::Tensor;

use crate::EngineError;
use crate::attention::WatchedHead;
use crate::context::Context;
use crate::input::{InputDim, ModuleInput};
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::module::{Module, ModuleCall, NamedTensors, only, tensor};
use crate::norm::LayerNorm;
use crate::transformer::{CachePart, StreamPositions, StreamingTransformer};

/// Counterpart of `FlowLMModel` without text table and flow net.
pub(crate) struct FlowLm {
    bos_emb: Vec<f32>,
    input_linear: Linear,
    transformer: StreamingTransformer,
    out_norm: LayerNorm,
    z_proj: Option<Linear>,
    out_eos: Linear,
    width: usize,
    /// Format of the caches.
    cache: CacheFormat,
    /// Heads whose scores can be asked for.
    heads: Vec<WordHead>,
}

impl FlowLm {
    pub(crate) fn new(
        m: &Loader<'_>,
        config: &FlowLmConfig,
        latent_dim: usize,
        cache: CacheFormat,
        heads: &[WordHead],
    ) -> Result<Self, EngineError> {
        let m = m.child("flow_lm");
        let width = config.transformer.d_model;
        let transformer = &config.transformer;
        let fits = (heads.iter()).all(|&WordHead { layer, head }| {
            layer < transformer.num_layers && head < transformer.num_heads
        });
        let z_proj = (config.z_dim).map(|z_dim| Linear::new(&m.child("z_proj"), width, z_dim));
        Ok(Self {
            bos_emb: m.vector("bos_emb", latent_dim)?,
            input_linear: Linear::new(&m.child("input_linear"), latent_dim, width)?,
            transformer: StreamingTransformer::of_flow_lm(
                &m.child("transformer"),
                &config.transformer,
            )?,
            out_norm: LayerNorm::new(&m.child("out_norm"), width, LAYER_NORM_EPS)?,
            z_proj: z_proj.transpose()?,
            out_eos: Linear::new(&m.child("out_eos"), config.conditioning_dim(), 1)?,
            width,
            cache,
            heads: if fits { heads.to_vec() } else { Vec::new() },
        })
    }

    /// The heads to watch in each layer.
    fn watched(&self) -> Vec<Vec<WatchedHead>> {
        let mut watched = vec![Vec::new(); self.transformer.depth()];
        for &WordHead { layer, head } in &self.heads {
            if let Some(heads) = watched.get_mut(layer) {
                let scores = Vec::new();
                heads.push(WatchedHead { head, scores });
            }
        }
        watched
    }

    /// The scores of all heads [1, heads, positions], in the order in which they were asked for.
    fn attention(&self, watched: &[Vec<WatchedHead>]) -> Result<Tensor, EngineError> {
        let mut scores = Vec::new();
        for head in &self.heads {
            let found = watched.get(head.layer).into_iter().flatten();
            let found = found.filter(|watched| watched.head == head.head);
            scores.extend(found.flat_map(|watched| &watched.scores));
        }
        let heads = self.heads.len();
        tensor(&[1, heads, scores.len() / heads.max(1)], scores)
    }

    /// One call, or several of one row each; all were checked.
    fn forward(
        &self,
        ctx: &mut Context,
        mut calls: Vec<ModuleCall<'_, Vec<KvCache>>>,
    ) -> Vec<Result<NamedTensors, EngineError>> {
        let mut sequence = ctx.concat(calls.iter().map(|call| call.inputs.f32("latents")));
        // NaN stands for the beginning of speech.
        for (x, bos) in sequence.iter_mut().zip(self.bos_emb.iter().cycle()) {
            if x.is_nan() {
                *x = *bos;
            }
        }
        let input = self.input_linear.forward(ctx, &sequence);
        let mut x = ctx.concat(calls.iter().map(|call| call.inputs.f32("embeddings")));
        x.extend_from_slice(&input);
        ctx.release(sequence);
        ctx.release(input);

        let count = x.len() / self.width / calls.len().max(1);
        let watched = (calls.iter()).map(|call| {
            if call.watches {
                self.watched()
            } else {
                Vec::new()
            }
        });
        let mut watched: Vec<_> = watched.collect();
        let streams = calls.iter_mut().zip(&mut watched);
        let streams = streams.map(|(call, watched)| StreamPositions {
            count,
            first: call.position,
            caches: call.state,
            watched,
        });
        let mut streams: Vec<_> = streams.collect();
        let x = self.transformer.forward_last(ctx, x, &mut streams);
        let mut conditioning = self.out_norm.forward(ctx, &x);
        ctx.release(x);
        if let Some(z_proj) = &self.z_proj {
            conditioning = z_proj.forward(ctx, &conditioning);
        }
        let eos_logits = self.out_eos.forward(ctx, &conditioning);
        if count > 1 {
            ctx.free_memory();
        }
        let rows = conditioning.chunks_exact(self.out_eos.inputs());
        let rows = rows.zip(eos_logits).zip(&watched);
        let rows = rows.map(|((conditioning, eos_logit), watched)| {
            let mut outputs = vec![
                (
                    "conditioning",
                    tensor(&[1, conditioning.len()], conditioning.to_vec())?,
                ),
                ("eos_logit", tensor(&[1, 1], vec![eos_logit])?),
            ];
            if !watched.is_empty() {
                outputs.push((ATTENTION, self.attention(watched)?));
            }
            Ok(outputs)
        });
        rows.collect()
    }

    /// The cache that holds this state.
    fn find_cache(&self, state_info: &bundle::State) -> Result<CachePart, EngineError> {
        let found = self.transformer.find_cache("transformer", state_info);
        found.ok_or_else(|| EngineError::unknown_state(state_info))
    }
}

impl Module for FlowLm {
    type State = Vec<KvCache>;

    const COUNTS_POSITIONS: bool = true;

    fn inputs(&self) -> Vec<ModuleInput> {
        let rows = |name, count, width| {
            let shape = [
                InputDim::Fixed(1),
                InputDim::Free(count),
                InputDim::Fixed(width),
            ];
            ModuleInput::f32(name, &shape)
        };
        vec![
            rows("embeddings", "embeddings", self.width),
            rows("latents", "latents", self.bos_emb.len()),
        ]
    }

    fn can_be_watched(&self) -> bool {
        !self.heads.is_empty()
    }

    fn start(&self) -> Vec<KvCache> {
        self.transformer.caches(self.cache)
    }

    /// `embeddings` [1, S, D] and `latents` [1, L, ldim] -> `conditioning` [1, Z] and
    /// `eos_logit` [1, 1] of the last position.
    fn run(
        &self,
        ctx: &mut Context,
        call: ModuleCall<'_, Vec<KvCache>>,
    ) -> Result<NamedTensors, EngineError> {
        check(&call)?;
        only(self.forward(ctx, vec![call]))
    }

    /// Reads the weights once for all calls that are steps: of one latent, without embeddings.
    fn run_together(
        &self,
        ctx: &mut Context,
        calls: Vec<ModuleCall<'_, Vec<KvCache>>>,
    ) -> Vec<Result<NamedTensors, EngineError>> {
        let is_step = |call: &ModuleCall<'_, _>| {
            let rows = [call.inputs.f32("embeddings"), call.inputs.f32("latents")];
            rows[0].is_empty() && rows[1].len() == self.bos_emb.len() && check(call).is_ok()
        };
        if calls.iter().all(is_step) {
            self.forward(ctx, calls)
        } else {
            calls.into_iter().map(|call| self.run(ctx, call)).collect()
        }
    }

    fn state_size(&self, state_info: &bundle::State) -> Result<usize, EngineError> {
        Ok(self.find_cache(state_info)?.row_width)
    }

    fn state(
        &self,
        _: &mut Context,
        caches: &Vec<KvCache>,
        state_info: &bundle::State,
    ) -> Result<Vec<f32>, EngineError> {
        Ok(self.find_cache(state_info)?.of(caches).get())
    }

    fn set_state(
        &self,
        ctx: &mut Context,
        caches: &mut Vec<KvCache>,
        state_info: &bundle::State,
        value: &[f32],
    ) -> Result<(), EngineError> {
        self.find_cache(state_info)?
            .set(ctx, caches, state_info, value)
    }
}

/// Refuses a call without rows, and caches that do not belong together.
fn check(call: &ModuleCall<'_, Vec<KvCache>>) -> Result<(), EngineError> {
    if call.inputs.f32("embeddings").is_empty() && call.inputs.f32("latents").is_empty() {
        return Err(EngineError::Empty {
            inputs: "embeddings and latents",
        });
    }
    if !call.state.iter().all(|cache| cache.is_like(&call.state[0])) {
        return Err(EngineError::CacheLength);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
