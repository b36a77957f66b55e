//! Twin of pocket-tts `models/flow_lm.py`: the backbone.

use bundle::ATTENTION;
use config::{FlowLmConfig, WordHead};
use kernels::{Cache, CacheFormat};
use tensor::Tensor;

use crate::EngineError;
use crate::attention::Watched;
use crate::context::Context;
use crate::interface::{Input, Size};
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::module::{Inputs, Module, Outputs, tensor};
use crate::norm::LayerNorm;
use crate::transformer::{LAYER_NORM_EPS, StreamingTransformer};

/// Twin of `FlowLMModel` without text table and flow net.
pub(crate) struct FlowLm {
    bos_emb: Vec<f32>,
    input_linear: Linear,
    transformer: StreamingTransformer,
    out_norm: LayerNorm,
    z_proj: Option<Linear>,
    out_eos: Linear,
    width: usize,
    /// How rows are cached.
    cache: CacheFormat,
    /// Heads whose attention can be asked for.
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
    fn watched(&self) -> Vec<Vec<Watched>> {
        let mut watched = vec![Vec::new(); self.transformer.depth()];
        for &WordHead { layer, head } in &self.heads {
            if let Some(heads) = watched.get_mut(layer) {
                let scores = Vec::new();
                heads.push(Watched { head, scores });
            }
        }
        watched
    }

    /// The scores of all heads [1, heads, positions], in the order in which they were asked for.
    fn attention(&self, watched: &[Vec<Watched>]) -> Result<Tensor, EngineError> {
        let mut scores = Vec::new();
        for head in &self.heads {
            let found = watched.get(head.layer).into_iter().flatten();
            let found = found.filter(|watched| watched.head == head.head);
            scores.extend(found.flat_map(|watched| &watched.scores));
        }
        let heads = self.heads.len();
        tensor(&[1, heads, scores.len() / heads.max(1)], scores)
    }

    /// The cache of a layer, keys or values, that the manifest calls `which`.
    fn rows<'a>(caches: &'a [KvCache], which: &bundle::State) -> Option<&'a Cache> {
        caches.get(layer(which, "transformer")?)?.rows(which.index)
    }
}

/// The layer of the transformer `module` whose cache a state of the manifest is.
pub(crate) fn layer(which: &bundle::State, module: &str) -> Option<usize> {
    let path = which
        .module
        .strip_prefix(module)?
        .strip_prefix(".layers.")?;
    let layer = path.strip_suffix(".self_attn")?.parse().ok()?;
    (which.key == "cache").then_some(layer)
}

impl Module for FlowLm {
    type State = Vec<KvCache>;

    const COUNTS_POSITIONS: bool = true;

    fn inputs(&self) -> Vec<Input> {
        let rows = |name, count, width| {
            let shape = [Size::Fixed(1), Size::Free(count), Size::Fixed(width)];
            Input::f32(name, &shape)
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
        caches: &mut Vec<KvCache>,
        position: i64,
        inputs: &Inputs<'_>,
    ) -> Result<Outputs, EngineError> {
        let (embeddings, latents) = (inputs.f32("embeddings"), inputs.f32("latents"));
        if embeddings.is_empty() && latents.is_empty() {
            return Err(EngineError::Empty {
                inputs: "embeddings and latents",
            });
        }
        if !caches.iter().all(|cache| cache.is_like(&caches[0])) {
            return Err(EngineError::CacheLength);
        }
        // NaN stands for the beginning of speech.
        let mut sequence = ctx.copy(latents);
        for (x, bos) in sequence.iter_mut().zip(self.bos_emb.iter().cycle()) {
            if x.is_nan() {
                *x = *bos;
            }
        }
        let input = self.input_linear.forward(ctx, &sequence);
        let mut x = ctx.copy(embeddings);
        x.extend_from_slice(&input);
        ctx.give(sequence);
        ctx.give(input);

        let time = x.len() / self.width;
        let mut watched = if ctx.watches {
            self.watched()
        } else {
            Vec::new()
        };
        (self.transformer).forward_watched(ctx, &mut x, time, position, caches, &mut watched);
        let last = &x[x.len() - self.width..];
        let mut conditioning = self.out_norm.forward(ctx, last);
        ctx.give(x);
        if let Some(z_proj) = &self.z_proj {
            conditioning = z_proj.forward(ctx, &conditioning);
        }
        let eos_logit = self.out_eos.forward(ctx, &conditioning);
        if time > 1 {
            ctx.release();
        }
        let mut outputs = vec![
            (
                "conditioning",
                tensor(&[1, conditioning.len()], conditioning)?,
            ),
            ("eos_logit", tensor(&[1, 1], eos_logit)?),
        ];
        if ctx.watches {
            outputs.push((ATTENTION, self.attention(&watched)?));
        }
        Ok(outputs)
    }

    fn state_size(&self, which: &bundle::State) -> Option<usize> {
        (self.transformer).cached_row(layer(which, "transformer")?, which.index)
    }

    fn state(
        &self,
        _: &mut Context,
        caches: &Vec<KvCache>,
        which: &bundle::State,
    ) -> Option<Vec<f32>> {
        Self::rows(caches, which).map(Cache::get)
    }

    fn set_state(
        &self,
        ctx: &mut Context,
        caches: &mut Vec<KvCache>,
        which: &bundle::State,
        value: &[f32],
    ) -> Option<()> {
        let cache = caches.get_mut(layer(which, "transformer")?)?;
        cache.set(ctx, which.index, value)
    }
}
