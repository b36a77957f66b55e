//! A bundle, ready to speak.

use std::path::Path;

use bundle::Manifest;
use js_sys::Float32Array;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::options::{JsOptions, JsOwnOptions, options_from_js, options_to_js};
use crate::{Decoding, Prompt, Utterance, Voice};

/// A bundle's manifest and its tokenizer.
#[wasm_bindgen]
pub struct Model {
    pub(crate) model: speech::Model,
}

#[wasm_bindgen]
impl Model {
    /// From the text of `manifest.json` and the bytes of the tokenizer's file.
    #[wasm_bindgen(constructor)]
    pub fn new(manifest: &str, tokenizer: &[u8]) -> Result<Self, Error> {
        let manifest = Manifest::from_json(manifest, Path::new(Manifest::FILE))?;
        Ok(Self {
            model: speech::Model::new(manifest, tokenizer)?,
        })
    }

    /// The options that the model recommends.
    pub fn options(&self) -> JsOwnOptions {
        options_to_js(&self.model.options()).unchecked_into()
    }

    /// Starts to speak `text`.
    pub fn utterance(&self, text: String, options: &JsOptions) -> Result<Utterance, Error> {
        let options = options_from_js(options, self.model.options())?;
        Ok(Utterance::new(self.model.utterance(text, &options)?))
    }

    /// Starts to turn latents into samples.
    pub fn decoding(&self) -> Decoding {
        Decoding::new(&self.model)
    }

    /// Starts to make a voice from a mono recording.
    pub fn prompt(&self, samples: &Float32Array, sample_rate: u32) -> Result<Prompt, Error> {
        Ok(Prompt::new(
            self.model.prompt(&samples.to_vec(), sample_rate)?,
        ))
    }

    /// Reads a voice file of either form.
    #[wasm_bindgen(js_name = readVoice)]
    pub fn read_voice(&self, file: &[u8]) -> Result<Voice, Error> {
        Ok(Voice::new(self.model.read_voice(file)?))
    }
}

/// Refuses the text of a manifest that is of another format or version, or damaged.
#[wasm_bindgen(js_name = checkManifest)]
pub fn check_manifest(manifest: &str) -> Result<(), Error> {
    Manifest::from_json(manifest, Path::new(Manifest::FILE))?;
    Ok(())
}
