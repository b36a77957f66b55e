//! Voices: from recordings, from files, and back.

use audio::Recording;
use runtime::Backend;
use safetensors::SafeTensors;
use speaker::{Speaker, VoiceMaker};
use speech::{RecordingNotice, VoiceDType, VoiceForm};

use crate::support::{backends, difference, floats, record, say};

/// The recording is encoded as it is, for its record was: without the pause at its end.
#[test]
fn the_recorded_recording_makes_the_recorded_voice() {
    let mut wrong = Vec::new();
    for name in testkit::SMALL_MODELS {
        let bundle = testkit::bundle(name, 17).unwrap();
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
    let bundle = testkit::bundle(name, 17).unwrap();
    let encoder = record(name, "encoder.safetensors");
    let wav = floats(&SafeTensors::deserialize(&encoder).unwrap(), "wav").unwrap();
    for backend in backends() {
        let speaker = Speaker::open(&bundle.path(), backend, 1).unwrap();
        let recording = Recording::mono(&wav, 24_000);
        let (voice, notices) = speaker.clone_voice(&recording).unwrap();
        assert!(!notices.iter().any(is_long));
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
    let bundle = testkit::bundle("tiny_2m", 17).unwrap();
    let speaker = Speaker::open(&bundle.path(), backends().remove(0), 1).unwrap();
    let tone = |seconds: usize| {
        let samples = (0..seconds * 8000).map(|i| (i as f32 * 0.3).sin() * 0.5);
        Recording::mono(&samples.collect::<Vec<_>>(), 8000)
    };
    let (cut, notices) = speaker.clone_voice(&tone(31)).unwrap();
    assert!(notices.iter().any(is_long));
    let (whole, notices) = speaker.clone_voice(&tone(30)).unwrap();
    assert!(!notices.iter().any(is_long));
    assert_eq!(cut, whole);
}

/// A voice file with one tensor, as January's pocket-tts and xn write them.
fn prompt_file(name: &str, shape: &[usize], values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), &bytes);
    safetensors::serialize([(name, view.unwrap())], None).unwrap()
}

/// pocket-tts's own records of prompt, latents and voice: whatever of the first two a file holds,
/// the voice is the third.
#[test]
fn stored_prompts_make_the_recorded_voice() {
    let mut wrong = Vec::new();
    for name in testkit::SMALL_MODELS {
        let bundle = testkit::bundle(name, 17).unwrap();
        let speaker = Speaker::open(&bundle.path(), backends().remove(0), 1).unwrap();
        let config = speaker.model().manifest().config();
        let (width, inner) = (config.flow_lm.transformer.d_model, config.mimi.inner_dim());
        let encoder = record(name, "encoder.safetensors");
        let encoder = SafeTensors::deserialize(&encoder).unwrap();
        // The row before the voice is the model's, and stands in no file.
        let before = usize::from(config.flow_lm.insert_bos_before_voice);
        let prompt = floats(&encoder, "prompt").unwrap()[before * width..].to_vec();
        let latents = floats(&encoder, "latents").unwrap();
        let frames = latents.len() / inner;
        let columns: Vec<f32> = (0..inner)
            .flat_map(|channel| latents.iter().skip(channel).step_by(inner).copied())
            .collect();
        let files = [
            prompt_file("audio_prompt", &[1, frames, width], &prompt),
            prompt_file("emb", &[frames, width], &prompt),
            prompt_file("emb", &[1, frames, width], &prompt),
            prompt_file("speaker_wavs", &[1, inner, frames], &columns),
            prompt_file("speaker_wavs", &[inner, frames], &columns),
        ];
        let recorded = record(name, "voice.safetensors");
        let recorded = SafeTensors::deserialize(&recorded).unwrap();
        for (index, file) in files.iter().enumerate() {
            let voice = speaker.read_voice(file).unwrap();
            let written = voice.to_safetensors(VoiceForm::Current, VoiceDType::F32);
            let written = written.unwrap();
            let written = SafeTensors::deserialize(&written).unwrap();
            for (tensor, expected) in recorded.tensors() {
                assert_eq!(written.tensor(&tensor).unwrap().shape(), expected.shape());
                if tensor.ends_with("/cache") {
                    let [a, b] = [&written, &recorded].map(|f| floats(f, &tensor).unwrap());
                    let error = difference(&a, &b);
                    if error > 2e-5 {
                        wrong.push(format!("{name}, file {index}: {tensor}: {error:e}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn stored_prompts_of_other_models_are_refused() {
    let bundle = testkit::bundle("tiny_2m", 17).unwrap();
    let speaker = Speaker::open(&bundle.path(), backends().remove(0), 1).unwrap();
    let ones = [1.0; 57 * 4];
    let cases = [
        (
            prompt_file("audio_prompt", &[1, 2, 57], &ones[..114]),
            "made for another model",
        ),
        (prompt_file("emb", &[2, 1, 56], &ones[..112]), "[2, 1, 56]"),
        (
            prompt_file("speaker_wavs", &[1, 57, 2], &ones[..114]),
            "[1, 16, frames]",
        ),
        (prompt_file("audio_prompt", &[1, 0, 56], &[]), "empty"),
        (
            prompt_file("emb", &[1, 1, 56], &[f32::NAN; 56]),
            "not finite",
        ),
        (
            prompt_file("other", &[1, 1, 56], &ones[..56]),
            "has no transformer.layers.0",
        ),
    ];
    for (file, says) in cases {
        let error = speaker.read_voice(&file).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }

    // The row before the voice is the encoder's.
    let parts = testkit::BundleRecipe {
        components: &[
            bundle::ComponentName::TextConditioner,
            bundle::ComponentName::FlowLm,
            bundle::ComponentName::FlowNet,
            bundle::ComponentName::MimiDecoder,
        ],
        ..testkit::BundleRecipe::of("tiny_2m")
    };
    let bundle = parts.make().unwrap();
    let speaker = Speaker::open(&bundle.path(), backends().remove(0), 1).unwrap();
    let file = prompt_file("audio_prompt", &[1, 1, 56], &ones[..56]);
    let error = speaker.read_voice(&file).unwrap_err().to_string();
    assert!(error.contains("mimi_encoder"), "{error}");
}

#[test]
fn long_stored_prompts_are_cut_as_recordings_are() {
    let bundle = testkit::bundle("tiny_english", 17).unwrap();
    let speaker = Speaker::open(&bundle.path(), backends().remove(0), 1).unwrap();
    let width = speaker.model().manifest().model.flow_lm.transformer.d_model;
    let values = vec![0.5; 376 * width];
    let before = usize::from(
        speaker
            .model()
            .manifest()
            .model
            .flow_lm
            .insert_bos_before_voice,
    );
    let file = prompt_file("audio_prompt", &[1, 376, width], &values);
    let voice = speaker.read_voice(&file).unwrap();
    assert_eq!(voice.position(), 375 + before as i64);
}

fn is_long(notice: &RecordingNotice) -> bool {
    matches!(notice, RecordingNotice::Long { .. })
}
