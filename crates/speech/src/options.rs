//! How an utterance is to be spoken.

use bundle::Manifest;
use stretch::Speed;

/// Counterpart of `MAX_TOKEN_PER_CHUNK` in pocket-tts `default_parameters.py`.
pub const MAX_TOKENS: usize = 50;

/// Counterpart of `DEFAULT_SAMPLER_DECODE_STEPS` in pocket-tts.
const STEPS: usize = 1;

/// Options of one utterance. [`Options::of`] returns the model's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seed of the noise: the same seed gives the same samples.
    pub seed: u64,
    /// Variance of the noise: 0 gives the likeliest speech, more gives more variety.
    pub temperature: f32,
    /// Largest magnitude of the noise; the normal distribution has none.
    pub noise_clamp: Option<f32>,
    /// Steps of the sampler, at least 1; `drifting` and `pointwise` models always take one.
    pub steps: usize,
    /// Speech ends when the end-of-speech score (a logit) exceeds this.
    pub eos_threshold: f32,
    /// Frames spoken after the end of speech; estimated from the text when `None`.
    pub frames_after_eos: Option<usize>,
    /// Most tokens of a chunk, which is spoken in one go; longer texts are split between sentences.
    pub max_tokens: usize,
    /// How fast, at the same pitch; pauses change with it. Latents do not depend on it.
    pub speed: Speed,
    /// Tell when each word is spoken.
    pub words: bool,
}

impl Options {
    /// The options that the model recommends.
    pub fn of(manifest: &Manifest) -> Self {
        let generation = &manifest.generation;
        Self {
            seed: 0,
            temperature: generation.default_temperature as f32,
            noise_clamp: None,
            steps: STEPS,
            eos_threshold: generation.default_eos_threshold as f32,
            frames_after_eos: (generation.model_recommended_frames_after_eos)
                .map(|frames| frames as usize),
            max_tokens: MAX_TOKENS,
            speed: Speed::ONE,
            words: false,
        }
    }
}
