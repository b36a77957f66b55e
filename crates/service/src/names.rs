//! Names that clients send and see.

use crate::Voices;

/// OpenAI's own voices. In a model without a voice of such a name, the first name stands for its
/// first voice, the second for its second, and so on, starting again after the last.
pub const OPENAI_VOICES: [&str; 13] = [
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse",
    "marin", "cedar",
];

/// Prefixes of the names of OpenAI's models, which stand for the first model here.
const OPENAI_MODELS: [&str; 2] = ["tts-", "gpt-"];

/// Languages by the names that manifests have, and their codes.
const LANGUAGES: [(&str, &str); 7] = [
    ("english", "en"),
    ("french", "fr"),
    ("german", "de"),
    ("spanish", "es"),
    ("italian", "it"),
    ("portuguese", "pt"),
    ("dutch", "nl"),
];

/// Whether it is one of OpenAI's models.
pub(crate) fn is_openai_model(name: &str) -> bool {
    OPENAI_MODELS.iter().any(|known| name.starts_with(known))
}

/// The voice in `voices` that stands for one of OpenAI's.
pub(crate) fn stand_in<'a>(name: &str, voices: &'a [String]) -> Option<&'a String> {
    let at = OPENAI_VOICES
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name))?;
    voices.get(at % voices.len().max(1))
}

/// A voice's name: of other models than the first with the model's name before it.
pub(crate) fn full_name(model: &str, voice: &str, is_first: bool) -> String {
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

/// The first model that speaks a language, named as in `en` or `en-US`.
pub(crate) fn model_for(voices: &Voices, language: &str) -> Option<String> {
    let wanted = language.split(['-', '_']).next()?.to_ascii_lowercase();
    let mut models = voices.models();
    let found = models.find(|entry| entry.language.as_deref().map(language_code) == Some(&wanted));
    found.map(|entry| entry.name.clone())
}

/// A language's code.
pub(crate) fn language_code(language: &str) -> &str {
    let known = LANGUAGES.iter().find(|(name, _)| *name == language);
    known.map_or(language, |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_voice_of_openai_has_a_stand_in() {
        let voices = ["robin".to_owned(), "heron".to_owned()];
        assert_eq!(stand_in("alloy", &voices), Some(&voices[0]));
        assert_eq!(stand_in("Ash", &voices), Some(&voices[1]));
        assert_eq!(stand_in("ballad", &voices), Some(&voices[0]));
        assert_eq!(stand_in("robin", &voices), None);
        assert_eq!(stand_in("alloy", &[]), None);
    }
}
