//! Resampling in pieces against whole signals.

use super::*;
use crate::testing::reference::{self, RefWeights, rows};
use crate::testing::{TestWeights, assert_close, in_pieces, noise};

const CHANNELS: usize = 6;

#[test]
fn downsampling_is_a_convolution_that_repeats_the_first_input() {
    for stride in [2, 4] {
        let mut weights = TestWeights::new();
        weights.conv("conv.conv", CHANNELS, 3, 2 * stride);
        let conv = conv_downsample1d(&weights.loader(), stride, CHANNELS, 3).unwrap();
        let x = noise(6 * stride * CHANNELS, 2);
        let (mut ctx, mut state) = (Context::default(), conv.start());
        let pieces = [1, 2, 3].map(|frames| frames * stride);
        let y = in_pieces(&x, CHANNELS, &pieces, |x, first| {
            conv.forward(&mut ctx, x, false, &mut state, first)
        });
        let x = rows(&x, CHANNELS);
        let pad = PadMode::Replicate;
        let expected = reference::conv(&weights, "conv.conv", &x, 2 * stride, [stride, 1], pad);
        assert_close(&y, &expected.concat(), &format!("stride {stride}"));
    }
}

#[test]
fn upsampling_is_a_depthwise_transposed_convolution() {
    for stride in [2, 3] {
        let mut weights = TestWeights::new();
        let path = "convtr.convtr.weight";
        weights.vector(path, CHANNELS * 2 * stride);
        let upsample = ConvTrUpsample1d::new(&weights.loader(), stride, CHANNELS).unwrap();
        let x = noise(7 * CHANNELS, 2);
        let (mut ctx, mut partial) = (Context::default(), upsample.start());
        let y = in_pieces(&x, CHANNELS, &[2, 1, 4], |x, _| {
            upsample.forward(&mut ctx, x, &mut partial)
        });
        let weight = weights.get(path);
        let mut expected = vec![vec![0.0; CHANNELS]; 8 * stride];
        for (t, x) in rows(&x, CHANNELS).iter().enumerate() {
            for tap in 0..2 * stride {
                for (channel, x) in x.iter().enumerate() {
                    let w = f64::from(weight[channel * 2 * stride + tap]);
                    expected[t * stride + tap][channel] += w * x;
                }
            }
        }
        let rest = expected.split_off(7 * stride);
        assert_close(&y, &expected.concat(), &format!("stride {stride}"));
        let state = upsample.state(&partial);
        assert_close(&state, &reference::transposed(&rest), "state");
        assert_eq!(upsample.partial_of(&state), partial);
    }
}
