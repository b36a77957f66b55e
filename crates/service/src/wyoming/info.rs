//! What Home Assistant shows of the server.

use serde_json::{Value, json};

use super::event::Event;
use crate::Voices;

/// Languages by the names that manifests have, as Home Assistant writes them.
const LANGUAGES: [(&str, &str); 7] = [
    ("english", "en"),
    ("french", "fr"),
    ("german", "de"),
    ("spanish", "es"),
    ("italian", "it"),
    ("portuguese", "pt"),
    ("dutch", "nl"),
];

/// The answer to `describe`.
pub(crate) fn info(voices: &Voices) -> Event {
    let first = voices.models().next().map(|entry| entry.name.clone());
    let listed = voices.models().flat_map(|entry| {
        let is_first = first.as_ref() == Some(&entry.name);
        entry.voices.iter().map(move |voice| {
            json!({
                "name": wyoming_name(&entry.name, voice, is_first),
                "description": format!("{voice} ({})", entry.name),
                "attribution": attribution(),
                "installed": true,
                "version": null,
                "languages": entry.language.iter().map(|it| code(it)).collect::<Vec<_>>(),
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

/// A voice's name: of other models than the first with the model's name before it.
fn wyoming_name(model: &str, voice: &str, is_first: bool) -> String {
    if is_first {
        voice.to_owned()
    } else {
        format!("{model}/{voice}")
    }
}

/// The model and the voice of such a name.
pub(crate) fn model_and_voice(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((model, voice)) => (Some(model), voice),
        None => (None, name),
    }
}

/// The first model that speaks a language, which Home Assistant names as in `en` or `en-US`.
pub(crate) fn model_for(voices: &Voices, language: &str) -> Option<String> {
    let wanted = language.split(['-', '_']).next()?.to_ascii_lowercase();
    let mut models = voices.models();
    let found = models.find(|entry| entry.language.as_deref().map(code) == Some(&wanted));
    found.map(|entry| entry.name.clone())
}

fn code(language: &str) -> &str {
    let known = LANGUAGES.iter().find(|(name, _)| *name == language);
    known.map_or(language, |(_, code)| code)
}

fn attribution() -> Value {
    json!({ "name": "Kyutai", "url": "https://github.com/kyutai-labs/pocket-tts" })
}
