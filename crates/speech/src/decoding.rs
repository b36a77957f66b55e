//! Twin of `_decode_audio_worker` in pocket-tts `models/tts_model.py`: from latents to samples.

use bundle::ComponentName;
use tensor::Tensor;

use crate::audio::FadeIn;
use crate::call::Outputs;
use crate::{Call, Model, SpeechError};

/// The decoder's half of an utterance. The host runs the calls.
pub struct Decoding {
    model: Model,
    fade_in: FadeIn,
}

impl Decoding {
    /// Before the first chunk.
    pub fn new(model: &Model) -> Self {
        Self {
            model: model.clone(),
            fade_in: FadeIn::new(model.manifest().sample_rate),
        }
    }

    /// A chunk begins: the host starts `mimi_decoder` afresh, which clicks unless it is faded in.
    pub fn begin(&mut self) {
        self.fade_in = FadeIn::new(self.model.manifest().sample_rate);
    }

    /// The call that decodes a frame, [ldim].
    pub fn call(&self, latent: Vec<f32>) -> Result<Call, SpeechError> {
        Ok(Call {
            component: ComponentName::MimiDecoder,
            inputs: vec![("latents", Tensor::f32([1, 1, latent.len()], latent)?)],
        })
    }

    /// The samples of that call's outputs.
    pub fn audio(
        &mut self,
        outputs: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Result<Vec<f32>, SpeechError> {
        let audio = Outputs::new(ComponentName::MimiDecoder, outputs).take("audio")?;
        let mut samples = audio.into_f32().unwrap_or_default();
        self.fade_in.apply(&mut samples);
        Ok(samples)
    }
}
