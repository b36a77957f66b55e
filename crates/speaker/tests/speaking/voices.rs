//! Voices: from recordings, from files, and back.

use runtime::Backend;
use safetensors::SafeTensors;
use speaker::Speaker;
use speech::{VoiceDType, VoiceForm};

use crate::support::{backends, difference, floats, record, say};

/// The recording is encoded as it is, for its record was: without the pause at its end.
#[test]
fn the_recorded_recording_makes_the_recorded_voice() {
    let mut wrong = Vec::new();
    for name in fixtures::NAMES {
        let bundle = fixtures::bundle(name, 17).unwrap();
        for backend in backends() {
            let voice = voice_of_record(&bundle.path(), name, backend.as_ref());
            for (form, file) in [
                (VoiceForm::Current, "voice.safetensors"),
                (VoiceForm::Older, "voice_v1.safetensors"),
            ] {
                let written = voice.to_safetensors(form, VoiceDType::F32).unwrap();
                let recorded = record(name, file);
                let written = SafeTensors::deserialize(&written).unwrap();
                let recorded = SafeTensors::deserialize(&recorded).unwrap();
                for (tensor, expected) in recorded.tensors() {
                    let actual = written.tensor(&tensor).unwrap();
                    assert_eq!(actual.shape(), expected.shape(), "{tensor}");
                    let error = if tensor.ends_with("/cache") {
                        let [a, b] = [&written, &recorded].map(|f| floats(f, &tensor).unwrap());
                        difference(&a, &b)
                    } else {
                        f32::from(u8::from(actual.data() != expected.data()))
                    };
                    if error > 2e-5 {
                        wrong.push(format!("{name} in {}: {tensor}: {error:e}", backend.name()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn voice_of_record(dir: &std::path::Path, name: &str, backend: &dyn Backend) -> speech::Voice {
    use bundle::ComponentName::{FlowLm, MimiEncoder};
    let manifest = bundle::Manifest::read(dir).unwrap();
    let encoder = record(name, "encoder.safetensors");
    let wav = floats(&SafeTensors::deserialize(&encoder).unwrap(), "wav").unwrap();
    let wav = tensor::Tensor::f32([1, 1, wav.len()], wav).unwrap();
    let mut encoder = backend.load(dir, &manifest, MimiEncoder).unwrap();
    let prompt = encoder
        .run(&[("audio", wav.view())])
        .unwrap()
        .take("prompt")
        .unwrap();
    let mut flow_lm = backend.load(dir, &manifest, FlowLm).unwrap();
    let ldim = manifest.model.mimi.quantizer.dimension;
    let none = tensor::Tensor::f32([1, 0, ldim], Vec::new()).unwrap();
    flow_lm
        .run(&[("embeddings", prompt.view()), ("latents", none.view())])
        .unwrap();
    let states = flow_lm.component().states.iter();
    let states = states
        .map(|s| (s.input.clone(), flow_lm.state(&s.input).unwrap()))
        .collect();
    let position = flow_lm.position().unwrap();
    speech::Voice::from_states(flow_lm.component(), states, position).unwrap()
}

#[test]
fn a_cloned_voice_speaks_as_its_file_does() {
    let name = "tiny_english";
    let bundle = fixtures::bundle(name, 17).unwrap();
    let encoder = record(name, "encoder.safetensors");
    let wav = floats(&SafeTensors::deserialize(&encoder).unwrap(), "wav").unwrap();
    for backend in backends() {
        let speaker = Speaker::open(&bundle.path(), backend, 1).unwrap();
        let (voice, truncated) = speaker.clone_voice(&wav, 24_000).unwrap();
        assert!(!truncated);
        let spoken = |voice: &speech::Voice| {
            let voice = speaker.prepare(voice).unwrap();
            say(
                &speaker,
                &voice,
                "The same voice.",
                &speaker.model().options(),
            )
        };
        for form in [VoiceForm::Current, VoiceForm::Older] {
            let file = voice.to_safetensors(form, VoiceDType::F32).unwrap();
            let read = speaker.model().read_voice(&file).unwrap();
            assert_eq!(spoken(&voice), spoken(&read));
        }
    }
}

#[test]
fn long_recordings_are_cut() {
    let bundle = fixtures::bundle("tiny_2m", 17).unwrap();
    let speaker = Speaker::open(&bundle.path(), backends().remove(0), 1).unwrap();
    let tone = |seconds: usize| -> Vec<f32> {
        (0..seconds * 8000)
            .map(|i| (i as f32 * 0.3).sin() * 0.5)
            .collect()
    };
    let (cut, truncated) = speaker.clone_voice(&tone(31), 8000).unwrap();
    assert!(truncated);
    let (whole, truncated) = speaker.clone_voice(&tone(30), 8000).unwrap();
    assert!(!truncated);
    assert_eq!(cut, whole);
}
