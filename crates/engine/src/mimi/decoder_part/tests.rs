//! The parts against the whole decoder.

use bundle::{ComponentName, Manifest, WeightFormat};
use runtime::Stream;
use tensor::Tensor;

use super::*;
use crate::testing::noise;
use crate::{Engine, WeightBytes};
use bundle::names;

/// One output of a call.
fn output(stream: &mut dyn Stream, name: &str, input: (&str, &Tensor)) -> Tensor {
    let outputs = stream.run(&[(input.0, input.1.view())]).unwrap();
    let found = outputs.into_iter().find(|(it, _)| it == name);
    found.unwrap().1
}

#[test]
fn the_parts_one_after_the_other_are_the_decoder() {
    for (model, format, layers) in [
        ("tiny_2026-01", WeightFormat::F32, 1),
        ("tiny_english", WeightFormat::Q16, 2),
        ("tiny_2m", WeightFormat::Q8, 1),
        ("tiny_flow_matching", WeightFormat::Q4, 0),
        ("tiny_drifting_french", WeightFormat::Bf16, 1),
    ] {
        let bundle = testkit::bundle_in(format, model, 17).unwrap();
        let manifest = Manifest::read(&bundle.path()).unwrap();
        let name = ComponentName::MimiDecoder;
        let component = &manifest.components[&name];
        let data = std::fs::read(bundle.path().join(&component.data.name)).unwrap();
        let config = manifest.config();
        // The first part's parameters come first.
        let own = |it: &&bundle::Parameter| {
            let path = "mimi.decoder_transformer.transformer.layers.";
            let layer = it
                .name
                .strip_prefix(path)
                .and_then(|it| it.split('.').next());
            !it.name.starts_with("mimi.decoder.")
                && !it
                    .name
                    .starts_with("mimi.decoder_transformer.output_projs.")
                && layer.is_none_or(|it| it.parse::<usize>().unwrap() < layers)
        };
        let extents = (component.parameters.iter().filter(own))
            .flat_map(|it| [Some(it.values), it.scales])
            .flatten();
        let needed = extents.map(|it| it.offset + it.size).max().unwrap() as usize;
        assert!(needed < data.len());

        let engine = Engine::default();
        let bytes = |length: usize| WeightBytes::new(data[..length].to_vec());
        let mut whole = engine.stream(&manifest, name, bytes(data.len())).unwrap();
        let part = |part, length| engine.decoder_part(&manifest, part, bytes(length)).unwrap();
        let mut first = part(DecoderPart::First(layers), needed);
        let mut second = part(DecoderPart::Second(layers), data.len());
        let width = config.mimi.latent_dim();
        for _ in 0..2 {
            for (call, frames) in [1, 1, 2, 4].into_iter().enumerate() {
                let latents = noise(frames * width, call as u32 + 1);
                let latents = Tensor::f32(vec![1, frames, width], latents).unwrap();
                let latents = (names::LATENTS, &latents);
                let expected = output(whole.as_mut(), names::AUDIO, latents);
                let hidden = output(first.as_mut(), HIDDEN, latents);
                let actual = output(second.as_mut(), names::AUDIO, (HIDDEN, &hidden));
                assert_eq!(actual, expected, "{model} {format} call {call}");
                assert_eq!(first.position(), whole.position());
                assert_eq!(second.position(), whole.position());
            }
            // States move with their modules.
            for state in &component.states {
                let parts = [first.state(&state.input), second.state(&state.input)];
                let mut found = parts.into_iter().filter_map(Result::ok);
                assert_eq!(
                    found.next(),
                    whole.state(&state.input).ok(),
                    "{}",
                    state.input
                );
                assert!(found.next().is_none(), "{} is in both", state.input);
            }
            for stream in [&mut whole, &mut first, &mut second] {
                stream.reset().unwrap();
            }
        }
    }
}
