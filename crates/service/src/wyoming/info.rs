//! What Home Assistant shows of the server.

use serde_json::{Value, json};

use super::event::Event;
use crate::Voices;
use crate::names::{full_name, language_code};

/// The answer to `describe`.
pub(crate) fn info(voices: &Voices) -> Event {
    let first = voices.models().next().map(|entry| entry.name.clone());
    let listed = voices.models().flat_map(|entry| {
        let is_first = first.as_ref() == Some(&entry.name);
        entry.voices.iter().map(move |voice| {
            json!({
                "name": full_name(&entry.name, voice, is_first),
                "description": format!("{voice} ({})", entry.name),
                "attribution": attribution(),
                "installed": true,
                "version": null,
                "languages": entry.language.iter().map(|it| language_code(it)).collect::<Vec<_>>(),
                "speakers": null,
            })
        })
    });
    let program = json!({
        "name": "pocket-onnx",
        "description": "pocket-tts in Rust",
        "attribution": attribution(),
        "installed": true,
        "version": env!("CARGO_PKG_VERSION"),
        "voices": listed.collect::<Vec<_>>(),
        "supports_synthesize_streaming": true,
    });
    Event::new("info", json!({ "tts": [program] }))
}

fn attribution() -> Value {
    json!({ "name": "Kyutai", "url": "https://github.com/kyutai-labs/pocket-tts" })
}
