//! Counterpart of `modules/resample.py` in pocket-tts: between transformer positions and latent frames.

use config::PadMode;
use onnx::{Scope, Value};

use crate::conv::{Past, StreamingConv1d, StreamingConvTranspose1d};
use crate::states::States;

/// Counterpart of `ConvDownsample1d` in pocket-tts: `x` [1, in, time] -> [1, out, time / stride].
pub(crate) fn conv_downsample1d(m: &Scope<'_>, stride: usize, x: &Value) -> Value {
    let conv = StreamingConv1d {
        stride,
        dilation: 1,
        pad_mode: PadMode::Replicate,
    };
    conv.forward(&m.child("conv"), x, &Past::None)
}

/// Counterpart of `ConvTrUpsample1d` in pocket-tts: `x` [1, in, time] -> [1, `dimension`, time * stride].
pub(crate) fn conv_tr_upsample1d(
    m: &Scope<'_>,
    stride: usize,
    dimension: usize,
    x: &Value,
    states: &States<'_>,
) -> Value {
    let convtr = StreamingConvTranspose1d {
        stride,
        groups: dimension,
    };
    convtr.forward(&m.child("convtr"), x, states)
}

#[cfg(test)]
mod tests {
    use onnx::Graph;
    use tensor::{DType, Dim};

    use super::*;
    use crate::testing::reference::{self, Pad};
    use crate::testing::{GraphTrial, TestParameters, assert_none, f32s, nodes, noise};

    const STRIDE: usize = 16;
    const IN: usize = 4;
    const OUT: usize = 2;

    fn parameters() -> TestParameters {
        TestParameters::random([
            (
                "mimi.downsample.conv.conv.weight",
                vec![OUT, IN, 2 * STRIDE],
            ),
            (
                "mimi.upsample.convtr.convtr.weight",
                vec![IN, 1, 2 * STRIDE],
            ),
        ])
    }

    fn shape(channels: usize, time: &str) -> [Dim; 3] {
        [Dim::Fixed(1), Dim::Fixed(channels), Dim::from(time)]
    }

    fn down(g: &Graph, _: &States<'_>) {
        let x = g.input("x", DType::F32, &shape(IN, "T"));
        let y = conv_downsample1d(&g.scope("mimi.downsample"), STRIDE, &x);
        g.output("y", &y, DType::F32, &shape(OUT, "F"));
    }

    fn up(g: &Graph, states: &States<'_>) {
        let x = g.input("x", DType::F32, &shape(IN, "F"));
        let y = conv_tr_upsample1d(&g.scope("mimi.upsample"), STRIDE, OUT, &x, states);
        g.output("y", &y, DType::F32, &shape(OUT, "T"));
    }

    #[test]
    fn snapshot() {
        insta::assert_snapshot!(nodes(&parameters(), down), @"
        mimi.downsample.conv/Slice: Slice(x, i64 [0], i64 [1], i64 [2])
        mimi.downsample.conv/Expand: Expand(mimi.downsample.conv/Slice, i64 [1, 4, 16])
        mimi.downsample.conv/Concat: Concat(mimi.downsample.conv/Expand, x) {axis=2}
        mimi.downsample.conv.conv: Conv(mimi.downsample.conv/Concat, mimi.downsample.conv.conv.weight) -> y {kernel_shape=[32], strides=[16], dilations=[1], group=1, pads=[0, 0]}
        ");
        insta::assert_snapshot!(nodes(&parameters(), up), @"
        mimi.upsample.convtr/Reshape: Reshape(x, i64 [2, -1, 0])
        mimi.upsample.convtr/Transpose: Transpose(mimi.upsample.convtr/Reshape) {perm=[0, 2, 1]}
        mimi.upsample.convtr/Reshape_2: Reshape(mimi.upsample.convtr.convtr.weight, i64 [2, -1, 32])
        mimi.upsample.convtr.convtr: MatMul(mimi.upsample.convtr/Transpose, mimi.upsample.convtr/Reshape_2)
        mimi.upsample.convtr/Reshape_3: Reshape(mimi.upsample.convtr.convtr, i64 [0, 0, 2, 16])
        mimi.upsample.convtr/Transpose_2: Transpose(mimi.upsample.convtr/Reshape_3) {perm=[2, 0, 1, 3]}
        mimi.upsample.convtr/Split: Split(mimi.upsample.convtr/Transpose_2, i64 [1, 1]) -> mimi.upsample.convtr/Split:0, mimi.upsample.convtr/Split:1 {axis=0}
        mimi.upsample.convtr/Squeeze: Squeeze(mimi.upsample.convtr/Split:0, i64 [0])
        mimi.upsample.convtr/Squeeze_2: Squeeze(mimi.upsample.convtr/Split:1, i64 [0])
        mimi.upsample.convtr/Reshape_4: Reshape(partial.upsample.convtr, i64 [2, 1, 16])
        mimi.upsample.convtr/Slice: Slice(mimi.upsample.convtr/Squeeze_2, i64 [-1], i64 [9223372036854775807], i64 [1])
        mimi.upsample.convtr/Slice_2: Slice(mimi.upsample.convtr/Squeeze_2, i64 [0], i64 [-1], i64 [1])
        mimi.upsample.convtr/Concat: Concat(mimi.upsample.convtr/Reshape_4, mimi.upsample.convtr/Slice_2) {axis=1}
        mimi.upsample.convtr/Add: Add(mimi.upsample.convtr/Squeeze, mimi.upsample.convtr/Concat)
        mimi.upsample.convtr/Reshape_5: Reshape(mimi.upsample.convtr/Slice, i64 [1, 2, 16]) -> next_partial.upsample.convtr
        mimi.upsample.convtr/Reshape_6: Reshape(mimi.upsample.convtr/Add, i64 [1, 2, -1]) -> y
        ");
    }

    #[test]
    fn downsampling_repeats_the_first_value() {
        let parameters = parameters();
        let mut trial = GraphTrial::new(&parameters, down);
        let mut problems = Vec::new();
        for frames in [1, 3] {
            let time = frames * STRIDE;
            let x = noise("x", IN * time);
            let rows = reference::rows(&x, time);
            let path = "mimi.downsample.conv.conv";
            let y = reference::conv(&parameters, path, &rows, STRIDE, 1, Pad::First);
            let y = reference::flat(&y);
            let inputs = [("x", &f32s(&[1, IN, time], &x))];
            problems.extend(trial.call(&inputs, &[("y", &[1, OUT, frames], &y)]));
        }
        assert_none(&problems);
    }

    #[test]
    fn upsampling_continues_one_signal() {
        let parameters = parameters();
        let mut trial = GraphTrial::new(&parameters, up);
        let calls = [1, 2, 1];
        let frames = calls.iter().sum();
        let x = reference::rows(&noise("x", IN * frames), frames);
        let path = "mimi.upsample.convtr.convtr";
        let y = reference::conv_transpose(&parameters, path, &x, STRIDE, OUT);
        let mut problems = Vec::new();
        let mut at = 0;
        for count in calls {
            let end = at + count;
            let piece: Vec<f32> = (x.iter())
                .flat_map(|row| row[at..end].iter().map(|&v| v as f32))
                .collect();
            let expected: Vec<f64> = (y.iter())
                .flat_map(|row| row[at * STRIDE..end * STRIDE].to_vec())
                .collect();
            problems.extend(trial.call(
                &[("x", &f32s(&[1, IN, count], &piece))],
                &[("y", &[1, OUT, count * STRIDE], &expected)],
            ));
            at = end;
        }
        assert_none(&problems);
    }
}
