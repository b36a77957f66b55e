//! A vocabulary without a model.

use speech::SpeechError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;

/// Splits a text into tokens, as a [`Model`](crate::Model) does.
#[wasm_bindgen]
pub struct Tokenizer {
    tokenizer: speech::Tokenizer,
}

#[wasm_bindgen]
impl Tokenizer {
    /// Reads a `tokenizer.json`.
    #[wasm_bindgen(js_name = fromJson)]
    pub fn from_json(file: &[u8]) -> Result<Self, Error> {
        let tokenizer = speech::Tokenizer::from_json(file).map_err(SpeechError::from)?;
        Ok(Self { tokenizer })
    }

    /// Reads a SentencePiece model.
    #[wasm_bindgen(js_name = fromSentencePiece)]
    pub fn from_sentencepiece(file: &[u8]) -> Result<Self, Error> {
        let tokenizer = speech::Tokenizer::from_sentencepiece(file).map_err(SpeechError::from)?;
        Ok(Self { tokenizer })
    }

    /// The ids of a text.
    pub fn encode(&self, text: &str) -> Vec<i32> {
        let ids = self.tokenizer.encode(text);
        ids.into_iter().map(|id| id as i32).collect()
    }
}
