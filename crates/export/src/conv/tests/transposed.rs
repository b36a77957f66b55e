use onnx::Graph;
use tensor::{DType, Dim};

use super::{PATH, signal};
use crate::conv::StreamingConvTranspose1d;
use crate::states::States;
use crate::testing::reference::RefWeights;
use crate::testing::{GraphTrial, TestParameters, assert_none, f32s, nodes, noise, reference};

#[derive(Clone, Copy, Debug)]
struct Transposed {
    stride: usize,
    groups: usize,
    ins: usize,
    outs: usize,
    bias: bool,
}

const PLAIN: Transposed = Transposed {
    stride: 4,
    groups: 1,
    ins: 3,
    outs: 2,
    bias: true,
};

/// Each channel on its own, as upsampling does it.
const DEPTHWISE: Transposed = Transposed {
    stride: 16,
    groups: 3,
    ins: 3,
    outs: 3,
    bias: false,
};

impl Transposed {
    fn parameters(&self) -> TestParameters {
        let shape = vec![self.ins, self.outs / self.groups, 2 * self.stride];
        let weight = ("mimi.c.convtr.weight", shape);
        let bias = self.bias.then(|| ("mimi.c.convtr.bias", vec![self.outs]));
        TestParameters::random([weight].into_iter().chain(bias))
    }

    fn build(self) -> impl Fn(&Graph, &States<'_>) {
        move |g, states| {
            let x = g.input("x", DType::F32, &signal(self.ins));
            let convtr = StreamingConvTranspose1d {
                stride: self.stride,
                groups: self.groups,
            };
            let y = convtr.forward(&g.scope(PATH), &x, states);
            let shape = [Dim::Fixed(1), Dim::Fixed(self.outs), Dim::from("T_out")];
            g.output("y", &y, DType::F32, &shape);
        }
    }

    /// Upstream's rule, call by call: everything the call touches, with what the last call
    /// left over added in front; the overlap stays behind without the bias.
    fn problems(&self) -> Vec<String> {
        let parameters = self.parameters();
        let mut trial = GraphTrial::new(&parameters, self.build());
        let bias = parameters.find("mimi.c.convtr.bias");
        let mut partial = vec![vec![0.0; self.stride]; self.outs];
        let mut problems = Vec::new();
        for (call, time) in [1, 2, 3, 1, 1].into_iter().enumerate() {
            let x = noise(&format!("x{call}"), self.ins * time);
            let rows = reference::rows(&x, time);
            let all = reference::conv_transpose(
                &parameters,
                "mimi.c.convtr",
                &rows,
                self.stride,
                self.groups,
            );
            let time_out = time * self.stride;
            let mut y = Vec::new();
            for (o, mut row) in all.into_iter().enumerate() {
                row.iter_mut().zip(&partial[o]).for_each(|(y, p)| *y += p);
                let bias = bias.map_or(0.0, |b| f64::from(b[o]));
                partial[o] = row.split_off(time_out).iter().map(|v| v - bias).collect();
                y.extend(row);
            }
            problems.extend(trial.call(
                &[("x", &f32s(&[1, self.ins, time], &x))],
                &[
                    ("y", &[1, self.outs, time_out], &y),
                    (
                        "partial.c",
                        &[1, self.outs, self.stride],
                        &reference::flat(&partial),
                    ),
                ],
            ));
        }
        let in_case = |problem| format!("{self:?}: {problem}");
        problems.into_iter().map(in_case).collect()
    }
}

#[test]
fn transposed_snapshot() {
    insta::assert_snapshot!(nodes(&PLAIN.parameters(), PLAIN.build()), @"
    mimi.c/Squeeze: Squeeze(x, i64 [0])
    mimi.c/Transpose: Transpose(mimi.c/Squeeze) {perm=[1, 0]}
    mimi.c/Reshape: Reshape(mimi.c.convtr.weight, i64 [2, 3, -1])
    mimi.c/Transpose_2: Transpose(mimi.c/Reshape) {perm=[1, 0, 2]}
    mimi.c/Reshape_2: Reshape(mimi.c/Transpose_2, i64 [3, -1])
    mimi.c.convtr: MatMul(mimi.c/Transpose, mimi.c/Reshape_2)
    mimi.c/Reshape_3: Reshape(mimi.c.convtr, i64 [-1, 2, 8])
    mimi.c/Split: Split(mimi.c/Reshape_3, i64 [1, 1]) -> mimi.c/Split:0, mimi.c/Split:1 {axis=1}
    mimi.c/Squeeze_2: Squeeze(mimi.c/Split:0, i64 [1])
    mimi.c/Squeeze_3: Squeeze(mimi.c/Split:1, i64 [1])
    mimi.c/Transpose_3: Transpose(partial.c) {perm=[0, 2, 1]}
    mimi.c/Reshape_4: Reshape(mimi.c/Transpose_3, i64 [1, -1])
    mimi.c/Slice: Slice(mimi.c/Squeeze_2, i64 [-1], i64 [9223372036854775807], i64 [0])
    mimi.c/Slice_2: Slice(mimi.c/Squeeze_2, i64 [0], i64 [-1], i64 [0])
    mimi.c/Concat: Concat(mimi.c/Reshape_4, mimi.c/Slice_2) {axis=0}
    mimi.c/Add: Add(mimi.c/Squeeze_3, mimi.c/Concat)
    mimi.c/Reshape_5: Reshape(mimi.c/Slice, i64 [1, 4, 2])
    mimi.c/Transpose_4: Transpose(mimi.c/Reshape_5) -> next_partial.c {perm=[0, 2, 1]}
    mimi.c/Reshape_6: Reshape(mimi.c/Add, i64 [-1, 2])
    mimi.c/Add_2: Add(mimi.c/Reshape_6, mimi.c.convtr.bias)
    mimi.c/Transpose_5: Transpose(mimi.c/Add_2) {perm=[1, 0]}
    mimi.c/Unsqueeze: Unsqueeze(mimi.c/Transpose_5, i64 [0]) -> y
    ");
    insta::assert_snapshot!(nodes(&DEPTHWISE.parameters(), DEPTHWISE.build()), @"
    mimi.c/Reshape: Reshape(x, i64 [3, -1, 0])
    mimi.c/Transpose: Transpose(mimi.c/Reshape) {perm=[0, 2, 1]}
    mimi.c/Reshape_2: Reshape(mimi.c.convtr.weight, i64 [3, -1, 32])
    mimi.c.convtr: MatMul(mimi.c/Transpose, mimi.c/Reshape_2)
    mimi.c/Reshape_3: Reshape(mimi.c.convtr, i64 [0, 0, 2, 16])
    mimi.c/Transpose_2: Transpose(mimi.c/Reshape_3) {perm=[2, 0, 1, 3]}
    mimi.c/Split: Split(mimi.c/Transpose_2, i64 [1, 1]) -> mimi.c/Split:0, mimi.c/Split:1 {axis=0}
    mimi.c/Squeeze: Squeeze(mimi.c/Split:0, i64 [0])
    mimi.c/Squeeze_2: Squeeze(mimi.c/Split:1, i64 [0])
    mimi.c/Reshape_4: Reshape(partial.c, i64 [3, 1, 16])
    mimi.c/Slice: Slice(mimi.c/Squeeze_2, i64 [-1], i64 [9223372036854775807], i64 [1])
    mimi.c/Slice_2: Slice(mimi.c/Squeeze_2, i64 [0], i64 [-1], i64 [1])
    mimi.c/Concat: Concat(mimi.c/Reshape_4, mimi.c/Slice_2) {axis=1}
    mimi.c/Add: Add(mimi.c/Squeeze, mimi.c/Concat)
    mimi.c/Reshape_5: Reshape(mimi.c/Slice, i64 [1, 3, 16]) -> next_partial.c
    mimi.c/Reshape_6: Reshape(mimi.c/Add, i64 [1, 3, -1]) -> y
    ");
}

#[test]
fn overlaps_are_added() {
    let cases = [
        PLAIN,
        Transposed {
            bias: false,
            ..PLAIN
        },
        Transposed { stride: 1, ..PLAIN },
        DEPTHWISE,
        // Two inputs to each group.
        Transposed {
            ins: 6,
            ..DEPTHWISE
        },
        Transposed {
            ins: 6,
            bias: true,
            ..DEPTHWISE
        },
    ];
    let problems: Vec<_> = cases.iter().flat_map(Transposed::problems).collect();
    assert_none(&problems);
}
