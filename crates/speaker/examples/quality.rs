//! Measures what formats cost in quality, in the engine: `quality REFERENCE DIR...` speaks twenty
//! sentences from the bundle REFERENCE, whose weights are exact, and from each DIR, and prints
//! one line of JSON for each DIR. `cargo xtask bench quality` runs it.

#![allow(clippy::print_stdout, reason = "a program that reports")]

mod components;

use std::collections::BTreeMap;
use std::path::Path;

use bundle::ComponentName;
use runtime::Stream;
use speech::{Action, Call, Decoding, SpeechEvent, SpeechOptions, Speed, Voice};
use tensor::Tensor;

use crate::components::{EngineComponents, Result};

/// What is spoken.
const QUALITY_SENTENCES: [&str; 20] = [
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck.",
    "The hogs were fed chopped corn and garbage.",
    "Four hours of steady work faced us.",
    "A large size in stockings is hard to sell.",
    "Where were they when the noise started?",
    "Never kill a snake with your bare hands!",
    "He lay prone and hardly moved a limb, and nobody saw him there.",
    "The slush lay deep along the street, so we walked in the middle of it.",
    "A wisp of cloud hung in the blue air.",
    "Twenty-seven people came, and eleven of them stayed.",
    "No.",
    "What a lovely day it is.",
    "She asked, quietly, whether the boat had come in.",
    "The colt reared and threw the tall rider into the long grass.",
];
/// Frames of the first second.
const FIRST_SECOND: usize = 12;
/// Of the frames, the share that is quietest.
const QUIET_FRAMES: usize = 10;

/// A bundle in the engine.
struct QualityRun {
    components: EngineComponents,
    voice: Voice,
}

/// One sentence, spoken to its length limit.
struct SpokenSentence {
    /// Every call of `flow_lm` with its conditioning.
    calls: Vec<(Call, Vec<f32>)>,
    /// Logits of the end of speech.
    logits: Vec<f32>,
    latents: Vec<Vec<f32>>,
    /// Samples, frame by frame.
    frames: Vec<Vec<f32>>,
}

/// Squares of a signal and of its errors.
#[derive(Default)]
struct Squares {
    signal: f64,
    error: f64,
}

/// What is summed up over all sentences.
#[derive(Default)]
struct Sums {
    conditioning: Squares,
    sound: Squares,
    /// Errors of the quietest frames, against the level of all.
    quiet: Squares,
    free: Squares,
    /// Sentences that end at the same frame, and frames by which the others end elsewhere.
    same_end: usize,
    other_end: usize,
}

fn main() -> Result<()> {
    let dirs: Vec<String> = std::env::args().skip(1).collect();
    let [reference, dirs @ ..] = &dirs[..] else {
        return Err("quality REFERENCE DIR...".into());
    };
    let reference = QualityRun::open(Path::new(reference))?;
    let mut others = Vec::new();
    for dir in dirs {
        others.push((dir, QualityRun::open(Path::new(dir))?, Sums::default()));
    }
    for (seed, text) in (1..).zip(QUALITY_SENTENCES) {
        let spoken = reference.speak(text, seed)?;
        for (_, other, sums) in &mut others {
            sums.add(&reference, other, text, seed, &spoken)?;
        }
    }
    for (dir, _, sums) in &others {
        println!("{}", sums.json(dir));
    }
    Ok(())
}

impl QualityRun {
    fn open(dir: &Path) -> Result<Self> {
        let components = EngineComponents::open(dir)?;
        let first = components.voices()?.into_iter().next();
        let (_, voice) = first.ok_or("a bundle without voices")?;
        Ok(Self { components, voice })
    }

    /// A component afresh; the backbone in the state of the voice.
    fn stream(&self, name: ComponentName) -> Result<Box<dyn Stream>> {
        match name {
            ComponentName::FlowLm => self.components.backbone(&self.voice),
            _ => Ok(self.components.stream(name)),
        }
    }

    fn speak(&self, text: &str, seed: u64) -> Result<SpokenSentence> {
        let options = SpeechOptions {
            seed,
            eos_threshold: f32::MAX,
            ..self.components.model.options()
        };
        let mut utterance = self.components.model.utterance(text, &options)?;
        let mut streams = BTreeMap::new();
        for name in self.components.streams.keys() {
            streams.insert(*name, self.stream(*name)?);
        }
        let mut spoken = SpokenSentence {
            calls: Vec::new(),
            logits: Vec::new(),
            latents: Vec::new(),
            frames: Vec::new(),
        };
        loop {
            match utterance.next_action()? {
                Action::Run(call) => {
                    let stream = streams.get_mut(&call.component).ok_or("no such stream")?;
                    let outputs = stream.run(&call.views())?;
                    if call.component == ComponentName::FlowLm {
                        spoken.logits.push(values(outputs.get("eos_logit")?)[0]);
                        let conditioning = values(outputs.get("conditioning")?).to_vec();
                        spoken.calls.push((call, conditioning));
                    }
                    utterance.supply(outputs)?;
                }
                Action::Emit(SpeechEvent::Latent(latent)) => spoken.latents.push(latent),
                Action::Emit(_) | Action::Again | Action::Wait(_) => {}
                Action::Done => break,
            }
        }
        spoken.frames = self.decode(&spoken.latents)?;
        Ok(spoken)
    }

    fn decode(&self, latents: &[Vec<f32>]) -> Result<Vec<Vec<f32>>> {
        let mut decoder = self.stream(ComponentName::MimiDecoder)?;
        let mut decoding = Decoding::new(&self.components.model, Speed::ONE);
        let mut samples = Vec::new();
        for i in 0..=latents.len() {
            let call = match latents.get(i) {
                Some(latent) => decoding.latent(latent)?,
                None => decoding.rest()?,
            };
            if let Some(call) = call {
                samples.extend(decoding.audio(decoder.run(&call.views())?)?);
            }
        }
        let frame = self.components.model.manifest().frame_size;
        Ok(samples.chunks(frame).map(<[f32]>::to_vec).collect())
    }
}

impl Sums {
    fn add(
        &mut self,
        reference: &QualityRun,
        other: &QualityRun,
        text: &str,
        seed: u64,
        spoken: &SpokenSentence,
    ) -> Result<()> {
        // With the reference's latents: nothing is fed back.
        let mut flow_lm = other.stream(ComponentName::FlowLm)?;
        for (call, conditioning) in &spoken.calls {
            let outputs = flow_lm.run(&call.views())?;
            let actual = values(outputs.get("conditioning")?);
            self.conditioning.add(conditioning, actual);
        }
        let frames = other.decode(&spoken.latents)?;
        let mut by_level: Vec<_> = spoken.frames.iter().zip(&frames).collect();
        for (expected, actual) in &by_level {
            self.sound.add(expected, actual);
        }
        by_level.sort_by(|a, b| level(a.0).total_cmp(&level(b.0)));
        let mut quiet = Squares::default();
        let count = by_level.len().div_ceil(QUIET_FRAMES);
        for (expected, actual) in by_level.iter().take(count) {
            quiet.add(expected, actual);
        }
        let loudness = spoken.frames.iter().map(|frame| level(frame)).sum::<f64>();
        self.quiet.error += quiet.error / count as f64;
        self.quiet.signal += loudness / spoken.frames.len() as f64;

        // Freely.
        let free = other.speak(text, seed)?;
        let first = spoken.frames.iter().zip(&free.frames).take(FIRST_SECOND);
        for (expected, actual) in first {
            self.free.add(expected, actual);
        }
        let options = reference.components.model.options();
        let (end, threshold) = end(&spoken.logits, options.eos_threshold);
        let ends = |logit: &f32| *logit > threshold;
        let other_end = free.logits.iter().skip(EARLIEST_END).position(ends);
        let other_end = other_end.map_or(free.logits.len(), |at| at + EARLIEST_END);
        self.same_end += usize::from(end == other_end);
        self.other_end += end.abs_diff(other_end);
        Ok(())
    }

    fn json(&self, dir: &str) -> String {
        format!(
            "{{\"dir\":{dir:?},\"conditioning\":{},\"sound_db\":{},\"quiet_db\":{},\"free_db\":{},\
             \"same_end\":{},\"other_end\":{},\"sentences\":{}}}",
            (self.conditioning.error / self.conditioning.signal).sqrt(),
            self.sound.db(),
            self.quiet.db(),
            self.free.db(),
            self.same_end,
            self.other_end,
            QUALITY_SENTENCES.len(),
        )
    }
}

/// Frames in which the end of speech is ignored.
const EARLIEST_END: usize = 6;

/// Where speech ends, and the threshold that is exceeded there: the model's own, or where it is
/// never exceeded, as with random weights, one that is in the middle.
fn end(logits: &[f32], threshold: f32) -> (usize, f32) {
    let exceeded = |threshold: f32| {
        let later = logits.iter().skip(EARLIEST_END);
        later.clone().position(|logit| *logit > threshold)
    };
    if let Some(at) = exceeded(threshold).filter(|at| *at > 0) {
        return (at + EARLIEST_END, threshold);
    }
    let mut candidates: Vec<f32> = (logits.iter().skip(EARLIEST_END).copied())
        .take(logits.len().saturating_sub(EARLIEST_END) * 2 / 3)
        .collect();
    candidates.sort_by(|a, b| b.total_cmp(a));
    let threshold = match candidates[..] {
        [first, second, ..] => f32::midpoint(first, second),
        _ => threshold,
    };
    let at = exceeded(threshold);
    (at.map_or(logits.len(), |at| at + EARLIEST_END), threshold)
}

impl Squares {
    fn add(&mut self, expected: &[f32], actual: &[f32]) {
        for (expected, actual) in expected.iter().zip(actual) {
            self.signal += f64::from(*expected).powi(2);
            self.error += (f64::from(*expected) - f64::from(*actual)).powi(2);
        }
    }

    /// How far the error is below the signal; 200 where there is none.
    fn db(&self) -> f64 {
        10.0 * (self.signal / self.error.max(self.signal * 1e-20)).log10()
    }
}

/// Sum of the squares of a frame.
fn level(frame: &[f32]) -> f64 {
    frame.iter().map(|v| f64::from(*v).powi(2)).sum()
}

fn values(tensor: &Tensor) -> &[f32] {
    tensor.as_f32().unwrap_or_default()
}
