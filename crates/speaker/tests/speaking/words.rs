//! When words are spoken.

use std::path::Path;

use bundle::{ATTENTION, ComponentName, Manifest};
use config::WordHead;
use runtime::Backend;
use serde::Deserialize;
use speech::{SpeechError, Word};
use tensor::Tensor;

use crate::support::{backends, floats, record, speaker};
use safetensors::SafeTensors;

/// What `pocket-tts-timestamped` computes (`record.py` beside the file).
#[derive(Deserialize)]
struct Attention {
    model: String,
    heads: Vec<(usize, usize)>,
    tokens: Vec<i64>,
    /// Of each frame, the mean attention to each token.
    frames: Vec<Vec<f32>>,
}

fn recorded() -> Vec<Attention> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../speech/tests/words/attention.json"
    );
    serde_json::from_slice(&testkit::unpacked(Path::new(path)).unwrap()).unwrap()
}

fn heads(attention: &Attention) -> Vec<WordHead> {
    let head = |&(layer, head): &(usize, usize)| WordHead { layer, head };
    attention.heads.iter().map(head).collect()
}

#[test]
fn every_backend_looks_where_the_reference_looks() {
    for attention in recorded() {
        let recipe = testkit::BundleRecipe {
            word_heads: heads(&attention),
            ..testkit::BundleRecipe::of(&attention.model)
        };
        let bundle = recipe.make().unwrap();
        for backend in backends() {
            let name = format!("{} in {}", attention.model, backend.name());
            for (frame, scores) in scores(&bundle.path(), &attention, backend.as_ref())
                .iter()
                .enumerate()
            {
                let expected = &attention.frames[frame];
                assert_eq!(scores.len(), expected.len(), "{name}");
                for (actual, expected) in scores.iter().zip(expected) {
                    let difference = (actual - expected).abs();
                    assert!(difference < 2e-5, "{name}, frame {frame}: {difference:e}");
                }
            }
        }
    }
}

/// The mean attention of each frame to each token, with the latents of the records.
fn scores(dir: &Path, attention: &Attention, backend: &dyn Backend) -> Vec<Vec<f32>> {
    let manifest = Manifest::read(dir).unwrap();
    let load = |name| backend.load(dir, &manifest, name).unwrap();
    let (mut conditioner, mut backbone) = (
        load(ComponentName::TextConditioner),
        load(ComponentName::FlowLm),
    );
    let steps = record(&attention.model, "steps.safetensors");
    let steps = SafeTensors::deserialize(&steps).unwrap();
    let width = manifest.model.flow_lm.transformer.d_model;
    let ldim = manifest.model.mimi.quantizer.dimension;
    let rows = |count: usize, width: usize, values| Tensor::f32([1, count, width], values).unwrap();

    let count = 4 * width;
    let prompt = (0..count).map(|i| i as f32 * 2.0 / (count - 1) as f32 - 1.0);
    let (prompt, none) = (rows(4, width, prompt.collect()), rows(0, ldim, Vec::new()));
    let inputs = [("embeddings", prompt.view()), ("latents", none.view())];
    backbone.run(&inputs).unwrap();
    backbone.watch(true).unwrap();
    let ids = Tensor::i64([1, attention.tokens.len()], attention.tokens.clone()).unwrap();
    let mut text = conditioner.run(&[("token_ids", ids.view())]).unwrap();
    let mut embeddings = text.take("embeddings").unwrap();
    let mut latent = vec![f32::NAN; ldim];
    let mut frames = Vec::new();
    for frame in 0..attention.frames.len() {
        let latents = rows(1, ldim, latent);
        let inputs = [
            ("embeddings", embeddings.view()),
            ("latents", latents.view()),
        ];
        let mut outputs = backbone.run(&inputs).unwrap();
        let scores = outputs.take(ATTENTION).unwrap();
        let positions = 4 + attention.tokens.len() + 1 + frame;
        assert_eq!(scores.shape(), [1, attention.heads.len(), positions]);
        let mut mean = vec![0.0; attention.tokens.len()];
        for head in scores.as_f32().unwrap().chunks(positions) {
            let text = &head[4..4 + attention.tokens.len()];
            let weights: Vec<f32> = text.iter().map(|score| score.exp()).collect();
            let total: f32 = weights.iter().sum();
            for (mean, weight) in mean.iter_mut().zip(weights) {
                *mean += weight / total / attention.heads.len() as f32;
            }
        }
        frames.push(mean);
        latent = floats(&steps, &format!("{frame}.latent")).unwrap();
        embeddings = rows(0, width, Vec::new());
    }
    frames
}

/// The words of a text, and the text that they make together.
fn words(text: &str, threads: usize) -> (Vec<Word>, String) {
    let recipe = testkit::BundleRecipe {
        word_heads: vec![WordHead { layer: 0, head: 1 }],
        ..testkit::BundleRecipe::of("tiny_english")
    };
    let bundle = recipe.make().unwrap();
    let backend = backends().remove(0);
    let (speaker, voice) = speaker(&bundle.path(), "tiny_english", backend, threads);
    let options = speech::SpeechOptions {
        words: true,
        eos_threshold: f32::MAX,
        ..speaker.model().options()
    };
    let mut utterance = speaker.speak(&voice, text, &options).unwrap();
    let (mut words, mut samples) = (Vec::new(), 0);
    for chunk in utterance.by_ref() {
        let chunk = chunk.unwrap();
        samples += chunk.samples.len();
        words.extend(chunk.words);
    }
    let end = samples as f64 / 24_000.0;
    let mut last = 0.0;
    for word in &words {
        assert!(last <= word.start && word.start <= word.end, "{word:?}");
        assert!(word.end <= end + 1e-9, "{word:?} ends behind {end}");
        assert_eq!(word.word(), &text[word.source.bytes.clone()]);
        last = word.end;
    }
    let joined: String = words.iter().map(|word| &word.text[..]).collect();
    (words, joined + &utterance.rest())
}

#[test]
fn no_word_of_any_text_is_lost() {
    let long = "Version 1.2 of “the world” costs $45, or 3.14; not more! ".repeat(6);
    let cases: [(&str, usize); 11] = [
        ("Hello world.", 2),
        ("One", 1),
        ("  It's $45 — now, “really”?  ", 4),
        ("One. [pause 100ms] Two [pause 0.1s]. Three", 3),
        ("...", 0),
        ("e\u{301}te\u{301} 👩‍👩‍👧‍👦 naïve 🇫🇷!", 2),
        ("שָׁלוֹם עולם. مَرْحَبًا", 3),
        ("A\n\n\tB\r\nC", 3),
        ("[laughs] ok & go", 4),
        ("wait…what—no", 3),
        (&long, 66),
    ];
    for (text, count) in cases {
        for threads in [1, 2] {
            let (words, joined) = words(text, threads);
            assert_eq!(joined, text);
            let shown: Vec<&str> = words.iter().map(Word::word).collect();
            assert_eq!(words.len(), count, "{text:?}: {shown:?}");
        }
    }
}

#[test]
fn a_model_without_heads_says_so() {
    let bundle = testkit::bundle("tiny_english", 17).unwrap();
    let (speaker, voice) = speaker(&bundle.path(), "tiny_english", backends().remove(0), 1);
    let options = speech::SpeechOptions {
        words: true,
        ..speaker.model().options()
    };
    assert!(!speaker.tells_words());
    let error = speaker.speak(&voice, "Hello.", &options).err().unwrap();
    let is = matches!(
        error,
        speaker::SpeakerError::Speech(SpeechError::NoWordHeads)
    );
    assert!(
        is && error.to_string().contains("pocket-onnx heads"),
        "{error}"
    );
}
