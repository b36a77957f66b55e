//! `SEANet` encoders and decoders in pieces against whole signals.

use config::PadMode;

use super::*;
use crate::testing::reference::{self, RefRows, elu, map, rows};
use crate::testing::{TestWeights, assert_close, in_pieces, noise};

fn config(pad_mode: PadMode) -> SeanetConfig {
    SeanetConfig {
        dimension: 6,
        channels: 1,
        n_filters: 2,
        n_residual_layers: 2,
        ratios: vec![4, 3, 2],
        kernel_size: 5,
        residual_kernel_size: 3,
        last_kernel_size: 3,
        dilation_base: 2,
        pad_mode,
        compress: 2,
    }
}

/// A layer of upstream's `model` list, other than activations.
#[derive(Clone, Copy)]
enum Upstream {
    /// Inputs, outputs, kernel, stride.
    Conv([usize; 4]),
    /// Inputs, outputs, stride.
    ConvTranspose([usize; 3]),
    /// Width, dilation.
    Block([usize; 2]),
}

/// Layers with their indices, of a decoder or an encoder.
fn layers(config: &SeanetConfig, decoder: bool) -> Vec<(usize, Upstream)> {
    let blocks = |width| {
        (0..config.n_residual_layers)
            .map(move |i| Upstream::Block([width, config.dilation_base.pow(i as u32)]))
    };
    let mut list: Vec<Option<Upstream>> = Vec::new();
    if decoder {
        let mut width = config.n_filters << config.ratios.len();
        list.push(Some(Upstream::Conv([
            config.dimension,
            width,
            config.kernel_size,
            1,
        ])));
        for &ratio in &config.ratios {
            list.push(None);
            list.push(Some(Upstream::ConvTranspose([width, width / 2, ratio])));
            width /= 2;
            list.extend(blocks(width).map(Some));
        }
        list.push(None);
        list.push(Some(Upstream::Conv([
            width,
            config.channels,
            config.last_kernel_size,
            1,
        ])));
    } else {
        let mut width = config.n_filters;
        list.push(Some(Upstream::Conv([
            config.channels,
            width,
            config.kernel_size,
            1,
        ])));
        for &ratio in config.ratios.iter().rev() {
            list.extend(blocks(width).map(Some));
            list.push(None);
            list.push(Some(Upstream::Conv([width, 2 * width, 2 * ratio, ratio])));
            width *= 2;
        }
        list.push(None);
        list.push(Some(Upstream::Conv([
            width,
            config.dimension,
            config.last_kernel_size,
            1,
        ])));
    }
    let numbered = list.into_iter().enumerate();
    numbered
        .filter_map(|(index, layer)| Some((index, layer?)))
        .collect()
}

fn weights(config: &SeanetConfig, layers: &[(usize, Upstream)]) -> TestWeights {
    let mut weights = TestWeights::new();
    for (index, layer) in layers {
        let path = |name: &str| format!("model.{index}.{name}");
        match *layer {
            Upstream::Conv([inputs, outputs, kernel, _]) => {
                weights.conv(&path("conv"), inputs, outputs, kernel);
            }
            Upstream::ConvTranspose([inputs, outputs, stride]) => {
                weights.conv_transpose(&path("convtr"), inputs, outputs, stride);
            }
            Upstream::Block([width, _]) => {
                let hidden = width / config.compress;
                weights.conv(
                    &path("block.1.conv"),
                    width,
                    hidden,
                    config.residual_kernel_size,
                );
                weights.conv(&path("block.3.conv"), hidden, width, 1);
            }
        }
    }
    weights
}

/// What the layers compute.
fn expected(
    p: &TestWeights,
    config: &SeanetConfig,
    layers: &[(usize, Upstream)],
    mut x: RefRows,
) -> RefRows {
    let pad = config.pad_mode;
    for (index, layer) in layers {
        let path = |name: &str| format!("model.{index}.{name}");
        let activated = if *index > 0 { map(&x, elu) } else { x.clone() };
        x = match *layer {
            Upstream::Conv([_, _, kernel, stride]) => {
                reference::conv(p, &path("conv"), &activated, kernel, [stride, 1], pad)
            }
            Upstream::ConvTranspose([_, _, stride]) => {
                reference::conv_transpose(p, &path("convtr"), &activated, stride).0
            }
            Upstream::Block([_, dilation]) => {
                let (kernel, strides) = (config.residual_kernel_size, [1, dilation]);
                let path1 = path("block.1.conv");
                let h = reference::conv(p, &path1, &activated, kernel, strides, pad);
                let h = map(&h, elu);
                let h = reference::conv(p, &path("block.3.conv"), &h, 1, [1, 1], pad);
                reference::add(&x, &h)
            }
        };
    }
    x
}

/// Positions of each call: some calls are cut into pieces inside.
const CALL_LENGTHS: [usize; 4] = [1, 9, 2, 5];

#[test]
fn seanets_in_pieces_are_those_of_the_whole_signal() {
    for pad_mode in [PadMode::Constant, PadMode::Replicate] {
        let config = config(pad_mode);
        let hop = config.hop_length();
        for is_decoder in [true, false] {
            let what = format!("decoder {is_decoder}, {pad_mode:?}");
            let layers = layers(&config, is_decoder);
            let weights = weights(&config, &layers);
            let m = weights.loader();
            let (seanet, width, per_position) = if is_decoder {
                (Seanet::decoder(&m, &config), config.dimension, 1)
            } else {
                (Seanet::encoder(&m, &config), config.channels, hop)
            };
            let seanet = seanet.unwrap();
            m.finish().unwrap();
            let calls = CALL_LENGTHS.map(|positions| positions * per_position);
            let x = noise(17 * per_position * width, 6);
            let (mut ctx, mut state) = (Context::default(), seanet.start());
            let y = in_pieces(&x, width, &calls, |x, first| {
                let positions = x.len() / width / per_position;
                seanet.forward(&mut ctx, x.to_vec(), positions, &mut state, first)
            });
            let expected = expected(&weights, &config, &layers, rows(&x, width));
            assert_close(&y, &expected.concat(), &what);
        }
    }
}

#[test]
fn a_seanet_goes_on_from_states_that_were_set() {
    let config = config(PadMode::Replicate);
    let layers = layers(&config, true);
    let weights = weights(&config, &layers);
    let seanet = Seanet::decoder(&weights.loader(), &config).unwrap();
    let (mut ctx, x) = (Context::default(), noise(6 * config.dimension, 6));
    let (past, next) = x.split_at(5 * config.dimension);
    let mut state = seanet.start();
    seanet.forward(&mut ctx, past.to_vec(), 5, &mut state, true);
    let mut restored = seanet.start();
    for (index, layer) in &layers {
        let path = match layer {
            Upstream::Conv(_) | Upstream::ConvTranspose(_) => format!("model.{index}"),
            Upstream::Block(_) => format!("model.{index}.block.1"),
        };
        let found = seanet.find(&path).unwrap();
        let value = found.conv.state(&mut ctx, found.state(&state));
        assert_eq!(value.len(), found.conv.state_size(), "{path}");
        found.conv.set_state(found.state_mut(&mut restored), &value);
    }
    let expected = seanet.forward(&mut ctx, next.to_vec(), 1, &mut state, false);
    let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
    let actual = seanet.forward(&mut ctx, next.to_vec(), 1, &mut restored, false);
    assert_close(&actual, &expected, "next samples");
    for path in ["", "model", "model.1", "model.2.block.3", "model.99"] {
        assert!(seanet.find(path).is_none(), "{path}");
    }
}
