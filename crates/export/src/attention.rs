//! Counterpart of `StreamingMultiheadAttention` in pocket-tts `modules/attention.py`.

use std::cell::RefCell;

use config::WordHead;
use onnx::{Scope, Value};

use crate::kv_cache::{KeysAndValues, KvCache, LayerRows, together};
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
        /// Heads whose attention is an output.
        watched: RefCell<Vec<WatchedHead>>,
    },
    /// This call's rows within a window (upstream's `model_state=None`).
    Windowed(Window),
}

/// A head whose attention is an output.
pub(crate) struct WatchedHead {
    head: WordHead,
    scores: Option<Value>,
}

impl WatchedHead {
    pub(crate) fn new(head: WordHead) -> Self {
        Self { head, scores: None }
    }

    /// Scores of the last query with every row, before the softmax: [1, rows].
    pub(crate) fn scores(&self) -> Option<&Value> {
        self.scores.as_ref()
    }
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
            Keys::Cached {
                cache,
                mask,
                watched,
            } => {
                let rows = cache.append_and_get(m, layer, [k, v]);
                let mut watched = watched.borrow_mut();
                for watched in watched.iter_mut().filter(|it| it.head.layer == layer) {
                    watched.scores = Some(self.scores_of(m, watched.head.head, &q, &rows));
                }
                self.attend(m, &q, &rows, mask)
            }
            Keys::Windowed(window) => window.attend(m, &q, [&k, &v], num_heads, dim_per_head),
        };
        m.child("out_proj").linear(&x)
    }

    /// Scores of one head of the last of `q` [time, heads, `dim_per_head`] with every row: [1, rows].
    fn scores_of(&self, m: &Scope<'_>, head: usize, q: &Value, rows: &LayerRows<'_>) -> Value {
        let of =
            |x: &Value, head: usize| m.squeeze(&m.slice(x, head as i64, head as i64 + 1, 1), &[1]);
        let q = of(&m.slice(q, -1, i64::MAX, 0), head);
        let key = head / (self.num_heads / self.num_kv_heads);
        let score = |k: &Value| m.matmul(&q, &m.transpose(&of(k, key), &[1, 0]));
        match rows {
            LayerRows::Together([k, _]) => score(k),
            LayerRows::Apart { past, new, .. } => {
                m.concat(&[&score(&past[0]), &score(&new[0])], -1)
            }
        }
    }

    /// Counterpart of `F.scaled_dot_product_attention`: `q` [time, heads, `dim_per_head`] (scaled) ->
    /// [time, width].
    fn attend(&self, m: &Scope<'_>, q: &Value, rows: &LayerRows<'_>, mask: &Value) -> Value {
        let [num_heads, num_kv_heads, dim_per_head] =
            [self.num_heads, self.num_kv_heads, self.dim_per_head].map(|n| n as i64);
        // Query heads that share keys become rows of one product.
        let grouped = num_heads != num_kv_heads;
        let mut q = m.transpose(q, &[1, 0, 2]);
        if grouped {
            q = m.reshape(&q, &[num_kv_heads, -1, dim_per_head]);
        }
        let mut x = match rows {
            LayerRows::Together(rows) => self.attend_to(m, &q, rows, mask),
            LayerRows::Apart { past, new, counts } => m.if_else(
                &counts.apart,
                || self.attend_apart(m, &q, [past, new], &counts.both, mask),
                || self.attend_to(m, &q, &together(m, [past, new]), mask),
            ),
        };
        if grouped {
            x = m.reshape(&x, &[num_heads, -1, dim_per_head]);
        }
        m.reshape(
            &m.transpose(&x, &[1, 0, 2]),
            &[-1, num_heads * dim_per_head],
        )
    }

    /// `q` [`kv_heads`, queries, `dim_per_head`] -> the same shape.
    fn attend_to(&self, m: &Scope<'_>, q: &Value, [k, v]: &KeysAndValues, mask: &Value) -> Value {
        let weights = self.weights(m, &scores(m, q, k), mask);
        weighted_sum(m, &weights, v)
    }

    /// [`Self::attend_to`] two runs of rows, of which there are `counts` (i64 [2]).
    fn attend_apart(
        &self,
        m: &Scope<'_>,
        q: &Value,
        runs: [&KeysAndValues; 2],
        counts: &Value,
        mask: &Value,
    ) -> Value {
        let [a, b] = runs.map(|[k, _]| scores(m, q, k));
        let weights = self.weights(m, &m.concat(&[&a, &b], -1), mask);
        let [a, b] = pair(&weights, m.split_by(&weights, counts, 2, -1));
        let [past, new] = runs;
        m.add(
            &weighted_sum(m, &a, &past[1]),
            &weighted_sum(m, &b, &new[1]),
        )
    }

    /// Softmax of masked `scores` [`kv_heads`, queries, rows].
    fn weights(&self, m: &Scope<'_>, scores: &Value, mask: &Value) -> Value {
        if self.num_heads == self.num_kv_heads {
            return m.softmax(&m.add(scores, mask));
        }
        let scores = m.reshape(scores, &[self.num_heads as i64, -1, 0]);
        let weights = m.softmax(&m.add(&scores, mask));
        m.reshape(&weights, &[self.num_kv_heads as i64, -1, 0])
    }
}

/// `q` [heads, queries, width] and `k` [rows, heads, width] -> [heads, queries, rows].
fn scores(m: &Scope<'_>, q: &Value, k: &Value) -> Value {
    // Both runtimes fold this transposition into the product, without a copy, because it is of three
    // axes and nothing else reads its result.
    m.matmul(q, &m.transpose(k, &[1, 2, 0]))
}

/// `weights` [heads, queries, rows] and `v` [rows, heads, width] -> [heads, queries, width].
fn weighted_sum(m: &Scope<'_>, weights: &Value, v: &Value) -> Value {
    m.matmul(weights, &m.transpose(v, &[1, 0, 2]))
}

/// Two runs of heads of `x` [time, heads, width].
fn split(m: &Scope<'_>, x: &Value, heads: [usize; 2]) -> [Value; 2] {
    pair(x, m.split(x, &heads, 1))
}

/// The two pieces that `x` was split into.
fn pair(x: &Value, pieces: Vec<Value>) -> [Value; 2] {
    let mut pieces = pieces.into_iter();
    [(); 2].map(|()| pieces.next().unwrap_or_else(|| x.clone()))
}

#[cfg(test)]
mod tests;
