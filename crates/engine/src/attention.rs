//! Twin of `StreamingMultiheadAttention` in pocket-tts `modules/attention.py`.

use kernels::{Heads, Rows};

use crate::EngineError;
use crate::context::Context;
use crate::kv_cache::KvCache;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::rope::Rotation;

/// Attention with its projections.
#[derive(Clone, Debug)]
pub(crate) struct StreamingMultiheadAttention {
    heads: Heads,
    in_proj: Linear,
    out_proj: Linear,
    /// Positions that a query sees, its own included; all where there is no limit.
    context: Option<usize>,
}

/// A head that somebody looks at.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) head: usize,
    /// Of the last position with each up to its own: its attention before the softmax.
    pub(crate) scores: Vec<f32>,
}

impl StreamingMultiheadAttention {
    pub(crate) fn new(
        m: &Loader<'_>,
        width: usize,
        heads: Heads,
        context: Option<usize>,
    ) -> Result<Self, EngineError> {
        let queries = heads.queries * heads.width;
        Ok(Self {
            heads,
            in_proj: Linear::new(&m.child("in_proj"), width, queries + 2 * heads.row())?,
            out_proj: Linear::new(&m.child("out_proj"), queries, width)?,
            context,
        })
    }

    /// `x` [time, width] -> [time, width]. Queries, keys and values lie side by side, head by
    /// head; the first two are rotated. The scores of the heads in `watched` are put there.
    pub(crate) fn forward(
        &self,
        ctx: &mut Context,
        x: &[f32],
        rotation: &Rotation,
        cache: &mut KvCache,
        watched: &mut [Watched],
    ) -> Vec<f32> {
        let Heads { queries, width, .. } = self.heads;
        let (q_width, kv_width) = (queries * width, self.heads.row());
        let mut projected = self.in_proj.forward(ctx, x);
        let stride = self.in_proj.outputs();
        let rows = projected.chunks_exact_mut(stride);
        let count = rows.len();
        let scale = 1.0 / (width as f32).sqrt();
        for (at, row) in rows.enumerate() {
            rotation.apply(at, &mut row[..q_width + kv_width]);
            for q in &mut row[..q_width] {
                *q *= scale;
            }
        }
        let part = |from: usize| Rows {
            values: &projected[from..],
            count,
            stride,
        };
        let KvCache { keys, values } = cache;
        keys.push(ctx.kernels, part(q_width));
        values.push(ctx.kernels, part(q_width + kv_width));

        let mut out = ctx.take(count * q_width);
        let context = self.context;
        (ctx.kernels).attend(part(0), keys, values, context, &mut ctx.scratch, &mut out);
        for Watched { head, scores } in watched {
            let last = &projected[(count - 1) * stride..];
            *scores = keys.products(*head, &last[*head * width..][..width]);
        }
        if let Some(context) = self.context {
            keys.keep_last(context - 1);
            values.keep_last(context - 1);
        }
        let y = self.out_proj.forward(ctx, &out);
        ctx.give(out);
        ctx.give(projected);
        y
    }
}
