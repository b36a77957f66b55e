//! Twin of `get_state_for_audio_prompt` in pocket-tts `models/tts_model.py`: from a recording to
//! a voice.

use bundle::ComponentName;
use tensor::Tensor;

use crate::audio::{check_recording, end_on_pause, resample_poly};
use crate::call::Outputs;
use crate::{Call, Model, SpeechError};

/// Longest recording that is used, in seconds.
pub const LONGEST_PROMPT: u32 = 30;

/// A voice that is being made. The host runs [`Prompt::next_call`] and supplies its outputs until
/// none is left; the state of `flow_lm` is the voice then.
pub struct Prompt {
    model: Model,
    state: State,
    truncated: bool,
}

enum State {
    Audio(Tensor),
    Embeddings(Tensor),
    Done,
}

impl Prompt {
    /// Prepares a mono recording; refuses one without speech in it.
    pub(crate) fn new(
        model: &Model,
        samples: &[f32],
        sample_rate: u32,
    ) -> Result<Self, SpeechError> {
        let manifest = model.manifest();
        if !manifest
            .components
            .contains_key(&ComponentName::MimiEncoder)
        {
            return Err(SpeechError::NoEncoder);
        }
        let longest = (LONGEST_PROMPT as usize).saturating_mul(sample_rate as usize);
        let used = &samples[..samples.len().min(longest)];
        check_recording(used, sample_rate)?;
        let mut audio = resample_poly(used, sample_rate, manifest.sample_rate)?;
        end_on_pause(&mut audio, manifest.sample_rate);
        Ok(Self {
            model: model.clone(),
            state: State::Audio(Tensor::f32([1, 1, audio.len()], audio)?),
            truncated: used.len() < samples.len(),
        })
    }

    /// A prompt that has been encoded before: `rows` [1, T, D], as `flow_lm` reads them.
    pub(crate) fn stored(model: &Model, rows: Tensor, truncated: bool) -> Self {
        Self {
            model: model.clone(),
            state: State::Embeddings(rows),
            truncated,
        }
    }

    /// Whether only the first [`LONGEST_PROMPT`] seconds are used.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// The call that comes next, if there is one.
    pub fn next_call(&self) -> Result<Option<Call>, SpeechError> {
        let manifest = self.model.manifest();
        Ok(match &self.state {
            State::Audio(audio) => Some(Call {
                component: ComponentName::MimiEncoder,
                inputs: vec![("audio", audio.clone())],
            }),
            State::Embeddings(prompt) => {
                let ldim = manifest.model.mimi.quantizer.dimension;
                Some(Call {
                    component: ComponentName::FlowLm,
                    inputs: vec![
                        ("embeddings", prompt.clone()),
                        ("latents", Tensor::f32([1, 0, ldim], Vec::new())?),
                    ],
                })
            }
            State::Done => None,
        })
    }

    /// Takes the outputs of the call that came last.
    pub fn supply(
        &mut self,
        outputs: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Result<(), SpeechError> {
        self.state = match &self.state {
            State::Audio(_) => {
                let mut outputs = Outputs::new(ComponentName::MimiEncoder, outputs);
                State::Embeddings(outputs.take("prompt")?)
            }
            State::Embeddings(_) => {
                // A state that is not finite would only be noticed when it speaks.
                Outputs::new(ComponentName::FlowLm, outputs).take("conditioning")?;
                State::Done
            }
            State::Done => return Err(SpeechError::NotAsked),
        };
        Ok(())
    }
}
