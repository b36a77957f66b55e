//! With the recorded noise and voice, the recorded steps come out.

use std::sync::{Arc, Mutex};

use bundle::ComponentName;
use runtime::Backend;
use safetensors::SafeTensors;
use speech::{Action, Call, Decoding, SpeechEvent, Speed};
use tensor::Tensor;

use crate::support::{backends, difference, floats, record};

/// What `make_records.py` recorded.
const TEXT: &str = "Hello world. I am a synthetic checkpoint, and this sentence fixes my tokens.";
const TOLERANCE: f32 = 2e-5;

#[test]
fn recorded_noise_makes_recorded_latents_and_sound() {
    let mut wrong = Vec::new();
    let mut worst: f32 = 0.0;
    for name in testkit::SMALL_MODELS {
        let bundle = testkit::bundle(name, 17).unwrap();
        for backend in backends() {
            for (what, difference) in steps(&bundle.path(), name, backend.as_ref()) {
                worst = worst.max(difference);
                if difference > TOLERANCE {
                    wrong.push(format!(
                        "{name} in {}: {what}: {difference:e}",
                        backend.name()
                    ));
                }
            }
        }
    }
    println!("largest difference: {worst:e}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Speaks as far as the records go, and compares each step.
fn steps(dir: &std::path::Path, name: &str, backend: &dyn Backend) -> Vec<(String, f32)> {
    let manifest = bundle::Manifest::read(dir).unwrap();
    let file = std::fs::read(dir.join(&manifest.tokenizer.file.name)).unwrap();
    let load = |component| backend.load(dir, &manifest, component).unwrap();
    let mut streams = ComponentName::ALL.map(|name| (name, load(name)));
    let model = speech::SpeechModel::new(manifest.clone(), &file).unwrap();

    let steps = record(name, "steps.safetensors");
    let steps = SafeTensors::deserialize(&steps).unwrap();
    let count = (0..100)
        .take_while(|i| steps.tensor(&format!("{i}.noise")).is_ok())
        .count();
    let noise: Vec<f32> = (0..count)
        .flat_map(|i| floats(&steps, &format!("{i}.noise")).unwrap())
        .collect();
    let noise = Arc::new(Mutex::new(noise.into_iter()));
    // The texts of the records were tokenized as they are.
    let options = speech::SpeechOptions {
        max_tokens: 100,
        ..model.options()
    };
    let utterance = model.utterance(TEXT, &options).unwrap();
    let mut utterance = utterance.with_noise(Box::new(move |values: &mut [f32]| {
        let mut noise = noise.lock().unwrap();
        values.fill_with(|| noise.next().unwrap_or_default());
    }));
    let mut run = |call: &Call| {
        let (_, stream) = streams
            .iter_mut()
            .find(|(name, _)| *name == call.component)
            .unwrap();
        stream.run(&call.views()).unwrap()
    };

    // The voice, by way of the recorded prompt.
    let encoder = record(name, "encoder.safetensors");
    let prompt = floats(&SafeTensors::deserialize(&encoder).unwrap(), "prompt").unwrap();
    let width = manifest.model.flow_lm.transformer.d_model;
    let ldim = manifest.model.mimi.quantizer.dimension;
    run(&Call {
        component: ComponentName::FlowLm,
        inputs: vec![
            (
                "embeddings",
                Tensor::f32([1, prompt.len() / width, width], prompt).unwrap(),
            ),
            ("latents", Tensor::f32([1, 0, ldim], Vec::new()).unwrap()),
        ],
    });

    let mut decoding = Decoding::new(&model, Speed::ONE);
    let mut differences = Vec::new();
    let mut audio = Vec::new();
    let mut frame = 0;
    while frame < count {
        match utterance.next_action().unwrap() {
            Action::Run(call) => {
                let outputs = run(&call);
                if call.component == ComponentName::FlowLm {
                    for (output, key) in [("conditioning", "backbone"), ("eos_logit", "eos_logit")]
                    {
                        let actual = outputs.get(output).unwrap().as_f32().unwrap().to_vec();
                        let expected = floats(&steps, &format!("{frame}.{key}")).unwrap();
                        let what = format!("step {frame}, {output}");
                        differences.push((what, difference(&actual, &expected)));
                    }
                }
                utterance.supply(outputs).unwrap();
            }
            Action::Emit(SpeechEvent::Latent(latent)) => {
                let expected = floats(&steps, &format!("{frame}.latent")).unwrap();
                differences.push((
                    format!("step {frame}, latent"),
                    difference(&latent, &expected),
                ));
                if let Some(call) = decoding.latent(&latent).unwrap() {
                    audio.extend(decoding.audio(run(&call)).unwrap());
                }
                frame += 1;
            }
            Action::Emit(SpeechEvent::Begin { text, .. }) => assert_eq!(text, TEXT),
            Action::Again => {}
            other => panic!("{other:?}"),
        }
    }
    if let Some(call) = decoding.rest().unwrap() {
        audio.extend(decoding.audio(run(&call)).unwrap());
    }
    // The recorded sound begins with these latents, and is not faded in.
    let decoder = record(name, "decoder.safetensors");
    let recorded = floats(&SafeTensors::deserialize(&decoder).unwrap(), "audio").unwrap();
    let mut expected = recorded[..audio.len()].to_vec();
    for (i, sample) in expected.iter_mut().take(120).enumerate() {
        *sample *= i as f32 / 119.0;
    }
    differences.push(("audio".to_owned(), difference(&audio, &expected)));
    differences
}
