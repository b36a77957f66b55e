//! What a web page needs of the speech code and the engine, as a wasm module.
//!
//! The page's worker is the host that `speech` asks for: it takes a `Call` from an [`Utterance`],
//! a [`Decoding`] or a [`Prompt`], has it run, and supplies the outputs. Who runs it is the
//! worker's choice: an [`EngineStream`] of this module, or a session of another runtime behind a
//! stream of its own. Calls, tensors and sounds are plain JavaScript objects, so they also pass
//! from worker to worker: one instance may speak, and another decode.
//!
//! Weights come into the module's memory through [`Bytes`], without a copy on the side.

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
pub use model::{Model, check_manifest};
pub use recording::Recording;
pub use speaking::{Decoding, Utterance};
pub use tokenizer::Tokenizer;
pub use voice::{Prompt, StoredPrompt, Voice};

/// A panic becomes a JavaScript exception that says what happened, instead of a bare trap.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        wasm_bindgen::throw_str(&panic.to_string())
    }));
}
