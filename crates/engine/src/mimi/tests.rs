//! The decoder's states, and the codec in pieces. What it computes is compared with pocket-tts in
//! the crate `verify`.

use bundle::{Component, ComponentName, Manifest};
use config::Config;
use kernels::{CacheFormat, CpuKernels};
use tensor::Tensor;

use super::encoder::FRAMES_AT_A_TIME;
use super::*;
use crate::context::Context;
use crate::loader::Loader;
use crate::module::Module as _;
use crate::testing::{assert_close, noise, run, state};
use crate::{EngineError, WeightBytes};

/// A component of a small model.
fn load<M>(
    name: ComponentName,
    new: impl FnOnce(&Loader<'_>, &Config, CacheFormat) -> Result<M, EngineError>,
) -> (M, Component, Config) {
    let bundle = testkit::bundle("tiny_english", 17).unwrap();
    let manifest = Manifest::read(&bundle.path()).unwrap();
    let component = manifest.components[&name].clone();
    let data = std::fs::read(bundle.path().join(&component.data.name)).unwrap();
    let data = WeightBytes::new(data);
    let m = Loader::new(&component, data, CpuKernels::default(), true);
    let config = manifest.config();
    let module = new(&m, &config, CacheFormat::F32).unwrap();
    (module, component, config)
}

fn decoder() -> (MimiDecoder, Component, Config) {
    load(ComponentName::MimiDecoder, |m, config, cache| {
        MimiDecoder::new(m, config, cache, None)
    })
}

fn latents(values: &[f32], width: usize) -> [(&'static str, Tensor); 1] {
    let shape = vec![1, values.len() / width, width];
    [("latents", Tensor::f32(shape, values.to_vec()).unwrap())]
}

#[test]
fn decoding_goes_on_from_states_that_were_set() {
    let (decoder, component, config) = decoder();
    let width = config.mimi.latent_dim();
    let values = noise(5 * width, 3);
    let (past, next) = values.split_at(4 * width);
    let (mut ctx, mut state) = (Context::default(), decoder.start());
    run(&decoder, &mut ctx, &mut state, 0, &latents(past, width)).unwrap();
    let mut restored = decoder.start();
    assert!(!component.states.is_empty());
    for which in &component.states {
        let value = decoder.state(&mut ctx, &state, which).unwrap();
        (decoder.set_state(&mut ctx, &mut restored, which, &value)).unwrap();
    }
    let position = 4 * config.mimi.positions_per_frame() as i64;
    let next = latents(next, width);
    let expected = run(&decoder, &mut ctx, &mut state, position, &next).unwrap();
    let actual = run(&decoder, &mut ctx, &mut restored, position, &next).unwrap();
    let expected: Vec<f64> = expected["audio"].iter().map(|v| f64::from(*v)).collect();
    assert_close(&actual["audio"], &expected, "next frame");
}

#[test]
fn states_of_other_modules_are_unknown() {
    let (decoder, component, _) = decoder();
    let (mut ctx, mut own) = (Context::default(), decoder.start());
    let mut paths = vec![
        ("", "partial"),
        ("upsample", "partial"),
        ("upsample.convtr", "previous"),
        ("upsample.convtr.convtr", "partial"),
        ("quantizer", "partial"),
        ("decoder.model.99", "previous"),
        ("decoder_transformer", "cache"),
        (
            "decoder_transformer.transformer.layers.99.self_attn",
            "cache",
        ),
    ];
    // A state's own path with another key.
    paths.extend(
        component
            .states
            .iter()
            .map(|s| (s.module.as_str(), "other")),
    );
    for (module, key) in paths {
        for index in [None, Some(0)] {
            let which = state(module, key, index);
            let unknown = EngineError::unknown_state(&which);
            assert_eq!(decoder.state_size(&which), Err(unknown.clone()));
            assert_eq!(decoder.state(&mut ctx, &own, &which), Err(unknown.clone()));
            let set = decoder.set_state(&mut ctx, &mut own, &which, &[0.0]);
            assert_eq!(set, Err(unknown));
        }
    }
    for which in &component.states {
        let size = decoder.state_size(which).unwrap();
        let value = vec![0.0; size + 1];
        let set = decoder.set_state(&mut ctx, &mut own, which, &value);
        assert_eq!(set, Err(EngineError::state_size(which, &value)));
    }
}

#[test]
fn a_voice_is_encoded_in_pieces_as_if_it_were_one() {
    let (encoder, ..) = load(ComponentName::MimiEncoder, MimiEncoder::new);
    let samples = (FRAMES_AT_A_TIME * 2 + 1) * encoder.frame_size + 5;
    let audio = noise(samples, 3);
    let mut ctx = Context::default();
    let mut encode = |samples: usize| {
        let audio = Tensor::f32(vec![1, 1, samples], audio[..samples].to_vec());
        let inputs = [("audio", audio.unwrap())];
        run(&encoder, &mut ctx, &mut (), 0, &inputs).unwrap()
    };
    let all = encode(samples);
    let frames = all["latents"].len() / encoder.inner;
    assert_eq!(frames, FRAMES_AT_A_TIME * 2 + 2);
    // Frames do not depend on what comes after them.
    let some = encode(FRAMES_AT_A_TIME * encoder.frame_size);
    let expected = all["latents"][..some["latents"].len()].iter();
    let expected: Vec<f64> = expected.map(|v| f64::from(*v)).collect();
    assert_eq!(expected.len(), FRAMES_AT_A_TIME * encoder.inner);
    assert_close(&some["latents"], &expected, "the first piece");
}
