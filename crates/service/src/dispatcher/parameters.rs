//! How the next text is spoken: what `SET` says.

use speech::Speed;

use crate::names::{model_and_voice, model_for};
use crate::{Chosen, VoiceError, Voices};

/// Value of a parameter that is not set.
const NONE: &str = "NULL";
/// Largest magnitude of a rate or volume.
const LARGEST: f64 = 100.0;

#[derive(Clone, Debug)]
pub(super) struct SpeechParameters {
    /// From -100 to 100.
    rate: f64,
    /// From -100, silence, to 100.
    volume: f64,
    voice: Option<String>,
    language: Option<String>,
    /// The voice of the module's configuration.
    usual: Option<String>,
}

impl SpeechParameters {
    pub(super) fn new(usual: Option<String>) -> Self {
        Self {
            rate: 0.0,
            volume: LARGEST,
            voice: None,
            language: None,
            usual,
        }
    }

    /// Takes a line `name=value`. Others than these do not exist here: a pitch, symbolic voices
    /// (speech-dispatcher chooses one by name if it can), and modes of punctuation and spelling,
    /// which it handles itself.
    pub(super) fn set(&mut self, line: &str) {
        let Some((name, value)) = line.split_once('=') else {
            return;
        };
        let number = || {
            let number = value.parse().ok();
            number.map(|number: f64| number.clamp(-LARGEST, LARGEST))
        };
        let text = (value != NONE && !value.is_empty()).then(|| value.to_owned());
        match name {
            "rate" => self.rate = number().unwrap_or(self.rate),
            "volume" => self.volume = number().unwrap_or(self.volume),
            "synthesis_voice" => self.voice = text,
            "language" => self.language = text,
            _ => {}
        }
    }

    /// From half to twice as fast.
    pub(super) fn speed(&self) -> f64 {
        Speed::FASTEST.get().powf(self.rate / LARGEST)
    }

    /// What samples are multiplied by.
    pub(super) fn gain(&self) -> f32 {
        ((self.volume + LARGEST) / (2.0 * LARGEST)) as f32
    }

    /// The voice that was asked for, or the configuration's if it speaks the language, or the first
    /// one of the language.
    pub(super) fn choose(&self, voices: &Voices) -> Result<Chosen, VoiceError> {
        if let Some(name) = &self.voice {
            let (model, voice) = model_and_voice(name);
            let chosen = voices.choose(model, Some(voice));
            // Other modules' voices may be asked for, too.
            if !matches!(
                chosen,
                Err(VoiceError::NoVoice { .. } | VoiceError::NoModel { .. })
            ) {
                return chosen;
            }
        }
        let model = (self.language.as_deref()).and_then(|language| model_for(voices, language));
        if let Some(usual) = &self.usual {
            let (own, voice) = model_and_voice(usual);
            let own = own.or_else(|| voices.models().next().map(|model| model.name.as_str()));
            if model.is_none() || model.as_deref() == own {
                return voices.choose(own, Some(voice));
            }
        }
        voices.choose(model.as_deref(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_volume_are_of_speech_dispatchers_range() {
        let mut parameters = SpeechParameters::new(None);
        assert_eq!((parameters.speed(), parameters.gain()), (1.0, 1.0));
        for (line, speed, gain) in [
            ("rate=100", 2.0, 1.0),
            ("rate=-100", 0.5, 1.0),
            ("rate=900", 2.0, 1.0),
            ("rate=NULL", 2.0, 1.0),
            ("rate=0", 1.0, 1.0),
            ("volume=0", 1.0, 0.5),
            ("volume=-100", 1.0, 0.0),
            ("pitch=20", 1.0, 0.0),
            ("no parameter", 1.0, 0.0),
        ] {
            parameters.set(line);
            assert_eq!(
                (parameters.speed(), parameters.gain()),
                (speed, gain),
                "{line}"
            );
        }
    }
}
