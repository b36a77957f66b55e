//! Sound files, as a wasm module of its own: a page loads the encoders only when a file is to be written.

use encode::{Encoder, Format, Tags};
use js_sys::Error;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// A panic becomes a JavaScript exception that says what happened, instead of a bare trap.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        wasm_bindgen::throw_str(&panic.to_string())
    }));
}

/// A whole file with samples of one channel, -1 to 1 at full scale. `format` is `wav`, `pcm`, `flac`, `opus` or
/// `mp3`; `text` is what was spoken, whose beginning is the title.
///
/// Throws an error called `Options` for a format that does not exist or that does not support the sample rate, and
/// one called `Runtime` if the encoder fails.
#[wasm_bindgen]
pub fn encode(
    format: &str,
    sample_rate: u32,
    samples: &[f32],
    text: Option<String>,
    voice: Option<String>,
    model: Option<String>,
) -> Result<Vec<u8>, JsValue> {
    let name = format;
    let format = Format::of_name(name)
        .ok_or_else(|| error("Options", &format!("there is no format {name}")))?;
    format
        .check(sample_rate)
        .map_err(|refused| error("Options", &refused.to_string()))?;
    let tags = Tags {
        title: text.as_deref().and_then(Tags::title_of),
        voice,
        model,
    };
    Encoder::encode(format, sample_rate, tags, samples)
        .map_err(|failed| error("Runtime", &failed.to_string()))
}

/// An error with its kind as name, as those of the speaking module have.
fn error(kind: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    error.set_name(kind);
    error.into()
}
