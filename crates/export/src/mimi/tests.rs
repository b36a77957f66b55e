use super::*;
use crate::testing::{
    FIXTURES, GraphTrial, RecordFile, TestParameters, assert_none, f32s, fixture, i64s, nodes,
    noise, widened, without,
};

fn encoder(config: &Config) -> impl Fn(&Graph, &States<'_>) {
    |g, _| mimi_encoder(g, config)
}

fn decoder(config: &Config) -> impl Fn(&Graph, &States<'_>) {
    |g, states| mimi_decoder(g, states, config)
}

#[test]
fn encoder_snapshot() {
    let config = fixture("tiny_english");
    let text = nodes(&TestParameters::of(&config), encoder(&config));
    // SEANet, the transformer and the resampling have snapshots of their own.
    let modules = ["mimi.encoder", "mimi.downsample"];
    insta::assert_snapshot!(without(&text, &modules), @"
    mimi.pad_for_conv1d/Shape: Shape(audio) {start=2, end=3}
    mimi.pad_for_conv1d/Add: Add(mimi.pad_for_conv1d/Shape, i64 [1919])
    mimi.pad_for_conv1d/Div: Div(mimi.pad_for_conv1d/Add, i64 [1920])
    mimi.pad_for_conv1d/Mul: Mul(mimi.pad_for_conv1d/Div, i64 [1920])
    mimi.pad_for_conv1d/Sub: Sub(mimi.pad_for_conv1d/Mul, mimi.pad_for_conv1d/Shape)
    mimi.pad_for_conv1d/Concat: Concat(i64 [1, 1], mimi.pad_for_conv1d/Sub) {axis=0}
    mimi.pad_for_conv1d/ConstantOfShape: ConstantOfShape(mimi.pad_for_conv1d/Concat)
    mimi.pad_for_conv1d/Concat_2: Concat(audio, mimi.pad_for_conv1d/ConstantOfShape) {axis=2}
    mimi/Transpose: Transpose(mimi.downsample.conv.conv) -> latents {perm=[0, 2, 1]}
    flow_lm.speaker_proj/Squeeze: Squeeze(latents, i64 [0])
    flow_lm.speaker_proj: MatMul(flow_lm.speaker_proj/Squeeze, flow_lm.speaker_proj_weight)
    flow_lm.speaker_proj/Unsqueeze: Unsqueeze(flow_lm.speaker_proj, i64 [0])
    flow_lm/Concat: Concat(flow_lm.bos_before_voice, flow_lm.speaker_proj/Unsqueeze) -> prompt {axis=1}
    ");
}

#[test]
fn decoder_snapshot() {
    let config = fixture("tiny_2m");
    let text = nodes(&TestParameters::of(&config), decoder(&config));
    let modules = [
        "mimi.decoder.",
        "mimi.decoder_transformer.",
        "mimi.upsample",
    ];
    insta::assert_snapshot!(without(&text, &modules), @"
    flow_lm/Mul: Mul(latents, flow_lm.emb_std)
    flow_lm/Add: Add(flow_lm/Mul, flow_lm.emb_mean)
    mimi.quantizer/Transpose: Transpose(flow_lm/Add) {perm=[0, 2, 1]}
    mimi.quantizer.output_proj: Conv(mimi.quantizer/Transpose, mimi.quantizer.output_proj.weight) {kernel_shape=[1], strides=[1], dilations=[1], group=1, pads=[0, 0]}
    mimi.decoder_transformer/Shape: Shape(mimi.upsample.convtr/Reshape_6) {start=2, end=3}
    mimi.decoder_transformer/Add: Add(position, mimi.decoder_transformer/Shape)
    mimi.decoder_transformer/Squeeze: Squeeze(position, i64 [0])
    mimi.decoder_transformer/Squeeze_2: Squeeze(mimi.decoder_transformer/Add, i64 [0])
    mimi.decoder_transformer/Range: Range(mimi.decoder_transformer/Squeeze, mimi.decoder_transformer/Squeeze_2, i64 1)
    mimi.decoder_transformer/Sub: Sub(position, mimi.decoder_transformer.transformer/Shape)
    mimi.decoder_transformer/Squeeze_3: Squeeze(mimi.decoder_transformer/Sub, i64 [0])
    mimi.decoder_transformer/Squeeze_4: Squeeze(mimi.decoder_transformer/Add, i64 [0])
    mimi.decoder_transformer/Range_2: Range(mimi.decoder_transformer/Squeeze_3, mimi.decoder_transformer/Squeeze_4, i64 1)
    mimi.decoder_transformer/Unsqueeze: Unsqueeze(mimi.decoder_transformer/Range, i64 [-1])
    mimi.decoder_transformer/Unsqueeze_2: Unsqueeze(mimi.decoder_transformer/Range_2, i64 [-2])
    mimi.decoder_transformer/Sub_2: Sub(mimi.decoder_transformer/Unsqueeze, mimi.decoder_transformer/Unsqueeze_2)
    mimi.decoder_transformer/GreaterOrEqual: GreaterOrEqual(mimi.decoder_transformer/Sub_2, i64 0)
    mimi.decoder_transformer/Less: Less(mimi.decoder_transformer/Sub_2, i64 50)
    mimi.decoder_transformer/And: And(mimi.decoder_transformer/GreaterOrEqual, mimi.decoder_transformer/Less)
    mimi.decoder_transformer/Where: Where(mimi.decoder_transformer/And, f32 0, f32 -inf)
    mimi.decoder_transformer/Transpose: Transpose(mimi.upsample.convtr/Reshape_6) {perm=[0, 2, 1]}
    mimi.decoder_transformer/Squeeze_5: Squeeze(mimi.decoder_transformer/Transpose, i64 [0])
    mimi.decoder_transformer/Unsqueeze_3: Unsqueeze(mimi.decoder_transformer.transformer.layers.2/Add_2, i64 [0])
    mimi.decoder_transformer/Transpose_2: Transpose(mimi.decoder_transformer/Unsqueeze_3) {perm=[0, 2, 1]}
    ");
}

#[test]
fn audio_is_padded_to_frames() {
    let build = |g: &Graph, _: &States<'_>| {
        let shape = |time| [Dim::Fixed(1), Dim::Fixed(1), Dim::from(time)];
        let x = g.input("x", DType::F32, &shape("N"));
        let y = pad_to_frames(&g.scope("mimi.pad"), &x, 5);
        g.output("y", &y, DType::F32, &shape("M"));
    };
    let mut trial = GraphTrial::new(&TestParameters::default(), build);
    let mut problems = Vec::new();
    for (samples, padded) in [(1, 5), (4, 5), (5, 5), (6, 10), (10, 10), (11, 15), (0, 0)] {
        let x = noise("x", samples);
        let mut y = widened(&x);
        y.resize(padded, 0.0);
        let inputs = [("x", &f32s(&[1, 1, samples], &x))];
        let found = trial.call(&inputs, &[("y", &[1, 1, padded], &y)]);
        problems.extend(found.into_iter().map(|p| format!("{samples} samples: {p}")));
    }
    assert_none(&problems);
}

#[test]
fn encoder_as_recorded() {
    let mut problems = Vec::new();
    for name in FIXTURES {
        let record = RecordFile::open(name, "encoder");
        let mut trial = GraphTrial::new(&TestParameters::fixture(name), encoder(&fixture(name)));
        let (_, wav) = record.f32s("wav");
        for (suffix, samples) in [("", wav.len()), ("_odd", wav.len() - 777)] {
            let latents = record.f32s(&format!("latents{suffix}"));
            let prompt = record.f32s(&format!("prompt{suffix}"));
            let found = trial.call(
                &[("audio", &f32s(&[1, 1, samples], &wav[..samples]))],
                &[
                    ("latents", &latents.0, &widened(&latents.1)),
                    ("prompt", &prompt.0, &widened(&prompt.1)),
                ],
            );
            problems.extend(found.into_iter().map(|p| format!("{name}{suffix}: {p}")));
        }
    }
    assert_none(&problems);
}

#[test]
fn decoder_as_recorded() {
    let mut problems = Vec::new();
    for name in FIXTURES {
        let config = fixture(name);
        let record = RecordFile::open(name, "decoder");
        let mut trial = GraphTrial::new(&TestParameters::fixture(name), decoder(&config));
        let (ldim, frame) = (config.mimi.latent_dim(), config.mimi.frame_size());
        let (latents, audio) = (record.f32s("latents").1, record.f32s("audio").1);
        let mut at = 0;
        for frames in [1, 2, 5, 12] {
            let end = at + frames;
            let position = at * config.mimi.positions_per_frame();
            let expected = widened(&audio[at * frame..end * frame]);
            let found = trial.call(
                &[
                    (
                        "latents",
                        &f32s(&[1, frames, ldim], &latents[at * ldim..end * ldim]),
                    ),
                    ("position", &i64s(&[position as i64])),
                ],
                &[("audio", &[1, 1, frames * frame], &expected)],
            );
            problems.extend(found.into_iter().map(|p| format!("{name} at {at}: {p}")));
            at = end;
        }
    }
    assert_none(&problems);
}
