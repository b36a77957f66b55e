//! Convolutions in pieces against whole signals.

use super::*;
use crate::testing::reference::{self, map, rows};
use crate::testing::{TestWeights, assert_close, in_pieces, noise};

const INPUTS: usize = 5;
const OUTPUTS: usize = 18;

/// Kernel, stride, dilation.
const GEOMETRIES: [[usize; 3]; 6] = [
    [1, 1, 1],
    [3, 1, 1],
    [7, 1, 1],
    [3, 1, 4],
    [4, 2, 1],
    [6, 3, 2],
];

fn weights(kernel: usize) -> TestWeights {
    let mut weights = TestWeights::new();
    weights.conv("conv", INPUTS, OUTPUTS, kernel);
    weights
}

#[test]
fn a_convolution_in_pieces_is_that_of_the_whole_signal() {
    for [kernel, stride, dilation] in GEOMETRIES {
        for pad_mode in [PadMode::Constant, PadMode::Replicate] {
            let what =
                format!("kernel {kernel}, stride {stride}, dilation {dilation}, {pad_mode:?}");
            let weights = weights(kernel);
            let geometry = ConvGeometry {
                kernel,
                stride,
                dilation,
                pad_mode,
            };
            let conv = StreamingConv1d::new(&weights.loader(), INPUTS, OUTPUTS, geometry).unwrap();
            let pieces = [1, 2, 1, 5, 1].map(|steps| steps * stride);
            let x = noise(pieces.iter().sum::<usize>() * INPUTS, 7);
            for elu in [false, true] {
                let mut ctx = Context::default();
                let mut state = conv.start();
                let y = in_pieces(&x, INPUTS, &pieces, |x, first| {
                    conv.forward(&mut ctx, x, elu, &mut state, first)
                });
                let mut seen = rows(&x, INPUTS);
                if elu {
                    seen = map(&seen, reference::elu);
                }
                let strides = [stride, dilation];
                let expected = reference::conv(&weights, "conv", &seen, kernel, strides, pad_mode);
                assert_close(&y, &expected.concat(), &what);

                // Upstream keeps the last inputs as [channels, time].
                let kept = seen.split_off(seen.len() - conv.context());
                let state = StatefulConv::Conv(&conv).state(&mut ctx, &state);
                assert_close(&state, &reference::transposed(&kept), &what);
            }
        }
    }
}

#[test]
fn a_convolution_goes_on_from_a_state_that_was_set() {
    let weights = weights(7);
    let geometry = ConvGeometry {
        kernel: 7,
        stride: 1,
        dilation: 1,
        pad_mode: PadMode::Replicate,
    };
    let conv = StreamingConv1d::new(&weights.loader(), INPUTS, OUTPUTS, geometry).unwrap();
    let (mut ctx, x) = (Context::default(), noise(12 * INPUTS, 3));
    let (past, next) = x.split_at(8 * INPUTS);
    let mut state = conv.start();
    conv.forward(&mut ctx, past, false, &mut state, true);
    let owner = StatefulConv::Conv(&conv);
    let value = owner.state(&mut ctx, &state);
    assert_eq!((owner.key(), owner.state_size()), ("previous", value.len()));
    let mut restored = owner.start();
    owner.set_state(&mut restored, &value);
    assert_eq!(
        conv.forward(&mut ctx, next, false, &mut restored, false),
        conv.forward(&mut ctx, next, false, &mut state, false),
    );
}

#[test]
fn a_transposed_convolution_in_pieces_is_that_of_the_whole_signal() {
    for stride in [1, 2, 5] {
        let mut weights = TestWeights::new();
        weights.conv_transpose("convtr", INPUTS, 3, stride);
        let conv = StreamingConvTranspose1d::new(&weights.loader(), INPUTS, 3, stride).unwrap();
        let x = noise(9 * INPUTS, 5);
        let (mut ctx, mut state) = (Context::default(), conv.start());
        let y = in_pieces(&x, INPUTS, &[1, 3, 1, 4], |x, _| {
            conv.forward(&mut ctx, x, false, &mut state)
        });
        let seen = rows(&x, INPUTS);
        let (expected, rest) = reference::conv_transpose(&weights, "convtr", &seen, stride);
        assert_close(&y, &expected.concat(), &format!("stride {stride}"));

        // Upstream keeps the overlap, without the bias.
        let owner = StatefulConv::ConvTranspose(&conv);
        let value = owner.state(&mut ctx, &state);
        assert_close(&value, &reference::transposed(&rest), "overlap");
        assert_eq!((owner.key(), owner.state_size()), ("partial", value.len()));
    }
}

#[test]
fn a_transposed_convolution_goes_on_from_a_state_that_was_set() {
    let mut weights = TestWeights::new();
    weights.conv_transpose("convtr", INPUTS, 3, 4);
    let conv = StreamingConvTranspose1d::new(&weights.loader(), INPUTS, 3, 4).unwrap();
    let (mut ctx, x) = (Context::default(), noise(6 * INPUTS, 5));
    let (past, next) = x.split_at(2 * INPUTS);
    let mut state = conv.start();
    conv.forward(&mut ctx, past, true, &mut state);
    let owner = StatefulConv::ConvTranspose(&conv);
    let value = owner.state(&mut ctx, &state);
    let mut restored = owner.start();
    owner.set_state(&mut restored, &value);
    // What was set is read back before and after the next inputs.
    let back = owner.state(&mut ctx, &restored);
    let exact = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    assert_close(&back, &exact(&value), "what was set");
    let expected = conv.forward(&mut ctx, next, false, &mut state);
    let actual = conv.forward(&mut ctx, next, false, &mut restored);
    assert_close(&actual, &exact(&expected), "next outputs");
}

#[test]
fn rows_become_columns() {
    assert_eq!(
        transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3),
        [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    );
    assert!(transposed(&[], 3).is_empty());
    assert!(transposed(&[], 0).is_empty());
}
