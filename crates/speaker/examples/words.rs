//! Measures the times of words: `words BUNDLE WEIGHTS WORDS` lets the bundle say the sentences of
//! the folder WORDS, whose latents and true times are known, and prints one line of JSON.
//! `cargo xtask bench words` runs it.

#![allow(clippy::print_stdout, reason = "a program that reports")]

mod components;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use bundle::ComponentName;
use runtime::Stream;
use safetensors::SafeTensors;
use serde::Deserialize;
use speech::{Action, Call, Decoding, SpeechEvent, SpeechOptions, Speed, Voice, Word};
use tensor::Tensor;

use crate::components::{EngineComponents, Result};

/// A sentence of which the times are known.
#[derive(Deserialize)]
struct TimedSentence {
    text: String,
    voice: String,
    words: Vec<Known>,
}

/// A word as the teacher has spoken it, in seconds.
#[derive(Deserialize)]
struct Known {
    text: String,
    start: f64,
    end: f64,
}

struct WordBench {
    components: EngineComponents,
    voices: BTreeMap<String, Voice>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bundle, weights, words] = &arguments[..] else {
        return Err("words BUNDLE WEIGHTS WORDS".into());
    };
    let speaking = WordBench::open(Path::new(bundle))?;
    let weights = std::fs::read(weights)?;
    let weights = SafeTensors::deserialize(&weights)?;
    let vector = |name: &str| -> Result<Vec<f32>> { Ok(floats(weights.tensor(name)?.data())) };
    let (mean, deviation) = (vector("flow_lm.emb_mean")?, vector("flow_lm.emb_std")?);
    let words = Path::new(words);
    let sentences: Vec<TimedSentence> =
        serde_json::from_slice(&std::fs::read(words.join("words.json"))?)?;
    let latents = std::fs::read(words.join("latents.safetensors"))?;
    let latents = SafeTensors::deserialize(&latents)?;

    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let (mut lost, mut wrong) = (0, 0);
    for (number, sentence) in sentences.iter().enumerate() {
        let recorded = latents.tensor(&format!("{number}.latents"))?;
        // Recorded channel by channel.
        let (frames, values) = (recorded.shape()[1], halves(recorded.data()));
        let latent = |frame: usize| -> Vec<f32> {
            let value = |(channel, (mean, deviation)): (usize, (&f32, &f32))| {
                (values[channel * frames + frame] - mean) / deviation
            };
            mean.iter().zip(&deviation).enumerate().map(value).collect()
        };
        let latents: Vec<Vec<f32>> = (0..frames).map(latent).collect();
        let (timed, rest) = speaking.time(sentence, &latents)?;
        let joined: String = timed.iter().map(|word| &word.text[..]).collect();
        wrong += usize::from(joined + &rest != sentence.text);
        lost += sentence.words.len().saturating_sub(timed.len());
        let final_word = sentence.words.len() - 1;
        for (at, (word, known)) in timed.iter().zip(&sentence.words).enumerate() {
            wrong += usize::from(word.text.trim() != known.text);
            starts.push(word.start - known.start);
            // The teacher's last word lasts to the end of its silence.
            if at < final_word {
                ends.push(word.end - known.end);
            }
        }
    }
    let cost = speaking.cost(&sentences[0].text)?;
    println!(
        "{}",
        serde_json::json!({
            "sentences": sentences.len(),
            "words": starts.len(),
            "lost": lost,
            "wrong": wrong,
            "starts": TimeErrors::of(&starts).json(),
            "ends": TimeErrors::of(&ends).json(),
            "step_us": cost[0],
            "watched_step_us": cost[1],
        })
    );
    Ok(())
}

impl WordBench {
    fn open(dir: &Path) -> Result<Self> {
        let components = EngineComponents::open(dir)?;
        let voices = components.voices()?.into_iter().collect();
        Ok(Self { components, voices })
    }

    fn backbone(&self, voice: &str) -> Result<Box<dyn Stream>> {
        let voice = self.voices.get(voice).ok_or("no such voice")?;
        self.components.backbone(voice)
    }

    /// The words of a sentence that is said with these latents, and what is left behind them.
    fn time(&self, sentence: &TimedSentence, latents: &[Vec<f32>]) -> Result<(Vec<Word>, String)> {
        let options = SpeechOptions {
            eos_threshold: f32::MAX,
            max_tokens: 1000,
            words: true,
            ..self.components.model.options()
        };
        let mut utterance = self
            .components
            .model
            .utterance(sentence.text.clone(), &options)?;
        let mut backbone = self.backbone(&sentence.voice)?;
        backbone.watch(true)?;
        let mut conditioner = self.components.stream(ComponentName::TextConditioner);
        let mut decoder = self.components.stream(ComponentName::MimiDecoder);
        let mut decoding = Decoding::new(&self.components.model, Speed::ONE);
        let mut left = latents.iter();
        let mut words = Vec::new();
        loop {
            match utterance.next_action()? {
                Action::Run(call) => match call.component {
                    ComponentName::FlowNet => {
                        let Some(latent) = left.next() else { break };
                        utterance.supply([("flow".to_owned(), flow(&call, latent)?)])?;
                    }
                    ComponentName::FlowLm => utterance.supply(backbone.run(&call.views())?)?,
                    _ => utterance.supply(conditioner.run(&call.views())?)?,
                },
                Action::Emit(SpeechEvent::Begin { words, .. }) => decoding.begin(words),
                Action::Emit(SpeechEvent::Scores(scores)) => decoding.scores(scores),
                Action::Emit(SpeechEvent::Latent(latent)) => {
                    if let Some(call) = decoding.latent(&latent)? {
                        decoding.audio(decoder.run(&call.views())?)?;
                    }
                }
                Action::Emit(_) | Action::Again | Action::Wait(_) => {}
                Action::Done => break,
            }
        }
        if let Some(call) = decoding.rest()? {
            decoding.audio(decoder.run(&call.views())?)?;
        }
        decoding.end();
        words.extend(decoding.words());
        Ok((words, utterance.rest()))
    }

    /// Microseconds of a step of the backbone without and with its attention.
    fn cost(&self, text: &str) -> Result<[f64; 2]> {
        const STEPS: usize = 60;
        const ROUNDS: usize = 15;
        let ids = self.components.model.tokenizer().encode(text);
        let mut conditioner = self.components.stream(ComponentName::TextConditioner);
        let ids = Tensor::i64([1, ids.len()], ids)?;
        let embeddings = conditioner
            .run(&[("token_ids", ids.view())])?
            .take("embeddings")?;
        let dim = self
            .components
            .model
            .manifest()
            .model
            .mimi
            .quantizer
            .dimension;
        let width = self
            .components
            .model
            .manifest()
            .model
            .flow_lm
            .transformer
            .d_model;
        let (none, latents) = (
            Tensor::f32([1, 0, width], Vec::new())?,
            Tensor::f32([1, 1, dim], vec![0.1; dim])?,
        );
        let voice = self.voices.keys().next().ok_or("a bundle without voices")?;
        let mut best = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            for (watches, best) in [false, true].into_iter().zip(&mut best) {
                let mut stream = self.backbone(voice)?;
                stream.watch(watches)?;
                stream.run(&[
                    ("embeddings", embeddings.view()),
                    ("latents", latents.view()),
                ])?;
                let started = Instant::now();
                for _ in 0..STEPS {
                    stream.run(&[("embeddings", none.view()), ("latents", latents.view())])?;
                }
                *best = best.min(started.elapsed().as_secs_f64() * 1e6 / STEPS as f64);
            }
        }
        Ok(best)
    }
}

/// What makes `latent` of the noise.
fn flow(call: &Call, latent: &[f32]) -> Result<Tensor> {
    let x = call.inputs.iter().find(|(name, _)| *name == "x");
    let x = x.and_then(|(_, x)| x.as_f32()).ok_or("no noise")?;
    let flow: Vec<f32> = latent.iter().zip(x).map(|(latent, x)| latent - x).collect();
    Ok(Tensor::f32([1, flow.len()], flow)?)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let (values, _) = bytes.as_chunks::<4>();
    values
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

/// IEEE 754 half precision; recorded latents are neither infinite nor NaN.
fn halves(bytes: &[u8]) -> Vec<f32> {
    let half = |bits: u16| {
        let (sign, exponent, part) = (
            bits >> 15,
            i32::from(bits >> 10 & 31),
            f32::from(bits & 1023),
        );
        let magnitude = if exponent == 0 {
            part * 2f32.powi(-24)
        } else {
            (1024.0 + part) * 2f32.powi(exponent - 25)
        };
        if sign == 1 { -magnitude } else { magnitude }
    };
    let (values, _) = bytes.as_chunks::<2>();
    values
        .iter()
        .map(|bytes| half(u16::from_le_bytes(*bytes)))
        .collect()
}

/// How far times are from the true ones, in seconds.
struct TimeErrors {
    mean: f64,
    late: f64,
    most: f64,
    worst: f64,
}

impl TimeErrors {
    fn of(errors: &[f64]) -> Self {
        let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let count = errors.len().max(1) as f64;
        Self {
            mean: sizes.iter().sum::<f64>() / count,
            late: errors.iter().sum::<f64>() / count,
            most: sizes
                .get(sizes.len() * 19 / 20)
                .copied()
                .unwrap_or(f64::NAN),
            worst: sizes.last().copied().unwrap_or(f64::NAN),
        }
    }

    fn json(&self) -> serde_json::Value {
        let ms = |seconds: f64| (seconds * 1e4).round() / 10.0;
        serde_json::json!({
            "mean": ms(self.mean),
            "late": ms(self.late),
            "most": ms(self.most),
            "worst": ms(self.worst),
        })
    }
}
