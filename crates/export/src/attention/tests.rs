use std::cell::RefCell;

use onnx::Graph;
use tensor::{DType, Dim};

use super::*;
use crate::kv_cache::CacheUpdate;
use crate::mask::attention_mask;
use crate::states::States;
use crate::testing::reference::{self, RefTransformer};
use crate::testing::{GraphTrial, TestParameters, assert_none, f32s, i64s, nodes, noise, without};
use crate::transformer::StreamingTransformer;

const PATH: &str = "flow_lm.layers.0.self_attn";
const MAX_PERIOD: f64 = 10_000.0;

#[derive(Clone, Copy, Debug)]
struct Case {
    heads: usize,
    kv_heads: usize,
    width: usize,
    model: usize,
    /// None: all rows are kept, and seen.
    context: Option<usize>,
    /// Rows of each call.
    calls: &'static [usize],
}

impl Case {
    fn attention(&self) -> StreamingMultiheadAttention {
        StreamingMultiheadAttention {
            num_heads: self.heads,
            num_kv_heads: self.kv_heads,
            dim_per_head: self.width,
        }
    }

    fn parameters(&self) -> TestParameters {
        let projected = (self.heads + 2 * self.kv_heads) * self.width;
        TestParameters::random([
            (
                "flow_lm.layers.0.self_attn.in_proj.weight",
                vec![projected, self.model],
            ),
            (
                "flow_lm.layers.0.self_attn.out_proj.weight",
                vec![self.model, self.heads * self.width],
            ),
        ])
    }

    fn build(self) -> impl Fn(&Graph, &States<'_>) {
        move |g, states| {
            let m = g.scope("flow_lm");
            let shape = [Dim::from("T"), Dim::Fixed(self.model)];
            let x = g.input("x", DType::F32, &shape);
            let position = g.input("position", DType::I64, &[Dim::Fixed(1)]);
            let transformer = StreamingTransformer {
                num_layers: 1,
                attention: self.attention(),
                max_period: MAX_PERIOD,
            };
            let time = m.size(&x, 0);
            let rows = match self.context {
                None => CacheUpdate::Append {
                    symbol: "T",
                    time: &time,
                },
                Some(context) => CacheUpdate::Last { context },
            };
            let cache = KvCache::new(&m, &transformer, states, rows);
            let end = m.add(&position, &time);
            let positions = m.range(&position, &end);
            let pos_k = m.range(&m.sub(&position, cache.len()), &end);
            let mask = attention_mask(&m, &positions, &pos_k, self.context);
            let rope = RotaryEmbedding::new(&m, &positions, self.width, MAX_PERIOD);
            let keys = Keys::Cached {
                cache,
                mask,
                watched: RefCell::default(),
            };
            let y = self
                .attention()
                .forward(&g.scope(PATH), 0, &x, &rope, &keys);
            g.output("y", &y, DType::F32, &shape);
        }
    }

    /// Streams a sequence in calls, and compares every call with the whole sequence.
    fn problems(&self) -> Vec<String> {
        let parameters = self.parameters();
        let mut trial = GraphTrial::new(&parameters, self.build());
        let total: usize = self.calls.iter().sum();
        let x = noise("x", total * self.model);
        let reference = RefTransformer {
            layers: 1,
            num_heads: self.heads,
            num_kv_heads: self.kv_heads,
            head_dim: self.width,
            max_period: MAX_PERIOD,
            context: self.context,
        };
        let all = reference::rows(&x, self.model);
        let (y, [k, v]) = reference.attention(&parameters, PATH, &all);
        let mut problems = Vec::new();
        let mut at = 0;
        for &rows in self.calls {
            let end = at + rows;
            let values = &x[at * self.model..end * self.model];
            let kept = self.context.map_or(end, |c| end.min(c - 1));
            let cached = [kept, self.kv_heads, self.width];
            let [k, v] = [&k, &v].map(|rows| rows[end - kept..end].concat());
            problems.extend(trial.call(
                &[
                    ("x", &f32s(&[rows, self.model], values)),
                    ("position", &i64s(&[at as i64])),
                ],
                &[
                    ("y", &[rows, self.model], &y[at..end].concat()),
                    ("past_key.0", &cached, &k),
                    ("past_value.0", &cached, &v),
                ],
            ));
            at = end;
        }
        let in_case = |problem| format!("{self:?}: {problem}");
        problems.into_iter().map(in_case).collect()
    }
}

const PACKED: Case = Case {
    heads: 2,
    kv_heads: 2,
    width: 4,
    model: 8,
    context: None,
    calls: &[3, 1, 2, 1, 5],
};

const GROUPED_HEADS: Case = Case {
    heads: 4,
    kv_heads: 2,
    ..PACKED
};

#[test]
fn packed_snapshot() {
    insta::assert_snapshot!(nodes(&PACKED.parameters(), PACKED.build()), @"
    flow_lm/Shape: Shape(x) {start=0, end=1}
    flow_lm/Shape_2: Shape(past_key.0) {start=0, end=1}
    flow_lm/Less: Less(flow_lm/Shape, i64 [4])
    flow_lm/Concat: Concat(flow_lm/Shape_2, flow_lm/Shape) {axis=0}
    flow_lm/Less_2: Less(i64 [0], flow_lm/Shape_2)
    flow_lm/And: And(flow_lm/Less_2, flow_lm/Less)
    flow_lm/Add: Add(position, flow_lm/Shape)
    flow_lm/Squeeze: Squeeze(position, i64 [0])
    flow_lm/Squeeze_2: Squeeze(flow_lm/Add, i64 [0])
    flow_lm/Range: Range(flow_lm/Squeeze, flow_lm/Squeeze_2, i64 1)
    flow_lm/Sub: Sub(position, flow_lm/Shape_2)
    flow_lm/Squeeze_3: Squeeze(flow_lm/Sub, i64 [0])
    flow_lm/Squeeze_4: Squeeze(flow_lm/Add, i64 [0])
    flow_lm/Range_2: Range(flow_lm/Squeeze_3, flow_lm/Squeeze_4, i64 1)
    flow_lm/Unsqueeze: Unsqueeze(flow_lm/Range, i64 [-1])
    flow_lm/Unsqueeze_2: Unsqueeze(flow_lm/Range_2, i64 [-2])
    flow_lm/Sub_2: Sub(flow_lm/Unsqueeze, flow_lm/Unsqueeze_2)
    flow_lm/GreaterOrEqual: GreaterOrEqual(flow_lm/Sub_2, i64 0)
    flow_lm/Where: Where(flow_lm/GreaterOrEqual, f32 0, f32 -inf)
    flow_lm.rope/Cast: Cast(flow_lm/Range) {to=1}
    flow_lm.rope/Unsqueeze: Unsqueeze(flow_lm.rope/Cast, i64 [1, 2])
    flow_lm.rope/Mul: Mul(flow_lm.rope/Unsqueeze, flow_lm.rope/freqs)
    flow_lm.rope/Cos: Cos(flow_lm.rope/Mul)
    flow_lm.rope/Sin: Sin(flow_lm.rope/Mul)
    flow_lm.rope/Mul_2: Mul(flow_lm.rope/Sin, flow_lm.rope/sign)
    flow_lm.layers.0.self_attn.in_proj: MatMul(x, flow_lm.layers.0.self_attn.in_proj.weight)
    flow_lm.layers.0.self_attn/Reshape: Reshape(flow_lm.layers.0.self_attn.in_proj, i64 [-1, 6, 4])
    flow_lm.layers.0.self_attn/Split: Split(flow_lm.layers.0.self_attn/Reshape, i64 [4, 2]) -> flow_lm.layers.0.self_attn/Split:0, new_value.0 {axis=1}
    flow_lm.layers.0.self_attn.rope/Gather: Gather(flow_lm.layers.0.self_attn/Split:0, i64 [1, 0, 3, 2]) {axis=-1}
    flow_lm.layers.0.self_attn.rope/Mul: Mul(flow_lm.layers.0.self_attn/Split:0, flow_lm.rope/Cos)
    flow_lm.layers.0.self_attn.rope/Mul_2: Mul(flow_lm.layers.0.self_attn.rope/Gather, flow_lm.rope/Mul_2)
    flow_lm.layers.0.self_attn.rope/Add: Add(flow_lm.layers.0.self_attn.rope/Mul, flow_lm.layers.0.self_attn.rope/Mul_2)
    flow_lm.layers.0.self_attn/Split_2: Split(flow_lm.layers.0.self_attn.rope/Add, i64 [2, 2]) -> flow_lm.layers.0.self_attn/Split_2:0, new_key.0 {axis=1}
    flow_lm.layers.0.self_attn/Mul: Mul(flow_lm.layers.0.self_attn/Split_2:0, f32 0.5)
    flow_lm.layers.0.self_attn/Transpose: Transpose(flow_lm.layers.0.self_attn/Mul) {perm=[1, 0, 2]}
    flow_lm.layers.0.self_attn/If: If(flow_lm/And)
      then gives flow_lm.layers.0.self_attn/Add_2:
        flow_lm.layers.0.self_attn/Transpose_2: Transpose(past_key.0) {perm=[1, 2, 0]}
        flow_lm.layers.0.self_attn/MatMul: MatMul(flow_lm.layers.0.self_attn/Transpose, flow_lm.layers.0.self_attn/Transpose_2)
        flow_lm.layers.0.self_attn/Transpose_3: Transpose(new_key.0) {perm=[1, 2, 0]}
        flow_lm.layers.0.self_attn/MatMul_2: MatMul(flow_lm.layers.0.self_attn/Transpose, flow_lm.layers.0.self_attn/Transpose_3)
        flow_lm.layers.0.self_attn/Concat: Concat(flow_lm.layers.0.self_attn/MatMul, flow_lm.layers.0.self_attn/MatMul_2) {axis=-1}
        flow_lm.layers.0.self_attn/Add: Add(flow_lm.layers.0.self_attn/Concat, flow_lm/Where)
        flow_lm.layers.0.self_attn/Softmax: Softmax(flow_lm.layers.0.self_attn/Add) {axis=-1}
        flow_lm.layers.0.self_attn/Split_3: Split(flow_lm.layers.0.self_attn/Softmax, flow_lm/Concat) -> flow_lm.layers.0.self_attn/Split_3:0, flow_lm.layers.0.self_attn/Split_3:1 {axis=-1}
        flow_lm.layers.0.self_attn/Transpose_4: Transpose(past_value.0) {perm=[1, 0, 2]}
        flow_lm.layers.0.self_attn/MatMul_3: MatMul(flow_lm.layers.0.self_attn/Split_3:0, flow_lm.layers.0.self_attn/Transpose_4)
        flow_lm.layers.0.self_attn/Transpose_5: Transpose(new_value.0) {perm=[1, 0, 2]}
        flow_lm.layers.0.self_attn/MatMul_4: MatMul(flow_lm.layers.0.self_attn/Split_3:1, flow_lm.layers.0.self_attn/Transpose_5)
        flow_lm.layers.0.self_attn/Add_2: Add(flow_lm.layers.0.self_attn/MatMul_3, flow_lm.layers.0.self_attn/MatMul_4)
      else gives flow_lm.layers.0.self_attn/MatMul_6:
        flow_lm.layers.0.self_attn/Concat_2: Concat(past_key.0, new_key.0) {axis=0}
        flow_lm.layers.0.self_attn/Concat_3: Concat(past_value.0, new_value.0) {axis=0}
        flow_lm.layers.0.self_attn/Transpose_6: Transpose(flow_lm.layers.0.self_attn/Concat_2) {perm=[1, 2, 0]}
        flow_lm.layers.0.self_attn/MatMul_5: MatMul(flow_lm.layers.0.self_attn/Transpose, flow_lm.layers.0.self_attn/Transpose_6)
        flow_lm.layers.0.self_attn/Add_3: Add(flow_lm.layers.0.self_attn/MatMul_5, flow_lm/Where)
        flow_lm.layers.0.self_attn/Softmax_2: Softmax(flow_lm.layers.0.self_attn/Add_3) {axis=-1}
        flow_lm.layers.0.self_attn/Transpose_7: Transpose(flow_lm.layers.0.self_attn/Concat_3) {perm=[1, 0, 2]}
        flow_lm.layers.0.self_attn/MatMul_6: MatMul(flow_lm.layers.0.self_attn/Softmax_2, flow_lm.layers.0.self_attn/Transpose_7)
    flow_lm.layers.0.self_attn/Transpose_8: Transpose(flow_lm.layers.0.self_attn/If) {perm=[1, 0, 2]}
    flow_lm.layers.0.self_attn/Reshape_2: Reshape(flow_lm.layers.0.self_attn/Transpose_8, i64 [-1, 8])
    flow_lm.layers.0.self_attn.out_proj: MatMul(flow_lm.layers.0.self_attn/Reshape_2, flow_lm.layers.0.self_attn.out_proj.weight) -> y
    ");
}

#[test]
fn grouped_snapshot() {
    let text = nodes(&GROUPED_HEADS.parameters(), GROUPED_HEADS.build());
    // Positions and mask are as above.
    insta::assert_snapshot!(without(&text, &["flow_lm/", "flow_lm.rope"]), @"
    flow_lm.layers.0.self_attn.in_proj: MatMul(x, flow_lm.layers.0.self_attn.in_proj.weight)
    flow_lm.layers.0.self_attn/Reshape: Reshape(flow_lm.layers.0.self_attn.in_proj, i64 [-1, 8, 4])
    flow_lm.layers.0.self_attn/Split: Split(flow_lm.layers.0.self_attn/Reshape, i64 [6, 2]) -> flow_lm.layers.0.self_attn/Split:0, new_value.0 {axis=1}
    flow_lm.layers.0.self_attn.rope/Gather: Gather(flow_lm.layers.0.self_attn/Split:0, i64 [1, 0, 3, 2]) {axis=-1}
    flow_lm.layers.0.self_attn.rope/Mul: Mul(flow_lm.layers.0.self_attn/Split:0, flow_lm.rope/Cos)
    flow_lm.layers.0.self_attn.rope/Mul_2: Mul(flow_lm.layers.0.self_attn.rope/Gather, flow_lm.rope/Mul_2)
    flow_lm.layers.0.self_attn.rope/Add: Add(flow_lm.layers.0.self_attn.rope/Mul, flow_lm.layers.0.self_attn.rope/Mul_2)
    flow_lm.layers.0.self_attn/Split_2: Split(flow_lm.layers.0.self_attn.rope/Add, i64 [4, 2]) -> flow_lm.layers.0.self_attn/Split_2:0, new_key.0 {axis=1}
    flow_lm.layers.0.self_attn/Mul: Mul(flow_lm.layers.0.self_attn/Split_2:0, f32 0.5)
    flow_lm.layers.0.self_attn/Transpose: Transpose(flow_lm.layers.0.self_attn/Mul) {perm=[1, 0, 2]}
    flow_lm.layers.0.self_attn/Reshape_2: Reshape(flow_lm.layers.0.self_attn/Transpose, i64 [2, -1, 4])
    flow_lm.layers.0.self_attn/If: If(flow_lm/And)
      then gives flow_lm.layers.0.self_attn/Add_2:
        flow_lm.layers.0.self_attn/Transpose_2: Transpose(past_key.0) {perm=[1, 2, 0]}
        flow_lm.layers.0.self_attn/MatMul: MatMul(flow_lm.layers.0.self_attn/Reshape_2, flow_lm.layers.0.self_attn/Transpose_2)
        flow_lm.layers.0.self_attn/Transpose_3: Transpose(new_key.0) {perm=[1, 2, 0]}
        flow_lm.layers.0.self_attn/MatMul_2: MatMul(flow_lm.layers.0.self_attn/Reshape_2, flow_lm.layers.0.self_attn/Transpose_3)
        flow_lm.layers.0.self_attn/Concat: Concat(flow_lm.layers.0.self_attn/MatMul, flow_lm.layers.0.self_attn/MatMul_2) {axis=-1}
        flow_lm.layers.0.self_attn/Reshape_3: Reshape(flow_lm.layers.0.self_attn/Concat, i64 [4, -1, 0])
        flow_lm.layers.0.self_attn/Add: Add(flow_lm.layers.0.self_attn/Reshape_3, flow_lm/Where)
        flow_lm.layers.0.self_attn/Softmax: Softmax(flow_lm.layers.0.self_attn/Add) {axis=-1}
        flow_lm.layers.0.self_attn/Reshape_4: Reshape(flow_lm.layers.0.self_attn/Softmax, i64 [2, -1, 0])
        flow_lm.layers.0.self_attn/Split_3: Split(flow_lm.layers.0.self_attn/Reshape_4, flow_lm/Concat) -> flow_lm.layers.0.self_attn/Split_3:0, flow_lm.layers.0.self_attn/Split_3:1 {axis=-1}
        flow_lm.layers.0.self_attn/Transpose_4: Transpose(past_value.0) {perm=[1, 0, 2]}
        flow_lm.layers.0.self_attn/MatMul_3: MatMul(flow_lm.layers.0.self_attn/Split_3:0, flow_lm.layers.0.self_attn/Transpose_4)
        flow_lm.layers.0.self_attn/Transpose_5: Transpose(new_value.0) {perm=[1, 0, 2]}
        flow_lm.layers.0.self_attn/MatMul_4: MatMul(flow_lm.layers.0.self_attn/Split_3:1, flow_lm.layers.0.self_attn/Transpose_5)
        flow_lm.layers.0.self_attn/Add_2: Add(flow_lm.layers.0.self_attn/MatMul_3, flow_lm.layers.0.self_attn/MatMul_4)
      else gives flow_lm.layers.0.self_attn/MatMul_6:
        flow_lm.layers.0.self_attn/Concat_2: Concat(past_key.0, new_key.0) {axis=0}
        flow_lm.layers.0.self_attn/Concat_3: Concat(past_value.0, new_value.0) {axis=0}
        flow_lm.layers.0.self_attn/Transpose_6: Transpose(flow_lm.layers.0.self_attn/Concat_2) {perm=[1, 2, 0]}
        flow_lm.layers.0.self_attn/MatMul_5: MatMul(flow_lm.layers.0.self_attn/Reshape_2, flow_lm.layers.0.self_attn/Transpose_6)
        flow_lm.layers.0.self_attn/Reshape_5: Reshape(flow_lm.layers.0.self_attn/MatMul_5, i64 [4, -1, 0])
        flow_lm.layers.0.self_attn/Add_3: Add(flow_lm.layers.0.self_attn/Reshape_5, flow_lm/Where)
        flow_lm.layers.0.self_attn/Softmax_2: Softmax(flow_lm.layers.0.self_attn/Add_3) {axis=-1}
        flow_lm.layers.0.self_attn/Reshape_6: Reshape(flow_lm.layers.0.self_attn/Softmax_2, i64 [2, -1, 0])
        flow_lm.layers.0.self_attn/Transpose_7: Transpose(flow_lm.layers.0.self_attn/Concat_3) {perm=[1, 0, 2]}
        flow_lm.layers.0.self_attn/MatMul_6: MatMul(flow_lm.layers.0.self_attn/Reshape_6, flow_lm.layers.0.self_attn/Transpose_7)
    flow_lm.layers.0.self_attn/Reshape_7: Reshape(flow_lm.layers.0.self_attn/If, i64 [4, -1, 4])
    flow_lm.layers.0.self_attn/Transpose_8: Transpose(flow_lm.layers.0.self_attn/Reshape_7) {perm=[1, 0, 2]}
    flow_lm.layers.0.self_attn/Reshape_8: Reshape(flow_lm.layers.0.self_attn/Transpose_8, i64 [-1, 16])
    flow_lm.layers.0.self_attn.out_proj: MatMul(flow_lm.layers.0.self_attn/Reshape_8, flow_lm.layers.0.self_attn.out_proj.weight) -> y
    ");
}

#[test]
fn calls_continue_one_sequence() {
    let cases = [
        PACKED,
        // Queries wider than the model, and three of them on one key.
        Case {
            heads: 3,
            kv_heads: 1,
            model: 6,
            ..PACKED
        },
        GROUPED_HEADS,
        Case {
            heads: 1,
            kv_heads: 1,
            ..PACKED
        },
        // Rows fall out of sight within calls and between them.
        Case {
            context: Some(3),
            calls: &[2, 1, 1, 5, 1],
            ..PACKED
        },
        Case {
            context: Some(4),
            calls: &[7, 1, 2],
            ..GROUPED_HEADS
        },
        // Nothing but itself: no rows are kept.
        Case {
            context: Some(1),
            calls: &[2, 1],
            ..PACKED
        },
    ];
    let problems: Vec<_> = cases.iter().flat_map(Case::problems).collect();
    assert_none(&problems);
}
