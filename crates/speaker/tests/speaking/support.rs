//! Bundles, backends and records.

use std::path::Path;
use std::sync::Arc;

use engine::Engine;
use runtime::Backend;
use runtime::onnxruntime::{self, OnnxRuntime};
use runtime::rten::{self, Rten};
use safetensors::SafeTensors;
use speaker::{PreparedVoice, Speaker};
use speech::SpeechOptions;

/// Every backend.
pub(crate) fn backends() -> Vec<Arc<dyn Backend>> {
    let library = OnnxRuntime::new(onnxruntime::OnnxRuntimeOptions::default());
    let library = library.unwrap_or_else(|error| panic!("{error}: run `cargo xtask setup`"));
    vec![
        Arc::new(Engine::default()),
        Arc::new(Rten::new(rten::RtenOptions::default())),
        Arc::new(library),
    ]
}

/// The bundle in `dir` on `backend`, with the recorded voice of the small model `name`.
pub(crate) fn speaker(
    dir: &Path,
    name: &str,
    backend: Arc<dyn Backend>,
    threads: usize,
) -> (Speaker, PreparedVoice) {
    let speaker = Speaker::open(dir, backend, threads).unwrap();
    let voice = speaker
        .model()
        .read_voice(&record(name, "voice.safetensors"))
        .unwrap();
    let voice = speaker.prepare(&voice).unwrap();
    (speaker, voice)
}

/// All samples of a text.
pub(crate) fn say(
    speaker: &Speaker,
    voice: &PreparedVoice,
    text: &str,
    options: &SpeechOptions,
) -> Vec<f32> {
    let utterance = speaker.speak(voice, text, options).unwrap();
    utterance.flat_map(|chunk| chunk.unwrap().samples).collect()
}

/// The bytes of a recorded file.
pub(crate) fn record(model: &str, file: &str) -> Vec<u8> {
    std::fs::read(testkit::records(model).join(file)).unwrap()
}

/// The single precision numbers of a tensor, if it is there.
pub(crate) fn floats(file: &SafeTensors<'_>, name: &str) -> Option<Vec<f32>> {
    let tensor = file.tensor(name).ok()?;
    let words = tensor.data().chunks_exact(4);
    Some(
        words
            .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
            .collect(),
    )
}

/// The largest difference, as a part of the largest value.
pub(crate) fn difference(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    let largest = expected.iter().fold(0.0, |max: f32, v| max.max(v.abs()));
    let pairs = actual.iter().zip(expected);
    pairs.fold(0.0, |max: f32, (a, b)| max.max((a - b).abs())) / largest
}
