//! The decoder's half of an utterance: from latents to chunks of sound.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bundle::ComponentName;
use runtime::Stream;
use speech::{Decoding, Sound};

use crate::{SpeakerError, Timings};

/// Longest stretch of silence in one chunk, in samples: pauses take no memory.
const SILENCE: usize = 24_000;

/// A piece of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Samples at the model's rate, -1 to 1 for the most part.
    pub samples: Vec<f32>,
    /// The text that sounds; none in a pause.
    pub text: Option<Arc<str>>,
    /// Whether this chunk of text was cut off here because the end of speech did not come.
    pub cut: bool,
}

/// A stream through `mimi_decoder`.
pub(crate) struct Decoder {
    decoding: Decoding,
    stream: Box<dyn Stream>,
    text: Arc<str>,
    timings: Arc<Mutex<Timings>>,
}

impl Decoder {
    pub(crate) fn new(
        decoding: Decoding,
        stream: Box<dyn Stream>,
        timings: Arc<Mutex<Timings>>,
    ) -> Self {
        Self {
            decoding,
            stream,
            text: Arc::default(),
            timings,
        }
    }

    /// Turns pieces that wait into chunks. Frames are decoded one at a time, so that samples do
    /// not depend on how many wait, which is a matter of chance; their sound is one chunk.
    pub(crate) fn take(&mut self, sounds: Vec<Sound>) -> Result<Vec<Chunk>, SpeakerError> {
        let mut chunks: Vec<Chunk> = Vec::new();
        for sound in sounds {
            match sound {
                Sound::Begin { text } => {
                    self.stream.reset()?;
                    self.decoding.begin();
                    self.text = text.into();
                }
                Sound::Latent(latent) => {
                    let samples = self.decode(latent)?;
                    match chunks.last_mut() {
                        Some(last) if last.text.as_ref() == Some(&self.text) => {
                            last.samples.extend(samples);
                        }
                        _ => chunks.push(self.chunk(samples, false)),
                    }
                }
                Sound::End { cut: true } => match chunks.last_mut() {
                    Some(last) => last.cut = true,
                    None => chunks.push(self.chunk(Vec::new(), true)),
                },
                Sound::End { cut: false } => {}
                Sound::Silence(samples) => chunks.extend(silence(samples)),
            }
        }
        Ok(chunks)
    }

    fn chunk(&self, samples: Vec<f32>, cut: bool) -> Chunk {
        Chunk {
            samples,
            text: Some(self.text.clone()),
            cut,
        }
    }

    fn decode(&mut self, latent: Vec<f32>) -> Result<Vec<f32>, SpeakerError> {
        let start = Instant::now();
        let call = self.decoding.call(latent)?;
        let outputs = self.stream.run(&call.views())?;
        let mut timings = self.timings.lock().unwrap_or_else(PoisonError::into_inner);
        timings.count(ComponentName::MimiDecoder, 1, start);
        drop(timings);
        Ok(self.decoding.audio(outputs)?)
    }
}

fn silence(samples: usize) -> impl Iterator<Item = Chunk> {
    (0..samples).step_by(SILENCE).map(move |start| Chunk {
        samples: vec![0.0; SILENCE.min(samples - start)],
        text: None,
        cut: false,
    })
}
