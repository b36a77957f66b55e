//! Voices: reading, making and writing them.

use bundle::ComponentName;
use speech::{VoiceDType, VoiceForm};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Model;
use crate::error::Error;
use crate::interop::{
    JsMaybeCall, JsRecordingNotices, JsTensors, call_to_js, notices_to_js, tensors_from_js,
    tensors_to_js,
};
use crate::values;

/// The state of `flow_lm` after a voice prompt.
#[wasm_bindgen]
pub struct Voice {
    voice: speech::Voice,
}

impl Voice {
    pub(crate) fn new(voice: speech::Voice) -> Self {
        Self { voice }
    }
}

#[wasm_bindgen]
impl Voice {
    /// From the states of `flow_lm` after a prompt, by input, and its position.
    #[wasm_bindgen(js_name = fromStates)]
    pub fn from_states(model: &Model, states: &JsTensors, position: f64) -> Result<Self, Error> {
        let components = &model.model.manifest().components;
        let component = ComponentName::FlowLm;
        let flow_lm = components.get(&component);
        let flow_lm = flow_lm.ok_or(speech::SpeechError::NoComponent { component })?;
        let states = tensors_from_js(states)?;
        let position = values::whole("the position", position)?;
        Ok(Self::new(speech::Voice::from_states(
            flow_lm,
            states,
            position as i64,
        )?))
    }

    /// Inputs of `flow_lm` and the states that go into them.
    pub fn states(&self) -> JsTensors {
        tensors_to_js(self.voice.states())
    }

    /// Rows of the cache: the position that the text starts at.
    #[wasm_bindgen(getter)]
    pub fn position(&self) -> f64 {
        self.voice.position() as f64
    }

    /// The bytes of a voice file, which pocket-tts can load: f32, or f16 at half the size.
    #[wasm_bindgen(js_name = toSafetensors)]
    pub fn to_safetensors(&self, half: bool) -> Result<Vec<u8>, Error> {
        let dtype = if half {
            VoiceDType::F16
        } else {
            VoiceDType::F32
        };
        Ok(self.voice.to_safetensors(VoiceForm::Current, dtype)?)
    }
}

/// A voice prompt from a file.
#[wasm_bindgen]
pub struct StoredPrompt {
    stored: speech::StoredPrompt,
}

impl StoredPrompt {
    pub(crate) fn new(stored: speech::StoredPrompt) -> Self {
        Self { stored }
    }
}

#[wasm_bindgen]
impl StoredPrompt {
    /// Whether the data file of `mimi_encoder` is needed.
    #[wasm_bindgen(getter, js_name = needsEncoder)]
    pub fn needs_encoder(&self) -> bool {
        self.stored.needs_encoder()
    }

    /// Starts to make a voice; needs the data file of `mimi_encoder` if
    /// [`StoredPrompt::needs_encoder`] says so.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "an optional array arrives from JavaScript as a vector"
    )]
    pub fn prompt(self, encoder: Option<Vec<u8>>) -> Result<Cloning, Error> {
        Ok(Cloning::new(self.stored.prompt(encoder.as_deref())?))
    }
}

/// A voice that is being made from a recording.
#[wasm_bindgen]
pub struct Cloning {
    cloning: speech::Cloning,
}

impl Cloning {
    pub(crate) fn new(cloning: speech::Cloning) -> Self {
        Self { cloning }
    }
}

#[wasm_bindgen]
impl Cloning {
    /// What the user should know about the recording.
    #[wasm_bindgen(getter)]
    pub fn notices(&self) -> JsRecordingNotices {
        let notices = self.cloning.notices().iter();
        notices_to_js(notices.map(|it| (it.kind(), it.to_string())))
    }

    /// The next call, if there is one; otherwise the state of `flow_lm` is the voice.
    #[wasm_bindgen(js_name = nextCall)]
    pub fn next_call(&self) -> Result<JsMaybeCall, Error> {
        let call = self.cloning.next_call()?;
        let call = call.map_or(JsValue::UNDEFINED, |call| call_to_js(&call).into());
        Ok(call.unchecked_into())
    }

    /// Takes the outputs of the call that came last.
    pub fn supply(&mut self, outputs: &JsTensors) -> Result<(), Error> {
        Ok(self.cloning.supply(tensors_from_js(outputs)?)?)
    }
}
