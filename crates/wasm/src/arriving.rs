//! Texts that arrive in pieces, and the check of a complete text before it is spoken.

use std::time::Duration;

use speech::{Arrived, Asking, SpeechNotice};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::Model;
use crate::error::Error;
use crate::interop::{JsSpeechNotices, notices_to_js, object};
use crate::options::{JsOptions, options_from_js};
use crate::values::{self, JsText};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What happens next with a text that arrives in pieces. */
export type Arrived =
  | { kind: "text"; text: string }
  /** Speak what was handed on, without waiting for more. */
  | { kind: "flush" }
  /** Nothing for now: ask again when there is more, or after so many milliseconds at the latest. */
  | { kind: "nothing"; wait: number | undefined }
  | { kind: "over" };
"#;

#[wasm_bindgen]
extern "C" {
    /// What happens next.
    #[wasm_bindgen(typescript_type = "Arrived")]
    pub type JsArrived;
}

/// A text that arrives in pieces: decides when the text that has arrived is spoken. Times are in
/// milliseconds, by one clock.
#[wasm_bindgen]
pub struct ArrivingText {
    text: speech::ArrivingText,
    started: f64,
}

#[wasm_bindgen]
impl ArrivingText {
    /// An unfinished sentence is spoken after `silence` milliseconds without more text; never, if that
    /// is not finite.
    #[wasm_bindgen(constructor)]
    pub fn new(silence: f64, now: f64) -> Self {
        Self {
            text: speech::ArrivingText::new(time(silence).filter(|_| silence.is_finite())),
            started: now,
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, text: &JsText, now: f64) -> Result<(), Error> {
        let text = values::string("the text", text.as_ref())?;
        self.text.push(&text, self.since(now));
        Ok(())
    }

    /// Speaks all that has come, without waiting for more or for the end of a sentence.
    pub fn flush(&mut self) {
        self.text.flush();
    }

    /// Ends the text.
    pub fn close(&mut self) {
        self.text.close();
    }

    /// Ends the text after its last whole sentence, because its source failed.
    #[wasm_bindgen(js_name = breakOff)]
    pub fn break_off(&mut self) {
        self.text.break_off();
    }

    /// Bytes that have come and were not handed on yet.
    #[wasm_bindgen(getter)]
    pub fn waiting(&self) -> f64 {
        self.text.waiting() as f64
    }

    /// What comes next for an utterance that has text left to speak (`has_text`), or not, and has spoken `chunks` chunks.
    pub fn next(&mut self, has_text: &JsValue, chunks: f64, now: f64) -> JsArrived {
        let asking = Asking {
            has_text: has_text.is_truthy(),
            chunks: chunks as usize,
        };
        let now = self.since(now);
        let arrived = match self.text.next(asking, now) {
            Arrived::Text(text) => object(&[("kind", "text".into()), ("text", text.into())]),
            Arrived::Flush => object(&[("kind", "flush".into())]),
            Arrived::Nothing(wait) => {
                let wait = wait.map(|wait| (wait.as_secs_f64() * 1e3).into());
                object(&[
                    ("kind", "nothing".into()),
                    ("wait", wait.unwrap_or(JsValue::UNDEFINED)),
                ])
            }
            Arrived::Over => object(&[("kind", "over".into())]),
        };
        arrived.unchecked_into()
    }

    fn since(&self, now: f64) -> Duration {
        time(now - self.started).unwrap_or_default()
    }
}

fn time(milliseconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds / 1e3).ok()
}

/// Reads a text piece by piece, and says whether it can be spoken.
#[wasm_bindgen]
pub struct TextCheck {
    model: speech::SpeechModel,
    check: speech::TextCheck,
}

#[wasm_bindgen]
impl TextCheck {
    /// For a model.
    #[wasm_bindgen(constructor)]
    pub fn new(model: &Model) -> Self {
        Self {
            model: model.model.clone(),
            check: speech::TextCheck::default(),
        }
    }

    /// Takes the next piece. Refuses a pause that is longer than a minute.
    pub fn push(&mut self, text: &JsText) -> Result<(), Error> {
        let text = values::string("the text", text.as_ref())?;
        self.check.push(&text).map_err(speech::SpeechError::from)?;
        Ok(())
    }

    /// Ends the text. Refuses a text of white space alone; otherwise returns what is probably a
    /// mistake in the text or in these options.
    pub fn finish(self, options: &JsOptions) -> Result<JsSpeechNotices, Error> {
        let manifest = self.model.manifest();
        let found = self.check.finish();
        let found = found.map_err(speech::SpeechError::from)?;
        let options = options_from_js(options, self.model.options())?;
        let notices = SpeechNotice::all(&found, &options, manifest);
        Ok(notices_to_js(
            notices.iter().map(|it| (it.kind(), it.to_string())),
        ))
    }
}
