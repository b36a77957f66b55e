//! Twin of pocket-tts `modules/rope.py`: rotary position embedding.

use onnx::{Scope, Value};

/// Cosines and sines of one call's positions, shared by all layers.
pub(crate) struct RotaryEmbedding {
    /// [time, 1, `dim_per_head`]
    cos: Value,
    /// [time, 1, `dim_per_head`], negative at even places.
    sin: Value,
    /// Order that swaps the two of each pair.
    swap: Vec<i64>,
}

impl RotaryEmbedding {
    /// Prepares `positions` (i64 [time], absolute).
    pub(crate) fn new(
        m: &Scope<'_>,
        positions: &Value,
        dim_per_head: usize,
        max_period: f64,
    ) -> Self {
        let m = m.child("rope");
        let freqs = freqs(dim_per_head, max_period);
        let sign: Vec<f32> = (0..dim_per_head)
            .map(|i| if i % 2 == 0 { -1.0 } else { 1.0 })
            .collect();
        let ts = m.unsqueeze(&m.to_f32(positions), &[1, 2]);
        let angles = m.mul(&ts, &m.constant("freqs", &[dim_per_head], &freqs));
        Self {
            cos: m.cos(&angles),
            sin: m.mul(&m.sin(&angles), &m.constant("sign", &[dim_per_head], &sign)),
            swap: (0..dim_per_head as i64).map(|i| i ^ 1).collect(),
        }
    }

    /// Rotates the pairs `(x[2i], x[2i + 1])` of every head of `x` [time, heads, `dim_per_head`].
    pub(crate) fn apply(&self, m: &Scope<'_>, x: &Value) -> Value {
        let m = m.child("rope");
        let swapped = m.gather(x, &m.ints(&self.swap), -1);
        m.add(&m.mul(x, &self.cos), &m.mul(&swapped, &self.sin))
    }
}

/// Angular speed at each place of a head, the same for both of a pair.
///
/// Every step rounds to f32 as upstream's does: positions multiply the error.
fn freqs(dim_per_head: usize, max_period: f64) -> Vec<f32> {
    let step = (-max_period.ln() * 2.0 / dim_per_head as f64) as f32;
    (0..dim_per_head)
        .map(|i| f64::from((i / 2) as f32 * step).exp() as f32)
        .collect()
}
