//! The names that OpenAI's clients send.

/// OpenAI's own voices. A model that has no voice of such a name speaks with one of its own: the
/// first name stands for its first voice, the second for its second, and so on, over and over.
pub const OPENAI_VOICES: [&str; 13] = [
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse",
    "marin", "cedar",
];

/// Beginnings of the names of OpenAI's own models, which stand for the first model here.
const OPENAI_MODELS: [&str; 2] = ["tts-", "gpt-"];

/// Whether it is one of OpenAI's models.
pub(crate) fn is_openai_model(name: &str) -> bool {
    OPENAI_MODELS.iter().any(|known| name.starts_with(known))
}

/// Which of `voices` stands for one of OpenAI's.
pub(crate) fn stand_in<'a>(name: &str, voices: &'a [String]) -> Option<&'a str> {
    let at = OPENAI_VOICES.iter().position(|known| *known == name)?;
    let voice = voices.get(at % voices.len().max(1))?;
    Some(voice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_voice_of_openai_has_a_stand_in() {
        let voices = ["robin".to_owned(), "heron".to_owned()];
        assert_eq!(stand_in("alloy", &voices), Some("robin"));
        assert_eq!(stand_in("ash", &voices), Some("heron"));
        assert_eq!(stand_in("ballad", &voices), Some("robin"));
        assert_eq!(stand_in("robin", &voices), None);
        assert_eq!(stand_in("alloy", &[]), None);
    }
}
