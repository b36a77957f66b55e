//! Sound files and subtitles, as a wasm module of its own: it is loaded only when a file is to be written.

mod sound;
mod subtitles;

use js_sys::Error;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

pub use self::sound::{SoundEncoder, SoundEnd, encode, sound_format};
pub use self::subtitles::WordSubtitles;

/// A panic becomes a JavaScript exception that says what happened, instead of a bare trap.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        wasm_bindgen::throw_str(&panic.to_string())
    }));
}

/// An error with its kind as name, as those of the speaking module have.
fn error(kind: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    error.set_name(kind);
    error.into()
}
