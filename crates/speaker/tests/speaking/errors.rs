//! What cannot be spoken is refused, with the reason.

use audio::Recording;
use bundle::{ComponentName, Manifest};
use speaker::{Speaker, SpeakerError, VoiceMaker};
use speech::SpeechOptions;

use crate::support::{backends, record, speaker};

const TINY_MODEL: &str = "tiny_english";

fn says(result: Result<impl Sized, SpeakerError>, what: &str) {
    let error = result
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(error.contains(what), "{error:?} does not say {what:?}");
}

#[test]
fn options_and_texts_that_make_no_sense() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), TINY_MODEL, backends().remove(0), 1);
    let own = speaker.model().options();
    let with = |change: fn(&mut SpeechOptions)| {
        let mut options = own.clone();
        change(&mut options);
        speaker.speak(&voice, "Hello.", &options)
    };
    says(with(|o| o.temperature = -1.0), "temperature");
    says(with(|o| o.noise_clamp = Some(0.0)), "noise clamp");
    says(with(|o| o.steps = 0), "1 step");
    says(with(|o| o.max_tokens = 0), "1 token");
    says(with(|o| o.eos_threshold = f32::NAN), "threshold is NaN");
    says(speaker.speak(&voice, " \n\t", &own), "the text is empty");
    says(
        speaker.speak(&voice, "\u{3000}\u{2029}", &own),
        "the text is empty",
    );
    says(
        speaker.speak(&voice, "[pause 1000s]", &own),
        "[pause 1000s] exceeds",
    );
}

#[test]
fn voices_and_recordings_that_cannot_be_used() {
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    let speaker = Speaker::open(&bundle.path(), backends().remove(0), 1).unwrap();
    says(
        speaker.voice(Some("alba")),
        "no voice alba; it has none (add some",
    );
    let other = speaker
        .model()
        .read_voice(&record("tiny_2m", "voice.safetensors"));
    says(
        other.map_err(SpeakerError::from),
        "transformer.layers.0.self_attn/cache of the voice has the shape",
    );
    let cloned = |samples: &[f32], rate| speaker.clone_voice(&Recording::mono(samples, rate));
    says(cloned(&[], 24_000), "no samples");
    says(cloned(&[0.0; 4_000], 24_000), "silent");
    says(cloned(&[f32::NAN; 4_000], 24_000), "not finite");
    says(cloned(&[0.5; 4_000], 10), "10 Hz");
}

#[test]
fn bundles_that_lack_something() {
    let open = |dir: &std::path::Path| Speaker::open(dir, backends().remove(0), 1);
    let empty = tempfile::tempdir().unwrap();
    says(open(empty.path()), "no bundle here");
    for (lacks, component) in [
        ("flow_lm", ComponentName::FlowLm),
        ("mimi_decoder", ComponentName::MimiDecoder),
    ] {
        let mut components = ComponentName::ALL.to_vec();
        components.retain(|name| *name != component);
        let recipe = testkit::BundleRecipe {
            components: &components,
            ..testkit::BundleRecipe::of(TINY_MODEL)
        };
        let bundle = recipe.make().unwrap();
        says(open(&bundle.path()), &format!("the bundle has no {lacks}"));
    }
    let recipe = testkit::BundleRecipe {
        components: &ComponentName::ALL[..3],
        ..testkit::BundleRecipe::of(TINY_MODEL)
    };
    let bundle = recipe.make().unwrap();
    says(open(&bundle.path()), "the bundle has no");
    let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
    std::fs::remove_file(bundle.path().join("tokenizer.json")).unwrap();
    says(open(&bundle.path()), "cannot read");
}

/// A weight that is NaN shows in the first output that depends on it.
#[test]
fn a_graph_that_returns_nan_is_named() {
    for (component, tensor) in [
        (ComponentName::FlowLm, "conditioning"),
        (ComponentName::FlowNet, "flow"),
        (ComponentName::MimiDecoder, "audio"),
        (ComponentName::TextConditioner, "embeddings"),
    ] {
        let bundle = testkit::bundle(TINY_MODEL, 17).unwrap();
        let manifest = Manifest::read(&bundle.path()).unwrap();
        let path = bundle
            .path()
            .join(&manifest.components[&component].data.name);
        let size = std::fs::metadata(&path).unwrap().len() as usize;
        std::fs::write(&path, f32::NAN.to_le_bytes().repeat(size / 4)).unwrap();
        for backend in backends() {
            for threads in [1, 2] {
                let (speaker, voice) =
                    speaker(&bundle.path(), TINY_MODEL, backend.clone(), threads);
                let options = speaker.model().options();
                let mut utterance = speaker.speak(&voice, "Hello.", &options).unwrap();
                let error = utterance.find_map(Result::err);
                says(
                    error.map_or(Ok(()), Err),
                    &format!("{component} returned {tensor} with a value that is not finite"),
                );
                assert!(utterance.next().is_none());
            }
        }
    }
}
