//! Counterpart of `modules/rope.py` in pocket-tts: rotary position embedding.

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

#[cfg(test)]
mod tests {
    use onnx::Graph;
    use tensor::{DType, Dim};

    use super::*;
    use crate::states::States;
    use crate::testing::{
        GraphTrial, TestParameters, assert_none, f32s, i64s, nodes, noise, reference,
    };

    const HEADS: usize = 2;
    const WIDTH: usize = 6;

    fn build(max_period: f64) -> impl Fn(&Graph, &States<'_>) {
        move |g, _| {
            let m = g.scope("m");
            let shape = [Dim::from("T"), Dim::Fixed(HEADS), Dim::Fixed(WIDTH)];
            let x = g.input("x", DType::F32, &shape);
            let positions = g.input("positions", DType::I64, &shape[..1]);
            let rope = RotaryEmbedding::new(&m, &positions, WIDTH, max_period);
            g.output("y", &rope.apply(&m, &x), DType::F32, &shape);
        }
    }

    #[test]
    fn snapshot() {
        insta::assert_snapshot!(nodes(&TestParameters::default(), build(10_000.0)), @"
        m.rope/Cast: Cast(positions) {to=1}
        m.rope/Unsqueeze: Unsqueeze(m.rope/Cast, i64 [1, 2])
        m.rope/Mul: Mul(m.rope/Unsqueeze, m.rope/freqs)
        m.rope/Cos: Cos(m.rope/Mul)
        m.rope/Sin: Sin(m.rope/Mul)
        m.rope/Mul_2: Mul(m.rope/Sin, m.rope/sign)
        m.rope/Gather: Gather(x, i64 [1, 0, 3, 2, 5, 4]) {axis=-1}
        m.rope/Mul_3: Mul(x, m.rope/Cos)
        m.rope/Mul_4: Mul(m.rope/Gather, m.rope/Mul_2)
        m.rope/Add: Add(m.rope/Mul_3, m.rope/Mul_4) -> y
        ");
    }

    #[test]
    fn pairs_are_rotated_by_position() {
        let calls: [&[usize]; 4] = [&[0], &[1], &[0, 1, 2, 1_000], &[100_000, 7]];
        let mut problems = Vec::new();
        for max_period in [5_000.0, 10_000.0] {
            let mut trial = GraphTrial::new(&TestParameters::default(), build(max_period));
            for positions in calls {
                let shape = [positions.len(), HEADS, WIDTH];
                let x = noise("x", shape.iter().product());
                let heads = reference::rows(&x, WIDTH);
                let position = |head: usize| positions[head / HEADS];
                let rotated = heads.iter().enumerate();
                let rotated =
                    rotated.flat_map(|(i, h)| reference::rope(h, position(i), max_period));
                let y: Vec<f64> = rotated.collect();
                let given: Vec<i64> = positions.iter().map(|&p| p as i64).collect();
                let inputs = [("x", &f32s(&shape, &x)), ("positions", &i64s(&given))];
                let found = trial.call(&inputs, &[("y", &shape, &y)]);
                let case = format!("{positions:?}, period {max_period}");
                problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
            }
        }
        assert_none(&problems);
    }
}
