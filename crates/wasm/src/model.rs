//! A loaded bundle.

use std::path::Path;
use std::sync::Arc;

use bundle::Manifest;
use speech::SpeechOptions;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::error::Error;
use crate::options::{JsOptions, JsOwnOptions, options_from_js, options_to_js};
use crate::values::{self, JsBytes, JsText};
use crate::{Cloning, Decoding, Recording, StoredPrompt, Utterance, Voice};

/// A bundle's manifest. Components are loaded by it, and latents decoded.
#[wasm_bindgen]
pub struct CheckedManifest {
    pub(crate) manifest: Arc<Manifest>,
}

#[wasm_bindgen]
impl CheckedManifest {
    /// From the text of `manifest.json`. Refuses one of another format or version, or damaged.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &JsText) -> Result<Self, Error> {
        let text = values::string("the manifest", text.as_ref())?;
        Ok(Self {
            manifest: Manifest::from_json(&text, Path::new(Manifest::FILE))?.into(),
        })
    }

    /// Starts to turn the latents of an utterance with these options into samples.
    pub fn decoding(&self, options: Option<JsOptions>) -> Result<Decoding, Error> {
        let own = SpeechOptions::of(&self.manifest);
        let options = match options {
            Some(options) => options_from_js(&options, own)?,
            None => own,
        };
        Ok(Decoding::new(self.manifest.clone(), options.speed))
    }
}

/// A bundle's manifest and its tokenizer.
#[wasm_bindgen]
pub struct Model {
    pub(crate) model: speech::SpeechModel,
}

#[wasm_bindgen]
impl Model {
    /// From the manifest and the bytes of the tokenizer's file.
    #[wasm_bindgen(constructor)]
    pub fn new(manifest: &CheckedManifest, tokenizer: &JsBytes) -> Result<Self, Error> {
        let tokenizer = values::bytes("the tokenizer", tokenizer.as_ref())?;
        Ok(Self {
            model: speech::SpeechModel::new(manifest.manifest.clone(), &tokenizer)?,
        })
    }

    /// The options that the model recommends.
    pub fn options(&self) -> JsOwnOptions {
        options_to_js(&self.model.options()).unchecked_into()
    }

    /// Starts to speak `text`.
    pub fn utterance(&self, text: &JsText, options: &JsOptions) -> Result<Utterance, Error> {
        let text: &JsValue = text.as_ref();
        let text = text.as_string().ok_or(Error::Text)?;
        let options = options_from_js(options, self.model.options())?;
        Ok(Utterance::new(self.model.utterance(text, &options)?))
    }

    /// Starts to speak the text that the utterance will be given piece by piece.
    #[wasm_bindgen(js_name = arrivingUtterance)]
    pub fn arriving_utterance(&self, options: &JsOptions) -> Result<Utterance, Error> {
        let options = options_from_js(options, self.model.options())?;
        Utterance::arriving(&self.model, &options)
    }

    /// Whether the vocabulary has pieces for digits.
    #[wasm_bindgen(getter, js_name = hasDigits)]
    pub fn has_digits(&self) -> bool {
        self.model.tokenizer().has_digits()
    }

    /// Starts to make a voice from a recording.
    pub fn prompt(&self, recording: &Recording) -> Result<Cloning, Error> {
        Ok(Cloning::new(self.model.prompt(&recording.recording)?))
    }

    /// The prompt that a voice file contains instead of a state, if it contains one.
    #[wasm_bindgen(js_name = storedPrompt)]
    pub fn stored_prompt(&self, file: &JsBytes) -> Result<Option<StoredPrompt>, Error> {
        let file = values::bytes("the voice", file.as_ref())?;
        Ok(self.model.stored_prompt(&file)?.map(StoredPrompt::new))
    }

    /// Reads a voice file of either form.
    #[wasm_bindgen(js_name = readVoice)]
    pub fn read_voice(&self, file: &JsBytes) -> Result<Voice, Error> {
        let file = values::bytes("the voice", file.as_ref())?;
        Ok(Voice::new(self.model.read_voice(&file)?))
    }
}
