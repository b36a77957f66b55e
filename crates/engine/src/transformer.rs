//! Counterpart of pocket-tts `modules/transformer.py`.

use std::ops::Range;

use config::{FlowLmTransformerConfig, LAYER_NORM_EPS, MimiTransformerConfig};
use kernels::{Cache, CacheFormat, HeadShape, KvRole};

use crate::EngineError;
use crate::attention::{AttentionPart, StreamingMultiheadAttention, WatchedHead};
use crate::context::Context;
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::norm::LayerNorm;
use crate::rope::{RotaryEmbedding, Rotation};

/// A stack of layers.
#[derive(Clone, Debug)]
pub(crate) struct StreamingTransformer {
    layers: Vec<StreamingTransformerLayer>,
    /// Index of the first one in upstream's stack.
    first: usize,
    rope: RotaryEmbedding,
    heads: HeadShape,
}

/// Widths of a transformer.
struct TransformerShape {
    layers: Range<usize>,
    width: usize,
    feedforward: usize,
    heads: HeadShape,
    context: Option<usize>,
    max_period: f64,
}

/// Keys or values of one layer, among the caches of a transformer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachePart {
    layer: usize,
    role: KvRole,
    /// Values of a cached row.
    pub(crate) row_width: usize,
}

impl CachePart {
    /// These keys or values in `caches`, which are of the same transformer.
    pub(crate) fn of<'a>(&self, caches: &'a [KvCache]) -> &'a Cache {
        caches[self.layer].part(self.role)
    }

    /// Replaces these keys or values, which `state_info` describes. Fails if `rows` are not
    /// whole rows.
    pub(crate) fn set(
        &self,
        ctx: &Context,
        caches: &mut [KvCache],
        state_info: &bundle::State,
        rows: &[f32],
    ) -> Result<(), EngineError> {
        if !rows.len().is_multiple_of(self.row_width) {
            return Err(EngineError::state_size(state_info, rows));
        }
        let cache = caches[self.layer].part_mut(self.role);
        cache.set(ctx.kernels, rows);
        Ok(())
    }
}

/// Positions of one stream.
pub(crate) struct StreamPositions<'a> {
    /// How many.
    pub(crate) count: usize,
    /// The first one.
    pub(crate) first: i64,
    /// One for each layer.
    pub(crate) caches: &'a mut [KvCache],
    /// Heads to watch, by layer; may be empty.
    pub(crate) watched: &'a mut [Vec<WatchedHead>],
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

/// Counterpart of `LayerScale`, or of the identity where the model has none.
#[derive(Clone, Debug)]
struct LayerScale(Option<Vec<f32>>);

impl StreamingTransformer {
    pub(crate) fn of_flow_lm(
        m: &Loader<'_>,
        config: &FlowLmTransformerConfig,
    ) -> Result<Self, EngineError> {
        let shape = TransformerShape {
            layers: 0..config.num_layers,
            width: config.d_model,
            feedforward: config.dim_feedforward(),
            heads: HeadShape {
                num_heads: config.num_heads,
                num_kv_heads: config.num_kv_heads(),
                head_dim: config.dim_per_head(),
            },
            context: None,
            max_period: f64::from(config.max_period),
        };
        Self::new(m, &shape)
    }

    /// Some `layers` of a transformer of the codec.
    pub(crate) fn of_mimi(
        m: &Loader<'_>,
        config: &MimiTransformerConfig,
        layers: Range<usize>,
    ) -> Result<Self, EngineError> {
        let shape = TransformerShape {
            layers,
            width: config.d_model,
            feedforward: config.dim_feedforward,
            heads: HeadShape {
                num_heads: config.num_heads,
                num_kv_heads: config.num_heads,
                head_dim: config.dim_per_head(),
            },
            context: Some(config.context),
            max_period: config.max_period,
        };
        Self::new(m, &shape)
    }

    fn new(m: &Loader<'_>, shape: &TransformerShape) -> Result<Self, EngineError> {
        let layers = shape.layers.clone().map(|layer| {
            StreamingTransformerLayer::new(&m.child(&format!("layers.{layer}")), shape)
        });
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            first: shape.layers.start,
            rope: RotaryEmbedding::new(shape.heads.head_dim, shape.max_period),
            heads: shape.heads,
        })
    }

    /// Empty caches, one for each layer.
    pub(crate) fn caches(&self, format: CacheFormat) -> Vec<KvCache> {
        vec![KvCache::new(self.heads, format); self.layers.len()]
    }

    /// The cache that holds this state, if it is one of the transformer at `path`.
    pub(crate) fn find_cache(&self, path: &str, state_info: &bundle::State) -> Option<CachePart> {
        let layer = state_info
            .module
            .strip_prefix(path)?
            .strip_prefix(".layers.")?;
        let layer: usize = layer.strip_suffix(".self_attn")?.parse().ok()?;
        let layer = layer.checked_sub(self.first)?;
        // Keys and values as upstream stacks them.
        let role = match state_info.index? {
            0 => KvRole::Keys,
            1 => KvRole::Values,
            _ => return None,
        };
        let found = state_info.key == "cache" && layer < self.layers.len();
        found.then_some(CachePart {
            layer,
            role,
            row_width: self.heads.row_width(),
        })
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
        let rotation = self.rope.rotation(position, time);
        for (layer, cache) in self.layers.iter().zip(caches) {
            let part = AttentionPart {
                rows: time,
                rotation: &rotation,
                cache,
                watched: &mut [],
            };
            layer.forward(ctx, &mut x, time, &mut [part]);
        }
        x
    }

    /// The output of each stream's last position alone [streams, width], where `x` has the positions
    /// of all streams: several streams have one position each. The last layer computes keys and
    /// values of all positions, and the rest of the last.
    pub(crate) fn forward_last(
        &self,
        ctx: &mut Context,
        mut x: Vec<f32>,
        streams: &mut [StreamPositions<'_>],
    ) -> Vec<f32> {
        let time = streams.iter().map(|stream| stream.count).sum();
        let rotations = streams
            .iter()
            .map(|it| self.rope.rotation(it.first, it.count));
        let rotations: Vec<Rotation> = rotations.collect();
        let mut layer = |ctx: &mut Context, index: usize, needed: usize| {
            let parts = streams.iter_mut().zip(&rotations);
            let parts = parts.map(|(stream, rotation)| AttentionPart {
                rows: stream.count,
                rotation,
                cache: &mut stream.caches[index],
                watched: (stream.watched.get_mut(index)).map_or(&mut [], |heads| heads),
            });
            let mut parts: Vec<_> = parts.collect();
            self.layers[index].forward(ctx, &mut x, needed, &mut parts);
        };
        if time == rotations.len() {
            // A layer takes less time than a page's clock may measure.
            let layers = 0..self.layers.len();
            ctx.timed(time, |ctx| layers.for_each(|index| layer(ctx, index, 1)));
        } else if let Some(last) = self.layers.len().checked_sub(1) {
            for index in 0..last {
                ctx.timed(time, |ctx| layer(ctx, index, time));
            }
            // It does less than the others, so its time is not compared with theirs.
            layer(ctx, last, 1);
        }
        x
    }

    /// How many layers there are.
    pub(crate) fn depth(&self) -> usize {
        self.layers.len()
    }
}

impl StreamingTransformerLayer {
    fn new(m: &Loader<'_>, shape: &TransformerShape) -> Result<Self, EngineError> {
        let &TransformerShape {
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

    /// Turns `x` [rows of all parts, width] into the output for the last `needed` rows of each part,
    /// which are all rows where there are several parts.
    fn forward(
        &self,
        ctx: &mut Context,
        x: &mut Vec<f32>,
        needed: usize,
        parts: &mut [AttentionPart<'_>],
    ) {
        let norm = self.norm1.forward(ctx, x);
        let update = self.self_attn.forward(ctx, &norm, needed, parts);
        x.drain(..x.len() - update.len());
        self.layer_scale_1.add(ctx, x, &update);
        ctx.release(norm);
        ctx.release(update);

        let norm = self.norm2.forward(ctx, x);
        let mut hidden = self.linear1.forward(ctx, &norm);
        ctx.gelu_tanh(&mut hidden);
        let update = self.linear2.forward(ctx, &hidden);
        self.layer_scale_2.add(ctx, x, &update);
        ctx.release(norm);
        ctx.release(hidden);
        ctx.release(update);
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

/// Counterpart of `ProjectedTransformer`. The projections exist where widths differ.
#[derive(Clone, Debug)]
pub(crate) struct ProjectedTransformer {
    input_proj: Option<Linear>,
    transformer: StreamingTransformer,
    output_proj: Option<Linear>,
    /// Format of the caches.
    cache: CacheFormat,
    /// Values of a position between layers.
    width: usize,
}

/// A part of a [`ProjectedTransformer`].
pub(crate) struct TransformerPart {
    pub(crate) layers: Range<usize>,
    /// Whether the projection of the inputs is in it.
    pub(crate) begins: bool,
    /// Whether the projection of the outputs is in it.
    pub(crate) ends: bool,
}

impl TransformerPart {
    /// All of a transformer with so many layers.
    pub(crate) fn whole(layers: usize) -> Self {
        Self {
            layers: 0..layers,
            begins: true,
            ends: true,
        }
    }
}

impl ProjectedTransformer {
    pub(crate) fn new(
        m: &Loader<'_>,
        config: &MimiTransformerConfig,
        cache: CacheFormat,
    ) -> Result<Self, EngineError> {
        Self::part(m, config, cache, TransformerPart::whole(config.num_layers))
    }

    /// Only `part` of it.
    pub(crate) fn part(
        m: &Loader<'_>,
        config: &MimiTransformerConfig,
        cache: CacheFormat,
        part: TransformerPart,
    ) -> Result<Self, EngineError> {
        let TransformerPart {
            layers,
            begins,
            ends,
        } = part;
        let width = config.d_model;
        let projection = |name: &str, inputs: usize, outputs: usize, is_here: bool| {
            let needed = is_here && inputs != outputs;
            needed
                .then(|| Linear::new(&m.child(name), inputs, outputs))
                .transpose()
        };
        let output = config.output_dimensions.first().copied().unwrap_or(width);
        Ok(Self {
            input_proj: projection("input_proj", config.input_dimension, width, begins)?,
            transformer: StreamingTransformer::of_mimi(&m.child("transformer"), config, layers)?,
            output_proj: projection("output_projs.0", width, output, ends)?,
            cache,
            width,
        })
    }

    /// Values of a position between layers.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn caches(&self) -> Vec<KvCache> {
        self.transformer.caches(self.cache)
    }

    /// As [`StreamingTransformer::find_cache`]; `path` is this module's.
    pub(crate) fn find_cache(&self, path: &str, state_info: &bundle::State) -> Option<CachePart> {
        (self.transformer).find_cache(&format!("{path}.transformer"), state_info)
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
    ctx.release(x);
    y
}

#[cfg(test)]
mod tests;
