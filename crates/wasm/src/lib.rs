//! What a web page needs from the speech code and the engine, as a wasm module.
//!
//! The page's worker is the host that `speech` expects: it takes a `Call` from an [`Utterance`], a
//! [`Decoding`] or a [`Cloning`], runs it, and supplies the outputs. The worker chooses the runtime:
//! an [`EngineStream`] of this module, or a session of another runtime with a stream of its own.
//! Calls, tensors and events are plain JavaScript objects, so they can be posted to another worker:
//! one instance may speak, and another decode.
//!
//! Weights are written directly into the module's memory through [`Bytes`].

mod arriving;
mod bytes;
mod engine;
mod error;
mod interop;
mod model;
mod options;
mod recording;
mod speaking;
mod tokenizer;
mod values;
mod voice;

use wasm_bindgen::prelude::wasm_bindgen;

pub use arriving::{ArrivingText, TextCheck};
pub use bytes::Bytes;
pub use engine::{Engine, EngineStream};
pub use model::{CheckedManifest, Model};
pub use recording::Recording;
pub use speaking::{Decoding, Utterance};
pub use tokenizer::Tokenizer;
pub use voice::{Cloning, StoredPrompt, Voice};

/// Turns a panic into a JavaScript exception with a message, instead of a bare trap.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        wasm_bindgen::throw_str(&panic.to_string())
    }));
}
