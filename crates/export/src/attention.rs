//! Twin of `StreamingMultiheadAttention` in pocket-tts `modules/attention.py`.

use onnx::{Scope, Value};

use crate::kv_cache::KvCache;
use crate::rope::RotaryEmbedding;
use crate::window::Window;

/// Geometry of an attention; keys and values may have fewer heads than queries.
#[derive(Clone, Copy)]
pub(crate) struct StreamingMultiheadAttention {
    pub(crate) num_heads: usize,
    pub(crate) num_kv_heads: usize,
    pub(crate) dim_per_head: usize,
}

/// What the queries of a call look at.
pub(crate) enum Keys<'a, 'g> {
    /// Rows of earlier calls and this one's, as far as `mask` [time, P + time] lets them.
    Cached {
        /// Earlier rows.
        cache: KvCache<'a, 'g>,
        /// 0 or -inf.
        mask: Value,
    },
    /// This call's rows within a window (upstream's `model_state=None`).
    Windowed(Window),
}

impl StreamingMultiheadAttention {
    /// `x` [time, width] -> [time, width].
    pub(crate) fn forward(
        &self,
        m: &Scope<'_>,
        layer: usize,
        x: &Value,
        rope: &RotaryEmbedding,
        keys: &Keys<'_, '_>,
    ) -> Value {
        let Self {
            num_heads,
            num_kv_heads,
            dim_per_head,
        } = *self;
        // Queries, keys and values lie side by side, head by head; the first two are rotated.
        let projected = m.child("in_proj").linear(x);
        let all_heads = num_heads + 2 * num_kv_heads;
        let heads = m.reshape(&projected, &[-1, all_heads as i64, dim_per_head as i64]);
        let [qk, v] = split(m, &heads, [num_heads + num_kv_heads, num_kv_heads]);
        let [q, k] = split(m, &rope.apply(m, &qk), [num_heads, num_kv_heads]);
        let q = m.mul(&q, &m.scalar(1.0 / (dim_per_head as f32).sqrt()));
        let x = match keys {
            Keys::Cached { cache, mask } => {
                let [k, v] = cache.append_and_get(m, layer, [&k, &v]);
                self.attend(m, &q, [&k, &v], mask)
            }
            Keys::Windowed(window) => window.attend(m, &q, [&k, &v], num_heads, dim_per_head),
        };
        m.child("out_proj").linear(&x)
    }

    /// Twin of `F.scaled_dot_product_attention`: `q` [time, heads, `dim_per_head`] (scaled),
    /// `k` and `v` [rows, `kv_heads`, `dim_per_head`] -> [time, width].
    fn attend(&self, m: &Scope<'_>, q: &Value, [k, v]: [&Value; 2], mask: &Value) -> Value {
        let [num_heads, num_kv_heads, dim_per_head] =
            [self.num_heads, self.num_kv_heads, self.dim_per_head].map(|n| n as i64);
        // Query heads that share keys become rows of one product.
        let grouped = num_heads != num_kv_heads;
        let mut q = m.transpose(q, &[1, 0, 2]);
        if grouped {
            q = m.reshape(&q, &[num_kv_heads, -1, dim_per_head]);
        }
        // ONNX Runtime takes rows that heads lie across as they are, without a copy, where
        // the transposition is of three axes.
        let mut scores = m.matmul(&q, &m.transpose(k, &[1, 2, 0]));
        if grouped {
            scores = m.reshape(&m.unsqueeze(&scores, &[0]), &[1, num_heads, -1, 0]);
        }
        let mut weights = m.softmax(&m.add(&scores, mask));
        if grouped {
            weights = m.squeeze(&m.reshape(&weights, &[1, num_kv_heads, -1, 0]), &[0]);
        }
        let mut x = m.matmul(&weights, &m.transpose(v, &[1, 0, 2]));
        if grouped {
            x = m.reshape(&x, &[num_heads, -1, dim_per_head]);
        }
        m.reshape(
            &m.transpose(&x, &[1, 0, 2]),
            &[-1, num_heads * dim_per_head],
        )
    }
}

/// Two runs of heads of `x` [time, heads, width].
fn split(m: &Scope<'_>, x: &Value, heads: [usize; 2]) -> [Value; 2] {
    let mut pieces = m.split(x, &heads, 1).into_iter();
    [(); 2].map(|()| pieces.next().unwrap_or_else(|| x.clone()))
}

#[cfg(test)]
mod tests;
