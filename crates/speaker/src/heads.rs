//! Watches every head of the backbone while a voice speaks.

use std::path::Path;
use std::sync::Arc;

use bundle::{ATTENTION, ComponentName, Manifest};
use config::WordHead;
use runtime::{Backend, Stream};
use speech::{Action, Decoding, HeadSearch, SpeechEvent, SpeechOptions, Speed, Unit};

use crate::{PreparedVoice, Speaker, SpeakerError};

/// Heads that are watched in one round: their scores of a frame are one tensor.
const HEADS_PER_ROUND: usize = 64;

/// Speaks `texts` with the bundle in `dir` and watches every head of its backbone. `voice` makes a
/// voice for the loaded bundle; `progress` gets the number of rounds that are done, and of all.
pub fn search_heads<E: From<SpeakerError>>(
    dir: &Path,
    manifest: &Manifest,
    backend: &Arc<dyn Backend>,
    texts: &[String],
    voice: impl Fn(&Speaker) -> Result<PreparedVoice, E>,
    mut progress: impl FnMut(usize, usize),
) -> Result<HeadSearch, E> {
    let transformer = &manifest.model.flow_lm.transformer;
    let heads = (0..transformer.num_layers)
        .flat_map(|layer| (0..transformer.num_heads).map(move |head| WordHead { layer, head }));
    let heads: Vec<WordHead> = heads.collect();
    let mut search = HeadSearch::new(heads.clone());
    let rounds = heads.len().div_ceil(HEADS_PER_ROUND) * texts.len();
    let mut done = 0;
    // The same seed gives the same speech in every round.
    let mut all: Vec<WatchedText> = texts.iter().map(|_| WatchedText::default()).collect();
    for watched in heads.chunks(HEADS_PER_ROUND) {
        let mut manifest = manifest.clone();
        manifest.word_heads = Some(watched.to_vec());
        let speaker = Speaker::with_manifest(dir, manifest, backend.clone(), 1)?;
        let voice = voice(&speaker)?;
        for (text, watched) in texts.iter().zip(&mut all) {
            watch(&speaker, &voice, text, watched)?;
            done += 1;
            progress(done, rounds);
        }
    }
    for watched in all {
        for chunk in watched.chunks {
            search.add(&chunk.units, chunk.frames, chunk.loudness);
        }
    }
    Ok(search)
}

/// What was seen while a text was spoken.
#[derive(Default)]
struct WatchedText {
    chunks: Vec<WatchedChunk>,
}

#[derive(Default)]
struct WatchedChunk {
    units: Vec<Unit>,
    /// Attention, `[frame][head][unit]`.
    frames: Vec<Vec<Vec<f32>>>,
    loudness: Vec<f32>,
}

/// Speaks a text, and adds what the watched heads look at.
fn watch(
    speaker: &Speaker,
    voice: &PreparedVoice,
    text: &str,
    watched: &mut WatchedText,
) -> Result<(), SpeakerError> {
    let components = &speaker.components;
    let model = speaker.model();
    let options = SpeechOptions {
        seed: 1,
        words: true,
        ..model.options()
    };
    let mut utterance = model.utterance(text, &options)?;
    let mut conditioner = components.text_conditioner.fork();
    let mut flow_net = components.flow_net.fork();
    let mut decoder = components.mimi_decoder.fork();
    let mut backbone: Box<dyn Stream> = voice.flow_lm.fork();
    let mut decoding = Decoding::new(model, Speed::ONE);
    let frame_size = model.manifest().frame_size;
    let (mut number, mut frame) = (0, 0);
    loop {
        match utterance.next_action()? {
            Action::Run(call) => {
                let stream = match call.component {
                    ComponentName::FlowLm => &mut backbone,
                    ComponentName::FlowNet => &mut flow_net,
                    _ => &mut conditioner,
                };
                let outputs = stream.run(&call.views())?;
                if call.component == ComponentName::FlowLm {
                    let scores = utterance.scores_of_heads(outputs.get(ATTENTION)?)?;
                    if let Some(chunk) = watched.chunks.get_mut(number - 1) {
                        match chunk.frames.get_mut(frame) {
                            Some(heads) => heads.extend(scores),
                            None => chunk.frames.push(scores),
                        }
                    }
                    frame += 1;
                }
                utterance.supply(outputs)?;
            }
            Action::Emit(SpeechEvent::Begin { words, .. }) => {
                backbone = voice.flow_lm.fork();
                backbone.watch(true)?;
                decoder.reset()?;
                decoding.begin(None);
                (number, frame) = (number + 1, 0);
                if watched.chunks.len() < number {
                    watched.chunks.push(WatchedChunk {
                        units: words.unwrap_or_default().units,
                        ..WatchedChunk::default()
                    });
                }
            }
            Action::Emit(sound) => {
                let call = match sound {
                    SpeechEvent::Latent(latent) => decoding.latent(&latent)?,
                    SpeechEvent::End { .. } => decoding.rest()?,
                    _ => None,
                };
                if let (Some(call), Some(chunk)) = (call, watched.chunks.get_mut(number - 1)) {
                    let samples = decoding.audio(decoder.run(&call.views())?)?;
                    for frame in samples.chunks(frame_size) {
                        let energy: f32 = frame.iter().map(|x| x * x).sum();
                        chunk.loudness.push((energy / frame.len() as f32).sqrt());
                    }
                }
            }
            Action::Again | Action::Wait(_) => {}
            Action::Done => return Ok(()),
        }
    }
}
