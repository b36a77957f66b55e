use config::{Config, PadMode};
use onnx::Graph;
use tensor::{DType, Dim};

use super::*;
use crate::testing::reference::{self, Pad, RefRows, RefWeights, add, elu, map};
use crate::testing::{GraphTrial, TestParameters, assert_none, f32s, fixture, i64s, nodes, noise};

fn config(pad_mode: PadMode, n_residual_layers: usize, ratios: &[usize]) -> Config {
    let mut config = fixture("tiny_english");
    config.mimi.seanet = SeanetConfig {
        dimension: 6,
        channels: 1,
        n_filters: 2,
        n_residual_layers,
        ratios: ratios.to_vec(),
        kernel_size: 7,
        residual_kernel_size: 3,
        last_kernel_size: 3,
        dilation_base: 2,
        pad_mode,
        compress: 2,
    };
    config
}

/// The whole signal through `model`, layer by layer; those without parameters are ELUs.
fn reference(p: &TestParameters, config: &SeanetConfig, encoder: bool, x: &RefRows) -> RefRows {
    let half = if encoder {
        "mimi.encoder"
    } else {
        "mimi.decoder"
    };
    let pad = match config.pad_mode {
        PadMode::Constant => Pad::Zeros,
        PadMode::Replicate => Pad::First,
    };
    let mut ratios = config.ratios.clone();
    if encoder {
        ratios.reverse();
    }
    let last = ratios.len() * (config.n_residual_layers + 2) + 2;
    let mut ratios = ratios.into_iter();
    let mut block = 0;
    let mut x = x.clone();
    for layer in 0..=last {
        let path = format!("{half}.model.{layer}");
        let has = |name: &str| p.find(&format!("{path}.{name}.weight")).is_some();
        if has("block.1.conv") {
            let dilation = config.dilation_base.pow(block);
            let v = map(&x, elu);
            let v = reference::conv(p, &format!("{path}.block.1.conv"), &v, 1, dilation, pad);
            let v = map(&v, elu);
            let v = reference::conv(p, &format!("{path}.block.3.conv"), &v, 1, 1, pad);
            x = add(&x, &v);
            block += 1;
            continue;
        }
        block = 0;
        if has("convtr") {
            let ratio = ratios.next().unwrap();
            let time = x[0].len() * ratio;
            x = reference::conv_transpose(p, &format!("{path}.convtr"), &x, ratio, 1);
            for row in &mut x {
                row.truncate(time);
            }
        } else if has("conv") {
            let strided = encoder && layer > 0 && layer < last;
            let stride = if strided { ratios.next().unwrap() } else { 1 };
            x = reference::conv(p, &format!("{path}.conv"), &x, stride, 1, pad);
        } else {
            x = map(&x, elu);
        }
    }
    x
}

fn build_encoder(config: &SeanetConfig) -> impl Fn(&Graph, &States<'_>) {
    move |g, _| {
        let shape = |channels, time| [Dim::Fixed(1), Dim::Fixed(channels), Dim::from(time)];
        let x = g.input("x", DType::F32, &shape(config.channels, "N"));
        let y = seanet_encoder(&g.scope("mimi.encoder"), config, &x);
        g.output("y", &y, DType::F32, &shape(config.dimension, "T"));
    }
}

fn build_decoder(config: &SeanetConfig) -> impl Fn(&Graph, &States<'_>) {
    move |g, states| {
        let shape = |channels, time| [Dim::Fixed(1), Dim::Fixed(channels), Dim::from(time)];
        let z = g.input("z", DType::F32, &shape(config.dimension, "T"));
        let m = g.scope("mimi.decoder");
        let position = std::cell::OnceCell::new();
        let first = || {
            let input = || g.input("position", DType::I64, &[Dim::Fixed(1)]);
            m.equal(position.get_or_init(input), &m.ints(&[0]))
        };
        let y = seanet_decoder(&m, config, &z, states, &first);
        g.output("y", &y, DType::F32, &shape(config.channels, "N"));
    }
}

/// Names and operators alone: what the layers emit is in the snapshots of `conv`.
fn layers(text: &str) -> String {
    let layer = |line: &str| {
        let name = line.split(['/', ':']).next().unwrap_or_default();
        let name = name.trim_end_matches(".conv").trim_end_matches(".convtr");
        name.to_owned()
    };
    let mut layers: Vec<_> = text.lines().map(layer).collect();
    layers.dedup();
    layers.join("\n")
}

#[test]
fn encoder_snapshot() {
    let config = config(PadMode::Constant, 1, &[3, 2]);
    insta::assert_snapshot!(nodes(&TestParameters::of(&config), build_encoder(&config.mimi.seanet)), @"
    mimi.encoder.model.0.conv: Conv(x, mimi.encoder.model.0.conv.weight, mimi.encoder.model.0.conv.bias) {kernel_shape=[7], strides=[1], dilations=[1], group=1, pads=[6, 0]}
    mimi.encoder.model.1.block.0/Elu: Elu(mimi.encoder.model.0.conv) {alpha=1}
    mimi.encoder.model.1.block.1.conv: Conv(mimi.encoder.model.1.block.0/Elu, mimi.encoder.model.1.block.1.conv.weight, mimi.encoder.model.1.block.1.conv.bias) {kernel_shape=[3], strides=[1], dilations=[1], group=1, pads=[2, 0]}
    mimi.encoder.model.1.block.2/Elu: Elu(mimi.encoder.model.1.block.1.conv) {alpha=1}
    mimi.encoder.model.1.block.3.conv: Conv(mimi.encoder.model.1.block.2/Elu, mimi.encoder.model.1.block.3.conv.weight, mimi.encoder.model.1.block.3.conv.bias) {kernel_shape=[1], strides=[1], dilations=[1], group=1, pads=[0, 0]}
    mimi.encoder.model.1/Add: Add(mimi.encoder.model.0.conv, mimi.encoder.model.1.block.3.conv)
    mimi.encoder.model.2/Elu: Elu(mimi.encoder.model.1/Add) {alpha=1}
    mimi.encoder.model.3.conv: Conv(mimi.encoder.model.2/Elu, mimi.encoder.model.3.conv.weight, mimi.encoder.model.3.conv.bias) {kernel_shape=[4], strides=[2], dilations=[1], group=1, pads=[2, 0]}
    mimi.encoder.model.4.block.0/Elu: Elu(mimi.encoder.model.3.conv) {alpha=1}
    mimi.encoder.model.4.block.1.conv: Conv(mimi.encoder.model.4.block.0/Elu, mimi.encoder.model.4.block.1.conv.weight, mimi.encoder.model.4.block.1.conv.bias) {kernel_shape=[3], strides=[1], dilations=[1], group=1, pads=[2, 0]}
    mimi.encoder.model.4.block.2/Elu: Elu(mimi.encoder.model.4.block.1.conv) {alpha=1}
    mimi.encoder.model.4.block.3.conv: Conv(mimi.encoder.model.4.block.2/Elu, mimi.encoder.model.4.block.3.conv.weight, mimi.encoder.model.4.block.3.conv.bias) {kernel_shape=[1], strides=[1], dilations=[1], group=1, pads=[0, 0]}
    mimi.encoder.model.4/Add: Add(mimi.encoder.model.3.conv, mimi.encoder.model.4.block.3.conv)
    mimi.encoder.model.5/Elu: Elu(mimi.encoder.model.4/Add) {alpha=1}
    mimi.encoder.model.6.conv: Conv(mimi.encoder.model.5/Elu, mimi.encoder.model.6.conv.weight, mimi.encoder.model.6.conv.bias) {kernel_shape=[6], strides=[3], dilations=[1], group=1, pads=[3, 0]}
    mimi.encoder.model.7/Elu: Elu(mimi.encoder.model.6.conv) {alpha=1}
    mimi.encoder.model.8.conv: Conv(mimi.encoder.model.7/Elu, mimi.encoder.model.8.conv.weight, mimi.encoder.model.8.conv.bias) -> y {kernel_shape=[3], strides=[1], dilations=[1], group=1, pads=[2, 0]}
    ");
}

#[test]
fn decoder_snapshot() {
    let config = config(PadMode::Constant, 2, &[3, 2]);
    let text = nodes(
        &TestParameters::of(&config),
        build_decoder(&config.mimi.seanet),
    );
    insta::assert_snapshot!(layers(&text), @"
    mimi.decoder.model.0
    mimi.decoder.model.1
    mimi.decoder.model.2
    mimi.decoder.model.3.block.0
    mimi.decoder.model.3.block.1
    mimi.decoder.model.3.block.2
    mimi.decoder.model.3.block.3
    mimi.decoder.model.3
    mimi.decoder.model.4.block.0
    mimi.decoder.model.4.block.1
    mimi.decoder.model.4.block.2
    mimi.decoder.model.4.block.3
    mimi.decoder.model.4
    mimi.decoder.model.5
    mimi.decoder.model.6
    mimi.decoder.model.7.block.0
    mimi.decoder.model.7.block.1
    mimi.decoder.model.7.block.2
    mimi.decoder.model.7.block.3
    mimi.decoder.model.7
    mimi.decoder.model.8.block.0
    mimi.decoder.model.8.block.1
    mimi.decoder.model.8.block.2
    mimi.decoder.model.8.block.3
    mimi.decoder.model.8
    mimi.decoder.model.9
    mimi.decoder.model.10
    ");
}

#[test]
fn encoder_takes_a_whole_signal() {
    let mut problems = Vec::new();
    for (pad_mode, blocks, ratios) in [
        (PadMode::Constant, 1, &[3, 2][..]),
        (PadMode::Replicate, 2, &[2][..]),
        (PadMode::Constant, 0, &[2, 1, 3][..]),
    ] {
        let config = config(pad_mode, blocks, ratios);
        let parameters = TestParameters::of(&config);
        let config = &config.mimi.seanet;
        let mut trial = GraphTrial::new(&parameters, build_encoder(config));
        let hop = config.hop_length();
        for positions in [1, 4] {
            let time = positions * hop;
            let x = noise("x", time);
            let y = reference(&parameters, config, true, &reference::rows(&x, time));
            let found = trial.call(
                &[("x", &f32s(&[1, 1, time], &x))],
                &[("y", &[1, config.dimension, positions], &reference::flat(&y))],
            );
            let case = format!("{pad_mode:?}, {blocks} blocks, {ratios:?}, {positions} positions");
            problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
        }
    }
    assert_none(&problems);
}

#[test]
fn decoder_continues_one_signal() {
    let mut problems = Vec::new();
    for (pad_mode, blocks, ratios) in [
        (PadMode::Constant, 1, &[3, 2][..]),
        (PadMode::Constant, 2, &[2][..]),
        (PadMode::Replicate, 2, &[2, 3][..]),
    ] {
        let config = config(pad_mode, blocks, ratios);
        let parameters = TestParameters::of(&config);
        let config = &config.mimi.seanet;
        let mut trial = GraphTrial::new(&parameters, build_decoder(config));
        // Padding by replication wants as many values as it pads, at every call.
        let calls = [8, 6, 7];
        let (total, hop) = (calls.iter().sum(), config.hop_length());
        let z = reference::rows(&noise("z", config.dimension * total), total);
        let y = reference(&parameters, config, false, &z);
        let mut at = 0;
        for count in calls {
            let end = at + count;
            let piece: Vec<f32> = z
                .iter()
                .flat_map(|row| row[at..end].iter().map(|&v| v as f32))
                .collect();
            let z = f32s(&[1, config.dimension, count], &piece);
            let position = i64s(&[at as i64]);
            let mut inputs = vec![("z", &z)];
            if pad_mode == PadMode::Replicate {
                inputs.push(("position", &position));
            }
            let expected = &y[0][at * hop..end * hop];
            let found = trial.call(&inputs, &[("y", &[1, 1, count * hop], expected)]);
            let case = format!("{pad_mode:?}, {blocks} blocks, {ratios:?} at {at}");
            problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
            at = end;
        }
    }
    assert_none(&problems);
}
