//! Twin of `_decode_audio_worker` in pocket-tts `models/tts_model.py`: from latents to samples.

use bundle::{ComponentName, names};
use stretch::{Speed, Stretch};
use tensor::Tensor;

use crate::audio::FadeIn;
use crate::call::Outputs;
use crate::words::Timing;
use crate::{Call, ChunkWords, Model, SpeechError, Word};

/// How many frames go into a call after `frames` others. One by one the first are heard soonest;
/// later there is sound that waits to be heard, and the decoder's weights are read once for
/// several. How many frames wait must not matter: samples would depend on it.
fn together(frames: usize) -> usize {
    match frames {
        0..8 => 1,
        8..16 => 2,
        _ => 4,
    }
}

/// The decoder's half of an utterance. The host runs the calls.
pub struct Decoding {
    model: Model,
    fade_in: FadeIn,
    stretch: Stretch,
    /// Latents that wait for others, [frames, ldim].
    waiting: Vec<f32>,
    /// Frames of the utterance that went into calls.
    frames: usize,
    timing: Timing,
    /// Words that have ended and were not fetched yet.
    words: Vec<Word>,
}

impl Decoding {
    /// Before the first chunk of an utterance, which is heard at `speed`.
    pub fn new(model: &Model, speed: Speed) -> Self {
        let manifest = model.manifest();
        Self {
            model: model.clone(),
            fade_in: FadeIn::new(manifest.sample_rate),
            stretch: Stretch::new(manifest.sample_rate, speed),
            waiting: Vec::new(),
            frames: 0,
            timing: Timing::new(manifest.frame_size, manifest.sample_rate),
            words: Vec::new(),
        }
    }

    /// A chunk begins: the host starts `mimi_decoder` afresh, which clicks unless it is faded in.
    /// Words are timed where they are given.
    pub fn begin(&mut self, words: Option<ChunkWords>) {
        if let Some(words) = words {
            self.timing.begin(words);
        }
        self.fade_in = FadeIn::new(self.model.manifest().sample_rate);
        self.waiting.clear();
    }

    /// Takes a frame, [ldim]. Returns the call that decodes it, and those that waited, unless it
    /// waits for others.
    pub fn latent(&mut self, latent: &[f32]) -> Result<Option<Call>, SpeechError> {
        self.waiting.extend_from_slice(latent);
        if self.waiting.len() < together(self.frames) * latent.len() {
            return Ok(None);
        }
        self.rest()
    }

    /// The chunk is over. Returns the call that decodes what waits, if something does.
    pub fn rest(&mut self) -> Result<Option<Call>, SpeechError> {
        let dim = self.model.manifest().model.latent_dim();
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

    /// The samples of a call's outputs, as far as they are to be heard already: at another speed
    /// than 1 up to [`stretch::LONGEST_WAIT`] seconds are held back.
    pub fn audio(
        &mut self,
        outputs: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Result<Vec<f32>, SpeechError> {
        let audio = Outputs::new(ComponentName::MimiDecoder, outputs).take(names::AUDIO)?;
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

    /// The chunk is decoded: what was held back of it.
    pub fn end(&mut self) -> Vec<f32> {
        self.words.extend(self.timing.finish());
        let mut heard = Vec::new();
        self.stretch.flush(&mut heard);
        heard
    }

    /// A pause of `samples` between two chunks: how many are to be heard.
    pub fn silence(&mut self, samples: usize) -> usize {
        self.timing.pass(samples);
        let heard = self.stretch.silence(samples as u64, &mut Vec::new());
        usize::try_from(heard).unwrap_or(usize::MAX)
    }

    /// Takes the scores of the frame that comes next.
    pub fn scores(&mut self, scores: Vec<f32>) {
        self.timing.scores(scores);
    }

    /// The words that have ended since the last call, in their order, by the seconds that are heard.
    pub fn words(&mut self) -> Vec<Word> {
        let speed = self.stretch.speed();
        let words = std::mem::take(&mut self.words).into_iter();
        words
            .map(|word| word.moved(|seconds| speed.output_position(seconds)))
            .collect()
    }
}
