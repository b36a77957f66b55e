//! The two halves of an utterance.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bundle::Manifest;
use js_sys::Float32Array;
use speech::{MoreText, SpeechOptions, Speed, TextPiece};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::interop::{
    JsAction, JsCall, JsSpeechNotices, JsTensors, JsWord, action_to_js, call_to_js, notices_to_js,
    spoken_to_js, tensors_from_js, words_from_js,
};
use crate::values::{self, JsFloats, JsParts, JsSource, JsText};

/// A text that is being spoken: makes latents.
#[wasm_bindgen]
pub struct Utterance {
    utterance: speech::Generation,
    /// What was pushed and not read yet.
    pushed: Pushed,
}

/// Text on its way from JavaScript to the speech code.
type Pushed = Arc<Mutex<VecDeque<MoreText>>>;

impl Utterance {
    /// Speaks a complete text.
    pub(crate) fn new(utterance: speech::Generation) -> Self {
        Self {
            utterance,
            pushed: Pushed::default(),
        }
    }

    /// Speaks a text that is pushed in pieces.
    pub(crate) fn arriving(
        model: &speech::SpeechModel,
        options: &SpeechOptions,
    ) -> Result<Self, Error> {
        let pushed = Pushed::default();
        let read = pushed.clone();
        let source = move |_| {
            let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(read.pop_front().unwrap_or(MoreText::Nothing))
        };
        Ok(Self {
            utterance: model.utterance_of(Box::new(source), options)?,
            pushed,
        })
    }

    fn add(&self, more: MoreText) {
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        pushed.push_back(more);
    }
}

#[wasm_bindgen]
impl Utterance {
    /// The same utterance, with this noise instead of the seed's, padded with zeros: recorded noise
    /// gives recorded latents.
    #[wasm_bindgen(js_name = withNoise)]
    pub fn with_noise(self, noise: &JsFloats) -> Result<Self, Error> {
        let mut noise = values::floats("the noise", noise.as_ref())?.into_iter();
        let source = move |values: &mut [f32]| {
            values.fill_with(|| noise.next().unwrap_or_default());
        };
        Ok(Self {
            utterance: self.utterance.with_noise(Box::new(source)),
            pushed: self.pushed,
        })
    }

    /// Adds a piece of the text. `source` is the text before rewriting, if it was rewritten; `parts`
    /// then has four numbers for each rewritten part, in order: start and end in `text`, start and
    /// end in `source`, in UTF-8 bytes.
    pub fn push(&self, text: &JsText, source: &JsSource, parts: &JsParts) -> Result<(), Error> {
        let text = values::string("the text", text.as_ref())?;
        let source: &JsValue = source.as_ref();
        let piece = if source.is_undefined() {
            text.into()
        } else {
            let source = values::string("the source", source)?;
            let parts = values::parts("the parts", parts.as_ref(), &text, &source)?;
            TextPiece::rewritten(source, text, parts)
        };
        self.add(MoreText::Piece(piece));
        Ok(())
    }

    /// Speaks all that was pushed, without waiting for more or for the end of a sentence.
    pub fn flush(&self) {
        self.add(MoreText::Flush);
    }

    /// Ends the text.
    pub fn close(&self) {
        self.add(MoreText::Over);
    }

    /// Text or options that are probably a mistake: `[{ kind, message }]`.
    #[wasm_bindgen(getter)]
    pub fn notices(&self) -> JsSpeechNotices {
        let notices = self.utterance.notices();
        notices_to_js(notices.iter().map(|it| (it.kind(), it.to_string())))
    }

    /// The text after the last word, once everything is spoken and words were requested.
    #[wasm_bindgen(getter)]
    pub fn rest(&self) -> String {
        self.utterance.rest()
    }

    /// The next action. Until the outputs of a call are supplied, it is that call.
    #[wasm_bindgen(js_name = nextAction)]
    pub fn next_action(&mut self) -> Result<JsAction, Error> {
        Ok(action_to_js(&self.utterance.next_action()?))
    }

    /// Takes the outputs of the last call.
    pub fn supply(&mut self, outputs: &JsTensors) -> Result<(), Error> {
        Ok(self.utterance.supply(tensors_from_js(outputs)?)?)
    }
}

/// Turns latents into samples.
#[wasm_bindgen]
pub struct Decoding {
    decoding: speech::Decoding,
}

impl Decoding {
    pub(crate) fn new(manifest: Arc<Manifest>, speed: Speed) -> Self {
        Self {
            decoding: speech::Decoding::of(manifest, speed),
        }
    }
}

#[wasm_bindgen]
impl Decoding {
    /// Begins a chunk of text: the host resets `mimi_decoder`. `words` are the words of the event, if
    /// it has any.
    pub fn begin(&mut self, words: Option<String>) -> Result<(), Error> {
        self.decoding.begin(words_from_js(words)?);
        Ok(())
    }

    /// Takes the scores of the next frame.
    pub fn scores(&mut self, scores: &JsFloats) -> Result<(), Error> {
        self.decoding
            .scores(values::floats("the scores", scores.as_ref())?);
        Ok(())
    }

    /// The words that have ended since the last call, in order.
    pub fn words(&mut self) -> Vec<JsWord> {
        spoken_to_js(&self.decoding.words())
    }

    /// Takes the latent of a frame. Returns the call that decodes it together with waiting frames, or
    /// none if it waits for more.
    pub fn latent(&mut self, latent: &JsFloats) -> Result<Option<JsCall>, Error> {
        let latent = values::floats("the latent", latent.as_ref())?;
        let call = self.decoding.latent(&latent)?;
        Ok(call.as_ref().map(call_to_js))
    }

    /// Ends the chunk of text. Returns the call that decodes the waiting frames, if there are any.
    pub fn rest(&mut self) -> Result<Option<JsCall>, Error> {
        Ok(self.decoding.rest()?.as_ref().map(call_to_js))
    }

    /// The samples from a call's outputs, without those that are withheld for a change of speed.
    pub fn audio(&mut self, outputs: &JsTensors) -> Result<Float32Array, Error> {
        let samples = self.decoding.audio(tensors_from_js(outputs)?)?;
        Ok(Float32Array::from(&samples[..]))
    }

    /// Returns the withheld samples of a chunk that is decoded.
    pub fn end(&mut self) -> Float32Array {
        Float32Array::from(&self.decoding.end()[..])
    }

    /// A pause of `samples` between two chunks: returns its length as heard.
    pub fn silence(&mut self, samples: f64) -> Result<f64, Error> {
        let samples = values::whole("the number of samples", samples)?;
        let samples = usize::try_from(samples).unwrap_or(usize::MAX);
        Ok(self.decoding.silence(samples) as f64)
    }
}
