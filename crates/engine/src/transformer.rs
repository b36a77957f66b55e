//! Twin of pocket-tts `modules/transformer.py`.

use config::{FlowLmTransformerConfig, MimiTransformerConfig};
use kernels::{CacheFormat, Heads};

use crate::EngineError;
use crate::attention::{StreamingMultiheadAttention, Watched};
use crate::context::Context;
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::norm::LayerNorm;
use crate::rope::{RotaryEmbedding, Rotation};

/// `eps` of the layers' norms and of `out_norm`.
pub(crate) const LAYER_NORM_EPS: f32 = 1e-5;

/// A stack of layers.
#[derive(Clone, Debug)]
pub(crate) struct StreamingTransformer {
    layers: Vec<StreamingTransformerLayer>,
    rope: RotaryEmbedding,
    heads: Heads,
}

/// Widths of a transformer.
struct Shape {
    layers: usize,
    width: usize,
    feedforward: usize,
    heads: Heads,
    context: Option<usize>,
    max_period: f64,
}

#[derive(Clone, Debug)]
struct StreamingTransformerLayer {
    norm1: LayerNorm,
    self_attn: StreamingMultiheadAttention,
    layer_scale_1: LayerScale,
    norm2: LayerNorm,
    linear1: Linear,
    linear2: Linear,
    layer_scale_2: LayerScale,
}

/// Twin of `LayerScale`, or of the identity where the model has none.
#[derive(Clone, Debug)]
struct LayerScale(Option<Vec<f32>>);

impl StreamingTransformer {
    pub(crate) fn of_flow_lm(
        m: &Loader<'_>,
        config: &FlowLmTransformerConfig,
    ) -> Result<Self, EngineError> {
        let shape = Shape {
            layers: config.num_layers,
            width: config.d_model,
            feedforward: config.dim_feedforward(),
            heads: Heads {
                queries: config.num_heads,
                keys: config.num_kv_heads(),
                width: config.dim_per_head(),
            },
            context: None,
            max_period: f64::from(config.max_period),
        };
        Self::new(m, &shape)
    }

    pub(crate) fn of_mimi(
        m: &Loader<'_>,
        config: &MimiTransformerConfig,
    ) -> Result<Self, EngineError> {
        let shape = Shape {
            layers: config.num_layers,
            width: config.d_model,
            feedforward: config.dim_feedforward,
            heads: Heads {
                queries: config.num_heads,
                keys: config.num_heads,
                width: config.dim_per_head(),
            },
            context: Some(config.context),
            max_period: config.max_period,
        };
        Self::new(m, &shape)
    }

    fn new(m: &Loader<'_>, shape: &Shape) -> Result<Self, EngineError> {
        let layers = (0..shape.layers).map(|layer| {
            StreamingTransformerLayer::new(&m.child(&format!("layers.{layer}")), shape)
        });
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            rope: RotaryEmbedding::new(shape.heads.width, shape.max_period),
            heads: shape.heads,
        })
    }

    /// Empty caches, one a layer.
    pub(crate) fn caches(&self, format: CacheFormat) -> Vec<KvCache> {
        vec![KvCache::new(self.heads, format); self.layers.len()]
    }

    /// Values of a row of the cache of `layer`: of its keys (0) or its values (1).
    pub(crate) fn cached_row(&self, layer: usize, index: Option<usize>) -> Option<usize> {
        self.layers.get(layer)?;
        KvCache::row(self.heads, index)
    }

    /// `x` [time, width] at positions from `position` on -> [time, width].
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        mut x: Vec<f32>,
        time: usize,
        position: i64,
        caches: &mut [KvCache],
    ) -> Vec<f32> {
        self.forward_watched(ctx, &mut x, time, position, caches, &mut []);
        x
    }

    /// The same in place, with the heads to watch in each layer, if any.
    pub(crate) fn forward_watched(
        &self,
        ctx: &mut Context,
        x: &mut [f32],
        time: usize,
        position: i64,
        caches: &mut [KvCache],
        watched: &mut [Vec<Watched>],
    ) {
        let rotation = self.rope.rotation(position, time);
        for (index, (layer, cache)) in self.layers.iter().zip(caches).enumerate() {
            let watched = watched.get_mut(index).map_or(&mut [][..], |heads| heads);
            layer.forward(ctx, x, &rotation, cache, watched);
        }
    }

    /// Layers.
    pub(crate) fn depth(&self) -> usize {
        self.layers.len()
    }
}

impl StreamingTransformerLayer {
    fn new(m: &Loader<'_>, shape: &Shape) -> Result<Self, EngineError> {
        let &Shape {
            width,
            feedforward,
            heads,
            context,
            ..
        } = shape;
        Ok(Self {
            norm1: LayerNorm::new(&m.child("norm1"), width, LAYER_NORM_EPS)?,
            self_attn: StreamingMultiheadAttention::new(
                &m.child("self_attn"),
                width,
                heads,
                context,
            )?,
            layer_scale_1: LayerScale::new(&m.child("layer_scale_1"), width)?,
            norm2: LayerNorm::new(&m.child("norm2"), width, LAYER_NORM_EPS)?,
            linear1: Linear::new(&m.child("linear1"), width, feedforward)?,
            linear2: Linear::new(&m.child("linear2"), feedforward, width)?,
            layer_scale_2: LayerScale::new(&m.child("layer_scale_2"), width)?,
        })
    }

    /// `x` [time, width], in place.
    fn forward(
        &self,
        ctx: &mut Context,
        x: &mut [f32],
        rotation: &Rotation,
        cache: &mut KvCache,
        watched: &mut [Watched],
    ) {
        let norm = self.norm1.forward(ctx, x);
        let update = (self.self_attn).forward(ctx, &norm, rotation, cache, watched);
        self.layer_scale_1.add(ctx, x, &update);
        ctx.give(norm);
        ctx.give(update);

        let norm = self.norm2.forward(ctx, x);
        let mut hidden = self.linear1.forward(ctx, &norm);
        ctx.gelu_tanh(&mut hidden);
        let update = self.linear2.forward(ctx, &hidden);
        self.layer_scale_2.add(ctx, x, &update);
        ctx.give(norm);
        ctx.give(hidden);
        ctx.give(update);
    }
}

impl LayerScale {
    fn new(m: &Loader<'_>, width: usize) -> Result<Self, EngineError> {
        let scale = m.has("scale").then(|| m.vector("scale", width));
        Ok(Self(scale.transpose()?))
    }

    /// `x += scale * update`
    fn add(&self, ctx: &Context, x: &mut [f32], update: &[f32]) {
        match &self.0 {
            Some(scale) => ctx.kernels.add_scaled(x, update, scale),
            None => ctx.kernels.add(x, update),
        }
    }
}

/// Twin of `ProjectedTransformer`. The projections exist where widths differ.
#[derive(Clone, Debug)]
pub(crate) struct ProjectedTransformer {
    input_proj: Option<Linear>,
    transformer: StreamingTransformer,
    output_proj: Option<Linear>,
    /// How rows are cached.
    cache: CacheFormat,
}

impl ProjectedTransformer {
    pub(crate) fn new(
        m: &Loader<'_>,
        config: &MimiTransformerConfig,
        cache: CacheFormat,
    ) -> Result<Self, EngineError> {
        let width = config.d_model;
        let projection = |name: &str, inputs: usize, outputs: usize| {
            let needed = inputs != outputs;
            needed
                .then(|| Linear::new(&m.child(name), inputs, outputs))
                .transpose()
        };
        let output = config.output_dimensions.first().copied().unwrap_or(width);
        Ok(Self {
            input_proj: projection("input_proj", config.input_dimension, width)?,
            transformer: StreamingTransformer::of_mimi(&m.child("transformer"), config)?,
            output_proj: projection("output_projs.0", width, output)?,
            cache,
        })
    }

    pub(crate) fn caches(&self) -> Vec<KvCache> {
        self.transformer.caches(self.cache)
    }

    /// As [`StreamingTransformer::cached_row`].
    pub(crate) fn cached_row(&self, layer: usize, index: Option<usize>) -> Option<usize> {
        self.transformer.cached_row(layer, index)
    }

    /// `x` [time, in] at positions from `position` on -> [time, out].
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        x: Vec<f32>,
        time: usize,
        position: i64,
        caches: &mut [KvCache],
    ) -> Vec<f32> {
        let x = project(ctx, self.input_proj.as_ref(), x);
        let x = self.transformer.forward(ctx, x, time, position, caches);
        project(ctx, self.output_proj.as_ref(), x)
    }
}

fn project(ctx: &mut Context, projection: Option<&Linear>, x: Vec<f32>) -> Vec<f32> {
    let Some(projection) = projection else {
        return x;
    };
    let y = projection.forward(ctx, &x);
    ctx.give(x);
    y
}
