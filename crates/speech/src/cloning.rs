//! Counterpart of `get_state_for_audio_prompt` in pocket-tts `models/tts_model.py`: from a
//! recording to a voice.

use ::audio::Recording;
use bundle::{ComponentName, names};
use tensor::Tensor;

use crate::audio::{RecordingNotice, check, end_on_pause, resample_poly};
use crate::call::CallOutputs;
use crate::{Call, SpeechError, SpeechModel};

/// Longest recording that is used, in seconds.
pub const LONGEST_PROMPT: u32 = 30;

/// A voice that is being made. The host runs [`Cloning::next_call`] and supplies its outputs until
/// there are no more calls; the state of `flow_lm` is then the voice.
pub struct Cloning {
    model: SpeechModel,
    state: CloningState,
    notices: Vec<RecordingNotice>,
}

enum CloningState {
    Audio(Tensor),
    Embeddings(Tensor),
    Done,
}

impl Cloning {
    /// Prepares a recording; refuses one that cannot become a voice.
    pub(crate) fn new(model: &SpeechModel, recording: &Recording) -> Result<Self, SpeechError> {
        let manifest = model.manifest();
        if !manifest
            .components
            .contains_key(&ComponentName::MimiEncoder)
        {
            return Err(SpeechError::NoEncoder);
        }
        let rate = recording.sample_rate;
        let longest = (LONGEST_PROMPT as usize).saturating_mul(rate as usize);
        let shortened;
        let used = if recording.samples.len() > longest {
            shortened = Recording {
                samples: recording.samples[..longest].to_vec(),
                truncated: true,
                ..*recording
            };
            &shortened
        } else {
            recording
        };
        let mut notices = check(used)?;
        if !manifest.clones() {
            notices.push(RecordingNotice::OwnVoices);
        }
        let mut audio = resample_poly(&used.samples, rate, manifest.sample_rate)?;
        end_on_pause(&mut audio, manifest.sample_rate);
        Ok(Self {
            model: model.clone(),
            state: CloningState::Audio(Tensor::f32([1, 1, audio.len()], audio)?),
            notices,
        })
    }

    /// A prompt that was encoded before: `rows` [1, T, D], as `flow_lm` reads them.
    pub(crate) fn stored(model: &SpeechModel, rows: Tensor, truncated: bool) -> Self {
        let long = RecordingNotice::Long {
            seconds: LONGEST_PROMPT,
        };
        Self {
            model: model.clone(),
            state: CloningState::Embeddings(rows),
            notices: Vec::from_iter(truncated.then_some(long)),
        }
    }

    /// What the user should know about the recording.
    pub fn notices(&self) -> &[RecordingNotice] {
        &self.notices
    }

    /// The next call, if there is one.
    pub fn next_call(&self) -> Result<Option<Call>, SpeechError> {
        let manifest = self.model.manifest();
        Ok(match &self.state {
            CloningState::Audio(audio) => Some(Call {
                component: ComponentName::MimiEncoder,
                inputs: vec![(names::AUDIO, audio.clone())],
            }),
            CloningState::Embeddings(prompt) => {
                let ldim = manifest.model.mimi.latent_dim();
                Some(Call {
                    component: ComponentName::FlowLm,
                    inputs: vec![
                        (names::EMBEDDINGS, prompt.clone()),
                        (names::LATENTS, Tensor::f32([1, 0, ldim], Vec::new())?),
                    ],
                })
            }
            CloningState::Done => None,
        })
    }

    /// Takes the outputs of the call that came last.
    pub fn supply(
        &mut self,
        outputs: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Result<(), SpeechError> {
        self.state = match &self.state {
            CloningState::Audio(_) => {
                let mut outputs = CallOutputs::new(ComponentName::MimiEncoder, outputs);
                CloningState::Embeddings(outputs.take(names::PROMPT)?)
            }
            CloningState::Embeddings(_) => {
                // Otherwise a state that is not finite would be noticed only during speech.
                CallOutputs::new(ComponentName::FlowLm, outputs).take(names::CONDITIONING)?;
                CloningState::Done
            }
            CloningState::Done => return Err(SpeechError::NotAsked),
        };
        Ok(())
    }
}
