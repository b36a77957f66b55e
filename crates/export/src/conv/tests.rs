mod transposed;

use onnx::Graph;
use tensor::{DType, Dim};

use super::*;
use crate::testing::reference::{self, Pad};
use crate::testing::{GraphTrial, TestParameters, assert_none, f32s, i64s, nodes, noise};

const PATH: &str = "mimi.c";
const IN: usize = 2;
const OUT: usize = 3;

fn signal(channels: usize) -> [Dim; 3] {
    [Dim::Fixed(1), Dim::Fixed(channels), Dim::from("T")]
}

/// A convolution with or without what came before.
fn conv(conv: StreamingConv1d, streams: bool) -> impl Fn(&Graph, &States<'_>) {
    move |g, states| {
        let m = g.scope(PATH);
        let x = g.input("x", DType::F32, &signal(IN));
        let first = || {
            let position = g.input("position", DType::I64, &[Dim::Fixed(1)]);
            m.equal(&position, &m.ints(&[0]))
        };
        let past = if streams {
            let first = &first;
            Past::Stream { states, first }
        } else {
            Past::None
        };
        let y = conv.forward(&m, &x, &past);
        g.output(
            "y",
            &y,
            DType::F32,
            &[Dim::Fixed(1), Dim::Fixed(OUT), Dim::from("T_out")],
        );
    }
}

fn conv_parameters(kernel: usize, bias: bool) -> TestParameters {
    let weight = ("mimi.c.conv.weight", vec![OUT, IN, kernel]);
    let bias = bias.then(|| ("mimi.c.conv.bias", vec![OUT]));
    TestParameters::random([weight].into_iter().chain(bias))
}

/// Columns of a signal, one channel behind the other.
fn columns(x: &reference::RefRows, from: usize, to: usize) -> Vec<f64> {
    x.iter().flat_map(|row| row[from..to].to_vec()).collect()
}

fn as_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

const DILATED: StreamingConv1d = StreamingConv1d {
    stride: 1,
    dilation: 2,
    pad_mode: PadMode::Constant,
};

const REPLICATING: StreamingConv1d = StreamingConv1d {
    pad_mode: PadMode::Replicate,
    ..DILATED
};

fn pad(conv: StreamingConv1d) -> Pad {
    match conv.pad_mode {
        PadMode::Constant => Pad::Zeros,
        PadMode::Replicate => Pad::First,
    }
}

#[test]
fn streaming_snapshot() {
    let parameters = conv_parameters(7, true);
    insta::assert_snapshot!(nodes(&parameters, conv(DILATED, true)), @"
    mimi.c/Concat: Concat(previous.c, x) {axis=2}
    mimi.c/Slice: Slice(mimi.c/Concat, i64 [-12], i64 [9223372036854775807], i64 [2]) -> next_previous.c
    mimi.c.conv: Conv(mimi.c/Concat, mimi.c.conv.weight, mimi.c.conv.bias) -> y {kernel_shape=[7], strides=[1], dilations=[2], group=1, pads=[0, 0]}
    ");
    insta::assert_snapshot!(nodes(&parameters, conv(REPLICATING, true)), @"
    mimi.c/Equal: Equal(position, i64 [0])
    mimi.c/Slice: Slice(x, i64 [0], i64 [1], i64 [2])
    mimi.c/Expand: Expand(mimi.c/Slice, i64 [1, 2, 12])
    mimi.c/Where: Where(mimi.c/Equal, mimi.c/Expand, previous.c)
    mimi.c/Concat: Concat(mimi.c/Where, x) {axis=2}
    mimi.c/Slice_2: Slice(mimi.c/Concat, i64 [-12], i64 [9223372036854775807], i64 [2]) -> next_previous.c
    mimi.c.conv: Conv(mimi.c/Concat, mimi.c.conv.weight, mimi.c.conv.bias) -> y {kernel_shape=[7], strides=[1], dilations=[2], group=1, pads=[0, 0]}
    ");
}

#[test]
fn whole_snapshot() {
    let parameters = conv_parameters(7, true);
    insta::assert_snapshot!(nodes(&parameters, conv(DILATED, false)), @"mimi.c.conv: Conv(x, mimi.c.conv.weight, mimi.c.conv.bias) -> y {kernel_shape=[7], strides=[1], dilations=[2], group=1, pads=[12, 0]}");
    insta::assert_snapshot!(nodes(&parameters, conv(REPLICATING, false)), @"
    mimi.c/Slice: Slice(x, i64 [0], i64 [1], i64 [2])
    mimi.c/Expand: Expand(mimi.c/Slice, i64 [1, 2, 12])
    mimi.c/Concat: Concat(mimi.c/Expand, x) {axis=2}
    mimi.c.conv: Conv(mimi.c/Concat, mimi.c.conv.weight, mimi.c.conv.bias) -> y {kernel_shape=[7], strides=[1], dilations=[2], group=1, pads=[0, 0]}
    ");
}

#[test]
fn a_stream_continues_one_signal() {
    // In calls of one to seven values, and of more than the kernel covers.
    let calls = [vec![1; 9], vec![1, 2, 3, 4, 5, 6, 7], vec![16, 1, 16]];
    let mut problems = Vec::new();
    for (conv_1d, kernel) in [(DILATED, 7), (REPLICATING, 7), (DILATED, 2), (DILATED, 1)] {
        let parameters = conv_parameters(kernel, kernel != 2);
        let mut trial = GraphTrial::new(&parameters, conv(conv_1d, true));
        let context = (kernel - 1) * conv_1d.dilation;
        let replicates = conv_1d.pad_mode == PadMode::Replicate;
        for calls in &calls {
            trial.reset();
            let total = calls.iter().sum();
            let x = reference::rows(&noise("x", IN * total), total);
            let y = reference::conv(&parameters, "mimi.c.conv", &x, 1, 2, pad(conv_1d));
            // The signal with what is taken to come before it.
            let padded: reference::RefRows = x
                .iter()
                .map(|row| {
                    let first = if replicates { row[0] } else { 0.0 };
                    [vec![first; context], row.clone()].concat()
                })
                .collect();
            let mut at = 0;
            for &time in calls {
                let end = at + time;
                let position = i64s(&[at as i64]);
                let piece = f32s(&[1, IN, time], &as_f32(&columns(&x, at, end)));
                let mut inputs = vec![("x", &piece)];
                if replicates {
                    inputs.push(("position", &position));
                }
                let (y, previous) = (columns(&y, at, end), columns(&padded, end, end + context));
                let shapes = [[1, OUT, time], [1, IN, context]];
                let mut expected: Vec<(&str, &[usize], &[f64])> = vec![("y", &shapes[0], &y)];
                if context > 0 {
                    expected.push(("previous.c", &shapes[1], &previous));
                }
                let found = trial.call(&inputs, &expected);
                let case = format!("kernel {kernel}, {:?}, {calls:?} at {at}", conv_1d.pad_mode);
                problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
                at = end;
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn a_whole_signal_has_nothing_before_it() {
    let mut problems = Vec::new();
    for (kernel, stride, dilation) in [
        (7, 1, 1),
        (3, 1, 2),
        (8, 4, 1),
        (4, 2, 1),
        (1, 1, 1),
        (3, 3, 1),
    ] {
        for pad_mode in [PadMode::Constant, PadMode::Replicate] {
            let conv_1d = StreamingConv1d {
                stride,
                dilation,
                pad_mode,
            };
            let parameters = conv_parameters(kernel, true);
            let mut trial = GraphTrial::new(&parameters, conv(conv_1d, false));
            for outputs in [1, 2, 5] {
                let time = outputs * stride;
                let x = noise("x", IN * time);
                let rows = reference::rows(&x, time);
                let y = reference::conv(
                    &parameters,
                    "mimi.c.conv",
                    &rows,
                    stride,
                    dilation,
                    pad(conv_1d),
                );
                let found = trial.call(
                    &[("x", &f32s(&[1, IN, time], &x))],
                    &[("y", &[1, OUT, outputs], &reference::flat(&y))],
                );
                let case = format!("kernel {kernel}, stride {stride}, {pad_mode:?}, {time} values");
                problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
            }
        }
    }
    assert_none(&problems);
}
