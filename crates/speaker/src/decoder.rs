//! The decoder's half of an utterance: from latents to chunks of sound.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use runtime::Stream;
use speech::{Call, Decoding, SpeechEvent, Word};

use crate::lock::lock;
use crate::scheduler::CorePermit;
use crate::{SpeakerError, Stop, Timings};

/// Longest silence in one sound chunk, in samples, so that pauses take no memory.
const LONGEST_SILENCE: usize = 24_000;

/// A piece of sound: the samples of one or a few frames, or a part of a pause.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundChunk {
    /// Samples at the model's rate, -1 to 1 for the most part.
    pub samples: Vec<f32>,
    /// The text that is spoken; none in a pause.
    pub text: Option<Arc<str>>,
    /// Its bytes in the given text; none in a pause.
    pub source: Range<usize>,
    /// The words that end in it, and earlier ones whose end is only known now, if
    /// [`speech::SpeechOptions::words`] asks for them.
    pub words: Vec<Word>,
    /// Whether the text was cut off here because the end of speech did not come.
    pub cut: bool,
}

/// A stream of `mimi_decoder`.
pub(crate) struct LatentDecoder {
    decoding: Decoding,
    sample_rate: u32,
    stream: Box<dyn Stream>,
    text: Arc<str>,
    source: Range<usize>,
    timings: Arc<Mutex<Timings>>,
    stop: Stop,
    permit: CorePermit,
}

impl LatentDecoder {
    pub(crate) fn new(
        decoding: Decoding,
        sample_rate: u32,
        stream: Box<dyn Stream>,
        timings: Arc<Mutex<Timings>>,
        stop: Stop,
        permit: CorePermit,
    ) -> Self {
        Self {
            decoding,
            sample_rate,
            stream,
            text: Arc::default(),
            source: 0..0,
            timings,
            stop,
            permit,
        }
    }

    /// To be released before waiting for the backbone or the listener.
    pub(crate) fn permit(&mut self) -> &mut CorePermit {
        &mut self.permit
    }

    /// Turns waiting events into sound chunks. All waiting frames become one chunk; how many there
    /// are depends on timing, and has no influence on how many are decoded together.
    /// After a stop nothing more is decoded.
    pub(crate) fn take(
        &mut self,
        events: Vec<SpeechEvent>,
    ) -> Result<Vec<SoundChunk>, SpeakerError> {
        let mut chunks: Vec<SoundChunk> = Vec::new();
        for event in events {
            if self.stop.is_stopped() {
                break;
            }
            match event {
                SpeechEvent::Begin {
                    text,
                    source,
                    words,
                } => {
                    self.stream.reset()?;
                    self.decoding.begin(words);
                    self.text = text.into();
                    self.source = source.bytes;
                }
                SpeechEvent::Scores(scores) => self.decoding.scores(scores),
                SpeechEvent::Latent(latent) => {
                    if let Some(call) = self.decoding.latent(&latent)? {
                        self.decode(&call, &mut chunks)?;
                    }
                }
                SpeechEvent::End { cut } => {
                    if let Some(call) = self.decoding.rest()? {
                        self.decode(&call, &mut chunks)?;
                    }
                    let held = self.decoding.end();
                    self.add(held, &mut chunks);
                    match chunks.last_mut() {
                        Some(last) if last.source == self.source => last.cut |= cut,
                        _ if cut => chunks.push(self.chunk(Vec::new(), cut)),
                        _ => {}
                    }
                }
                SpeechEvent::Silence(samples) => {
                    let heard = self.decoding.silence(samples);
                    self.count(heard);
                    chunks.extend(silence(heard));
                }
            }
        }
        Ok(chunks)
    }

    fn chunk(&self, samples: Vec<f32>, cut: bool) -> SoundChunk {
        SoundChunk {
            samples,
            text: Some(self.text.clone()),
            source: self.source.clone(),
            words: Vec::new(),
            cut,
        }
    }

    /// Runs a call, and adds its samples.
    fn decode(&mut self, call: &Call, chunks: &mut Vec<SoundChunk>) -> Result<(), SpeakerError> {
        self.permit.hold();
        if self.stop.is_stopped() {
            return Ok(());
        }
        let start = Instant::now();
        let outputs = self.stream.run(&call.views())?;
        lock(&self.timings).count(call, start.elapsed());
        let samples = self.decoding.audio(outputs)?;
        self.add(samples, chunks);
        Ok(())
    }

    /// That many samples can be heard.
    fn count(&self, samples: usize) {
        let seconds = samples as f64 / f64::from(self.sample_rate);
        self.permit.add_sound(Duration::from_secs_f64(seconds));
    }

    /// Adds samples, and the words that ended in them, to the last chunk or as a new one.
    fn add(&mut self, samples: Vec<f32>, chunks: &mut Vec<SoundChunk>) {
        self.count(samples.len());
        let words = self.decoding.words();
        if samples.is_empty() && words.is_empty() {
            return;
        }
        match chunks.last_mut() {
            Some(last) if last.text.is_some() && last.source == self.source => {
                last.samples.extend(samples);
                last.words.extend(words);
            }
            _ => {
                let mut chunk = self.chunk(samples, false);
                chunk.words = words;
                chunks.push(chunk);
            }
        }
    }
}

fn silence(samples: usize) -> impl Iterator<Item = SoundChunk> {
    (0..samples)
        .step_by(LONGEST_SILENCE)
        .map(move |start| SoundChunk {
            samples: vec![0.0; LONGEST_SILENCE.min(samples - start)],
            text: None,
            source: 0..0,
            words: Vec::new(),
            cut: false,
        })
}
