//! Attention over a whole recording through a sliding window, block by block.
//!
//! Upstream computes one [time, time] score matrix and masks all but the last
//! `context` positions of each row: 1.15 GB for 30 s of audio. A block of
//! `context` queries can only see its own block and the one before, so scores of
//! [blocks, heads, context, 2 * context] hold everything that the mask leaves.

use onnx::{Scope, Value};

use crate::mask::as_bias;

/// What the blocks of one call have in common.
pub(crate) struct Window {
    /// Positions per block: the attention's context.
    block: usize,
    /// Positions of the call, i64 [1].
    time: Value,
    /// Rows of padding that complete the last block, i64 [1].
    missing: Value,
    /// 0 or -inf: [blocks, 1, block, 2 * block].
    mask: Value,
}

impl Window {
    /// Prepares blocks for a call over `time` positions (i64 [1], at least 1).
    pub(crate) fn new(m: &Scope<'_>, time: &Value, context: usize) -> Self {
        let m = &m.child("window");
        let block = context as i64;
        let count = m.div(&m.add(time, &m.ints(&[block - 1])), &m.ints(&[block]));
        let missing = m.sub(&m.mul(&count, &m.ints(&[block])), time);
        // Positions relative to the start of the block before.
        let zero = m.ints(&[0]);
        let pos_q = m.range(&m.ints(&[block]), &m.ints(&[2 * block]));
        let pos_k = m.range(&zero, &m.ints(&[2 * block]));
        let delta = m.sub(&m.unsqueeze(&pos_q, &[1]), &m.unsqueeze(&pos_k, &[0]));
        let seen = m.and(
            &m.greater_or_equal(&delta, &m.int(0)),
            &m.less(&delta, &m.int(block)),
        );
        // The first block has none before it.
        let start = m.mul(&m.range(&zero, &count), &m.int(block));
        let first_key = m.sub(&m.int(block), &m.unsqueeze(&start, &[1, 2, 3]));
        let there = m.greater_or_equal(&pos_k, &first_key);
        Self {
            block: context,
            time: time.clone(),
            missing,
            mask: as_bias(m, &m.and(&seen, &there)),
        }
    }

    /// `q` (scaled), `k`, `v` [time, heads, width] -> [time, heads * width].
    pub(crate) fn attend(
        &self,
        m: &Scope<'_>,
        q: &Value,
        [k, v]: [&Value; 2],
        num_heads: usize,
        dim_per_head: usize,
    ) -> Value {
        let m = &m.child("window");
        let shape = [self.block, num_heads, dim_per_head].map(|n| n as i64);
        let [block, heads, width] = shape;
        let rows = m.concat(&[&self.missing, &m.ints(&[heads, width])], 0);
        let fill = m.zeros(&rows);
        let blocks = |x: &Value| m.reshape(&m.concat(&[x, &fill], 0), &[-1, block, heads, width]);
        let nothing = m.zeros(&m.ints(&[1, block, heads, width]));
        let with_previous = |x: &Value| {
            let previous = m.concat(&[&nothing, &m.slice(x, 0, -1, 0)], 0);
            m.concat(&[&previous, x], 1)
        };
        let q = m.transpose(&blocks(q), &[0, 2, 1, 3]);
        let k = m.transpose(&with_previous(&blocks(k)), &[0, 2, 3, 1]);
        let v = m.transpose(&with_previous(&blocks(v)), &[0, 2, 1, 3]);
        let weights = m.softmax(&m.add(&m.matmul(&q, &k), &self.mask));
        let x = m.transpose(&m.matmul(&weights, &v), &[0, 2, 1, 3]);
        let x = m.reshape(&x, &[-1, heads * width]);
        m.slice_by(&x, &m.ints(&[0]), &self.time, 0)
    }
}

#[cfg(test)]
mod tests {
    use onnx::Graph;
    use tensor::{DType, Dim};

    use super::*;
    use crate::attention::{Keys, StreamingMultiheadAttention};
    use crate::rope::RotaryEmbedding;
    use crate::states::States;
    use crate::testing::reference::{self, RefTransformer};
    use crate::testing::{GraphTrial, TestParameters, assert_none, f32s, nodes, noise, without};

    const PATH: &str = "mimi.self_attn";
    const MODEL: usize = 6;
    const HEADS: usize = 2;
    const WIDTH: usize = 4;
    const MAX_PERIOD: f64 = 10_000.0;

    fn parameters() -> TestParameters {
        TestParameters::random([
            (
                "mimi.self_attn.in_proj.weight",
                vec![3 * HEADS * WIDTH, MODEL],
            ),
            ("mimi.self_attn.out_proj.weight", vec![MODEL, HEADS * WIDTH]),
        ])
    }

    fn build(context: usize) -> impl Fn(&Graph, &States<'_>) {
        move |g, _| {
            let m = g.scope("mimi");
            let shape = [Dim::from("T"), Dim::Fixed(MODEL)];
            let x = g.input("x", DType::F32, &shape);
            let time = m.size(&x, 0);
            let positions = m.range(&m.ints(&[0]), &time);
            let rope = RotaryEmbedding::new(&m, &positions, WIDTH, MAX_PERIOD);
            let keys = Keys::Windowed(Window::new(&m, &time, context));
            let attention = StreamingMultiheadAttention {
                num_heads: HEADS,
                num_kv_heads: HEADS,
                dim_per_head: WIDTH,
            };
            let y = attention.forward(&g.scope(PATH), 0, &x, &rope, &keys);
            g.output("y", &y, DType::F32, &shape);
        }
    }

    #[test]
    fn snapshot() {
        let text = nodes(&parameters(), build(5));
        let others = ["mimi.rope", "mimi.self_attn.rope", "mimi.self_attn.in_proj"];
        insta::assert_snapshot!(without(&text, &others), @"
        mimi/Shape: Shape(x) {start=0, end=1}
        mimi/Squeeze: Squeeze(i64 [0], i64 [0])
        mimi/Squeeze_2: Squeeze(mimi/Shape, i64 [0])
        mimi/Range: Range(mimi/Squeeze, mimi/Squeeze_2, i64 1)
        mimi.window/Add: Add(mimi/Shape, i64 [4])
        mimi.window/Div: Div(mimi.window/Add, i64 [5])
        mimi.window/Mul: Mul(mimi.window/Div, i64 [5])
        mimi.window/Sub: Sub(mimi.window/Mul, mimi/Shape)
        mimi.window/Squeeze: Squeeze(i64 [5], i64 [0])
        mimi.window/Squeeze_2: Squeeze(i64 [10], i64 [0])
        mimi.window/Range: Range(mimi.window/Squeeze, mimi.window/Squeeze_2, i64 1)
        mimi.window/Squeeze_3: Squeeze(i64 [0], i64 [0])
        mimi.window/Squeeze_4: Squeeze(i64 [10], i64 [0])
        mimi.window/Range_2: Range(mimi.window/Squeeze_3, mimi.window/Squeeze_4, i64 1)
        mimi.window/Unsqueeze: Unsqueeze(mimi.window/Range, i64 [1])
        mimi.window/Unsqueeze_2: Unsqueeze(mimi.window/Range_2, i64 [0])
        mimi.window/Sub_2: Sub(mimi.window/Unsqueeze, mimi.window/Unsqueeze_2)
        mimi.window/GreaterOrEqual: GreaterOrEqual(mimi.window/Sub_2, i64 0)
        mimi.window/Less: Less(mimi.window/Sub_2, i64 5)
        mimi.window/And: And(mimi.window/GreaterOrEqual, mimi.window/Less)
        mimi.window/Squeeze_5: Squeeze(i64 [0], i64 [0])
        mimi.window/Squeeze_6: Squeeze(mimi.window/Div, i64 [0])
        mimi.window/Range_3: Range(mimi.window/Squeeze_5, mimi.window/Squeeze_6, i64 1)
        mimi.window/Mul_2: Mul(mimi.window/Range_3, i64 5)
        mimi.window/Unsqueeze_3: Unsqueeze(mimi.window/Mul_2, i64 [1, 2, 3])
        mimi.window/Sub_3: Sub(i64 5, mimi.window/Unsqueeze_3)
        mimi.window/GreaterOrEqual_2: GreaterOrEqual(mimi.window/Range_2, mimi.window/Sub_3)
        mimi.window/And_2: And(mimi.window/And, mimi.window/GreaterOrEqual_2)
        mimi.window/Where: Where(mimi.window/And_2, f32 0, f32 -inf)
        mimi.self_attn/Reshape: Reshape(mimi.self_attn.in_proj, i64 [-1, 6, 4])
        mimi.self_attn/Split: Split(mimi.self_attn/Reshape, i64 [4, 2]) -> mimi.self_attn/Split:0, mimi.self_attn/Split:1 {axis=1}
        mimi.self_attn/Split_2: Split(mimi.self_attn.rope/Add, i64 [2, 2]) -> mimi.self_attn/Split_2:0, mimi.self_attn/Split_2:1 {axis=1}
        mimi.self_attn/Mul: Mul(mimi.self_attn/Split_2:0, f32 0.5)
        mimi.self_attn.window/Concat: Concat(mimi.window/Sub, i64 [2, 4]) {axis=0}
        mimi.self_attn.window/ConstantOfShape: ConstantOfShape(mimi.self_attn.window/Concat)
        mimi.self_attn.window/ConstantOfShape_2: ConstantOfShape(i64 [1, 5, 2, 4])
        mimi.self_attn.window/Concat_2: Concat(mimi.self_attn/Mul, mimi.self_attn.window/ConstantOfShape) {axis=0}
        mimi.self_attn.window/Reshape: Reshape(mimi.self_attn.window/Concat_2, i64 [-1, 5, 2, 4])
        mimi.self_attn.window/Transpose: Transpose(mimi.self_attn.window/Reshape) {perm=[0, 2, 1, 3]}
        mimi.self_attn.window/Concat_3: Concat(mimi.self_attn/Split_2:1, mimi.self_attn.window/ConstantOfShape) {axis=0}
        mimi.self_attn.window/Reshape_2: Reshape(mimi.self_attn.window/Concat_3, i64 [-1, 5, 2, 4])
        mimi.self_attn.window/Slice: Slice(mimi.self_attn.window/Reshape_2, i64 [0], i64 [-1], i64 [0])
        mimi.self_attn.window/Concat_4: Concat(mimi.self_attn.window/ConstantOfShape_2, mimi.self_attn.window/Slice) {axis=0}
        mimi.self_attn.window/Concat_5: Concat(mimi.self_attn.window/Concat_4, mimi.self_attn.window/Reshape_2) {axis=1}
        mimi.self_attn.window/Transpose_2: Transpose(mimi.self_attn.window/Concat_5) {perm=[0, 2, 3, 1]}
        mimi.self_attn.window/Concat_6: Concat(mimi.self_attn/Split:1, mimi.self_attn.window/ConstantOfShape) {axis=0}
        mimi.self_attn.window/Reshape_3: Reshape(mimi.self_attn.window/Concat_6, i64 [-1, 5, 2, 4])
        mimi.self_attn.window/Slice_2: Slice(mimi.self_attn.window/Reshape_3, i64 [0], i64 [-1], i64 [0])
        mimi.self_attn.window/Concat_7: Concat(mimi.self_attn.window/ConstantOfShape_2, mimi.self_attn.window/Slice_2) {axis=0}
        mimi.self_attn.window/Concat_8: Concat(mimi.self_attn.window/Concat_7, mimi.self_attn.window/Reshape_3) {axis=1}
        mimi.self_attn.window/Transpose_3: Transpose(mimi.self_attn.window/Concat_8) {perm=[0, 2, 1, 3]}
        mimi.self_attn.window/MatMul: MatMul(mimi.self_attn.window/Transpose, mimi.self_attn.window/Transpose_2)
        mimi.self_attn.window/Add: Add(mimi.self_attn.window/MatMul, mimi.window/Where)
        mimi.self_attn.window/Softmax: Softmax(mimi.self_attn.window/Add) {axis=-1}
        mimi.self_attn.window/MatMul_2: MatMul(mimi.self_attn.window/Softmax, mimi.self_attn.window/Transpose_3)
        mimi.self_attn.window/Transpose_4: Transpose(mimi.self_attn.window/MatMul_2) {perm=[0, 2, 1, 3]}
        mimi.self_attn.window/Reshape_4: Reshape(mimi.self_attn.window/Transpose_4, i64 [-1, 8])
        mimi.self_attn.window/Slice_3: Slice(mimi.self_attn.window/Reshape_4, i64 [0], mimi/Shape, i64 [0])
        mimi.self_attn.out_proj: MatMul(mimi.self_attn.window/Slice_3, mimi.self_attn.out_proj.weight) -> y
        ");
    }

    #[test]
    fn blocks_give_what_a_mask_gives() {
        let parameters = parameters();
        let mut problems = Vec::new();
        for context in [1, 2, 5] {
            let mut trial = GraphTrial::new(&parameters, build(context));
            let reference = RefTransformer {
                layers: 1,
                num_heads: HEADS,
                num_kv_heads: HEADS,
                head_dim: WIDTH,
                max_period: MAX_PERIOD,
                context: Some(context),
            };
            for time in [1, context - 1, context, context + 1, 3 * context + 5] {
                if time == 0 {
                    continue;
                }
                let x = noise("x", time * MODEL);
                let (y, _) = reference.attention(&parameters, PATH, &reference::rows(&x, MODEL));
                let shape = [time, MODEL];
                let found = trial.call(&[("x", &f32s(&shape, &x))], &[("y", &shape, &y.concat())]);
                let case = format!("context {context}, {time} positions");
                problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
            }
        }
        assert_none(&problems);
    }
}
