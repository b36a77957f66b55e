//! Counterpart of `StreamingMultiheadAttention` in pocket-tts `modules/attention.py`.

use kernels::{HeadShape, Rows};

use crate::EngineError;
use crate::context::Context;
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::rope::Rotation;

/// Attention with its projections.
#[derive(Clone, Debug)]
pub(crate) struct StreamingMultiheadAttention {
    heads: HeadShape,
    in_proj: Linear,
    out_proj: Linear,
    /// Positions that a query sees, its own included; all where there is no limit.
    context: Option<usize>,
}

/// A head whose scores are asked for.
#[derive(Clone, Debug)]
pub(crate) struct WatchedHead {
    pub(crate) head: usize,
    /// The last position's scores with each position up to its own, before the softmax.
    pub(crate) scores: Vec<f32>,
}

/// Rows of one stream, among those that are worked on together.
pub(crate) struct AttentionPart<'a> {
    /// How many.
    pub(crate) rows: usize,
    /// Of their positions.
    pub(crate) rotation: &'a Rotation,
    pub(crate) cache: &'a mut KvCache,
    /// Heads whose scores are stored here.
    pub(crate) watched: &'a mut [WatchedHead],
}

impl StreamingMultiheadAttention {
    pub(crate) fn new(
        m: &Loader<'_>,
        width: usize,
        heads: HeadShape,
        context: Option<usize>,
    ) -> Result<Self, EngineError> {
        let queries = heads.num_heads * heads.head_dim;
        Ok(Self {
            heads,
            in_proj: Linear::new(&m.child("in_proj"), width, queries + 2 * heads.row_width())?,
            out_proj: Linear::new(&m.child("out_proj"), queries, width)?,
            context,
        })
    }

    /// `x` [rows of all parts, width] -> the output for the last `needed` rows of each part [needed of
    /// all parts, width]. The projections read their weights once for all parts.
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        needed: usize,
        parts: &mut [AttentionPart<'_>],
    ) -> Vec<f32> {
        let mut projected = self.in_proj.forward(ctx, x);
        let width = needed * self.heads.num_heads * self.heads.head_dim;
        let mut out = ctx.acquire(parts.len() * width);
        let mut rows = &mut projected[..];
        for (part, out) in parts.iter_mut().zip(out.chunks_exact_mut(width)) {
            let own = rows.split_off_mut(..part.rows * self.in_proj.outputs());
            self.attend(ctx, own.unwrap_or_default(), needed, part, out);
        }
        let y = self.out_proj.forward(ctx, &out);
        ctx.release(out);
        ctx.release(projected);
        y
    }

    /// Attention of a part's projected rows, whose last `needed` are written to `out`. A projected row
    /// is queries, keys and values, each head by head; the first two are rotated.
    fn attend(
        &self,
        ctx: &mut Context,
        projected: &mut [f32],
        needed: usize,
        part: &mut AttentionPart<'_>,
        out: &mut [f32],
    ) {
        let HeadShape {
            num_heads,
            head_dim,
            ..
        } = self.heads;
        let (q_width, kv_width) = (num_heads * head_dim, self.heads.row_width());
        let stride = self.in_proj.outputs();
        let rows = projected.chunks_exact_mut(stride);
        let count = rows.len();
        let scale = 1.0 / (head_dim as f32).sqrt();
        for (at, row) in rows.enumerate() {
            part.rotation.apply(at, &mut row[..q_width + kv_width]);
            for q in &mut row[..q_width] {
                *q *= scale;
            }
        }
        let all = |from: usize| Rows {
            values: &projected[from..],
            count,
            stride,
        };
        let KvCache { keys, values } = &mut *part.cache;
        keys.push(ctx.kernels, all(q_width));
        values.push(ctx.kernels, all(q_width + kv_width));

        let queries = Rows {
            values: &projected[(count - needed) * stride..],
            count: needed,
            stride,
        };
        let context = self.context;
        (ctx.kernels).attend(queries, keys, values, context, &mut ctx.scratch, out);
        for WatchedHead { head, scores } in &mut *part.watched {
            let last = &projected[(count - 1) * stride..];
            *scores = keys.products(*head, &last[*head * head_dim..][..head_dim]);
        }
        if let Some(context) = self.context {
            keys.keep_last(context - 1);
            values.keep_last(context - 1);
        }
    }
}

#[cfg(test)]
mod tests;
