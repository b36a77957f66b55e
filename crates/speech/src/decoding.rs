//! Counterpart of `_decode_audio_worker` in pocket-tts `models/tts_model.py`: from latents to samples.

use std::sync::Arc;

use bundle::{ComponentName, Manifest, names};
use stretch::{Speed, Stretch};
use tensor::Tensor;

use crate::audio::FadeIn;
use crate::call::CallOutputs;
use crate::words::WordTimer;
use crate::{Call, ChunkWords, SpeechError, SpeechModel, Word};

/// Number of frames in a call after `frames` earlier ones. The first are decoded one by one, to be
/// heard as early as possible; later, sound is already waiting, and several frames share one pass
/// over the decoder's weights. The number must not depend on how many frames wait: samples would
/// then depend on timing.
fn together(frames: usize) -> usize {
    match frames {
        0..8 => 1,
        8..16 => 2,
        _ => 4,
    }
}

/// The decoder's half of an utterance. The host runs the calls.
pub struct Decoding {
    manifest: Arc<Manifest>,
    fade_in: FadeIn,
    stretch: Stretch,
    /// Latents that wait for more, [frames, ldim].
    waiting: Vec<f32>,
    /// Frames of the utterance in calls so far.
    frames: usize,
    timing: WordTimer,
    /// Words that have ended and are not fetched yet.
    words: Vec<Word>,
}

impl Decoding {
    /// Before the first chunk of an utterance, to be heard at `speed`.
    pub fn new(model: &SpeechModel, speed: Speed) -> Self {
        Self::of(model.shared.manifest.clone(), speed)
    }

    /// The same for a host that only decodes, and has no tokenizer.
    pub fn of(manifest: Arc<Manifest>, speed: Speed) -> Self {
        Self {
            fade_in: FadeIn::new(manifest.sample_rate),
            stretch: Stretch::new(manifest.sample_rate, speed),
            waiting: Vec::new(),
            frames: 0,
            timing: WordTimer::new(manifest.frame_size, manifest.sample_rate),
            words: Vec::new(),
            manifest,
        }
    }

    /// A chunk begins. The host resets `mimi_decoder`, which would click without a fade-in. If
    /// `words` are given, they are timed.
    pub fn begin(&mut self, words: Option<ChunkWords>) {
        if let Some(words) = words {
            self.timing.begin(words);
        }
        self.fade_in = FadeIn::new(self.manifest.sample_rate);
        self.waiting.clear();
    }

    /// Takes a frame, [ldim]. Returns the call that decodes it together with waiting ones, or none
    /// if it waits for more.
    pub fn latent(&mut self, latent: &[f32]) -> Result<Option<Call>, SpeechError> {
        self.waiting.extend_from_slice(latent);
        if self.waiting.len() < together(self.frames) * latent.len() {
            return Ok(None);
        }
        self.rest()
    }

    /// The chunk is over. Returns the call that decodes the waiting frames, if there are any.
    pub fn rest(&mut self) -> Result<Option<Call>, SpeechError> {
        let dim = self.manifest.model.mimi.latent_dim();
        let frames = self.waiting.len() / dim.max(1);
        if frames == 0 {
            return Ok(None);
        }
        self.frames += frames;
        let latents = Tensor::f32([1, frames, dim], std::mem::take(&mut self.waiting))?;
        Ok(Some(Call {
            component: ComponentName::MimiDecoder,
            inputs: vec![(names::LATENTS, latents)],
        }))
    }

    /// The samples from a call's outputs that can be heard already: at speeds other than 1, up to
    /// [`stretch::LONGEST_WAIT`] seconds are held back.
    pub fn audio(
        &mut self,
        outputs: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Result<Vec<f32>, SpeechError> {
        let audio = CallOutputs::new(ComponentName::MimiDecoder, outputs).take(names::AUDIO)?;
        let mut samples = audio.into_f32().unwrap_or_default();
        self.fade_in.apply(&mut samples);
        self.words.extend(self.timing.audio(&samples));
        if self.stretch.speed() == Speed::ONE {
            return Ok(samples);
        }
        let mut heard = Vec::new();
        self.stretch.push(&samples, &mut heard);
        Ok(heard)
    }

    /// The chunk is decoded: returns what was held back.
    pub fn end(&mut self) -> Vec<f32> {
        self.words.extend(self.timing.finish());
        let mut heard = Vec::new();
        self.stretch.flush(&mut heard);
        heard
    }

    /// A pause of `samples` between two chunks: returns its length as heard.
    pub fn silence(&mut self, samples: usize) -> usize {
        self.timing.pass(samples);
        let heard = self.stretch.silence(samples as u64, &mut Vec::new());
        usize::try_from(heard).unwrap_or(usize::MAX)
    }

    /// Takes the scores of the next frame.
    pub fn scores(&mut self, scores: Vec<f32>) {
        self.timing.scores(scores);
    }

    /// The words that have ended since the last call, in order; times are in seconds as heard.
    pub fn words(&mut self) -> Vec<Word> {
        let speed = self.stretch.speed();
        let words = std::mem::take(&mut self.words).into_iter();
        words
            .map(|word| word.moved(|seconds| speed.output_position(seconds)))
            .collect()
    }
}
