//! The decoder's half of an utterance: from latents to chunks of sound.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use runtime::Stream;
use speech::{Call, Decoding, Sound, Word};

use crate::{SpeakerError, Stop, Timings};

/// Longest stretch of silence in one chunk, in samples: pauses take no memory.
const SILENCE: usize = 24_000;

/// A piece of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Samples at the model's rate, -1 to 1 for the most part.
    pub samples: Vec<f32>,
    /// The text that sounds; none in a pause.
    pub text: Option<Arc<str>>,
    /// The bytes of the given text that sound; none in a pause.
    pub source: Range<usize>,
    /// The words that end in it, and those of the chunks before that only show now, where
    /// [`speech::Options::words`] asks for them.
    pub words: Vec<Word>,
    /// Whether this chunk of text was cut off here because the end of speech did not come.
    pub cut: bool,
}

/// A stream through `mimi_decoder`.
pub(crate) struct Decoder {
    decoding: Decoding,
    stream: Box<dyn Stream>,
    text: Arc<str>,
    source: Range<usize>,
    timings: Arc<Mutex<Timings>>,
    stop: Stop,
}

impl Decoder {
    pub(crate) fn new(
        decoding: Decoding,
        stream: Box<dyn Stream>,
        timings: Arc<Mutex<Timings>>,
        stop: Stop,
    ) -> Self {
        Self {
            decoding,
            stream,
            text: Arc::default(),
            source: 0..0,
            timings,
            stop,
        }
    }

    /// Turns pieces that wait into chunks. The sound of frames that wait is one chunk; how many
    /// are decoded together does not depend on it, which is a matter of chance. Once it is stopped,
    /// nothing more is decoded.
    pub(crate) fn take(&mut self, sounds: Vec<Sound>) -> Result<Vec<Chunk>, SpeakerError> {
        let mut chunks: Vec<Chunk> = Vec::new();
        for sound in sounds {
            if self.stop.is_stopped() {
                break;
            }
            match sound {
                Sound::Begin {
                    text,
                    source,
                    words,
                } => {
                    self.stream.reset()?;
                    self.decoding.begin(words);
                    self.text = text.into();
                    self.source = source.bytes;
                }
                Sound::Scores(scores) => self.decoding.scores(scores),
                Sound::Latent(latent) => {
                    if let Some(call) = self.decoding.latent(&latent)? {
                        self.decode(&call, &mut chunks)?;
                    }
                }
                Sound::End { cut } => {
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
                Sound::Silence(samples) => {
                    chunks.extend(silence(self.decoding.silence(samples)));
                }
            }
        }
        Ok(chunks)
    }

    fn chunk(&self, samples: Vec<f32>, cut: bool) -> Chunk {
        Chunk {
            samples,
            text: Some(self.text.clone()),
            source: self.source.clone(),
            words: Vec::new(),
            cut,
        }
    }

    /// Runs a call, and adds its sound.
    fn decode(&mut self, call: &Call, chunks: &mut Vec<Chunk>) -> Result<(), SpeakerError> {
        let start = Instant::now();
        let outputs = self.stream.run(&call.views())?;
        let mut timings = self.timings.lock().unwrap_or_else(PoisonError::into_inner);
        timings.count(call, start);
        drop(timings);
        let samples = self.decoding.audio(outputs)?;
        self.add(samples, chunks);
        Ok(())
    }

    /// Adds sound, and the words that have ended in it, to the last chunk, or as one of its own.
    fn add(&mut self, samples: Vec<f32>, chunks: &mut Vec<Chunk>) {
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

fn silence(samples: usize) -> impl Iterator<Item = Chunk> {
    (0..samples).step_by(SILENCE).map(move |start| Chunk {
        samples: vec![0.0; SILENCE.min(samples - start)],
        text: None,
        source: 0..0,
        words: Vec::new(),
        cut: false,
    })
}
