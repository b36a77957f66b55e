//! Counterpart of pocket-tts `default_parameters.py`: what a language speaks, and with which voice,
//! when the caller does not say.

use std::fmt;

/// Language of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VariantLanguage {
    /// English, in several accents.
    English,
    /// Dutch.
    Dutch,
    /// French.
    French,
    /// German.
    German,
    /// Italian.
    Italian,
    /// Portuguese.
    Portuguese,
    /// Spanish.
    Spanish,
}

impl VariantLanguage {
    /// Every language that has a variant.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::Dutch,
        Self::French,
        Self::German,
        Self::Italian,
        Self::Portuguese,
        Self::Spanish,
    ];

    /// Its name as variants begin with it, such as `english`.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "english",
            Self::Dutch => "dutch",
            Self::French => "french",
            Self::German => "german",
            Self::Italian => "italian",
            Self::Portuguese => "portuguese",
            Self::Spanish => "spanish",
        }
    }

    /// Name of the predefined voice to speak with.
    pub fn default_voice(self) -> &'static str {
        match self {
            Self::English => "alba",
            Self::Dutch => "daan",
            Self::French => "estelle",
            Self::German => "juergen",
            Self::Italian => "giovanni",
            Self::Portuguese => "rafael",
            Self::Spanish => "lola",
        }
    }

    /// Text to speak, the same as upstream's so that the two can be heard side by side.
    pub fn default_text(self) -> &'static str {
        match self {
            Self::English => {
                "Hello world. \
                 I am Kyutai's Pocket TTS. \
                 I'm fast enough to run on small CPUs. \
                 I hope you'll like me."
            }
            Self::Dutch => {
                "Hallo wereld. \
                 Ik ben Pocket TTS van Kyutai. \
                 Ik ben snel genoeg om op kleine CPU's te draaien. \
                 Ik hoop dat je me leuk vindt."
            }
            Self::French => {
                "Bonjour le monde. \
                 Je suis le TTS de poche de Kyutai. \
                 Je suis assez rapide pour fonctionner sur de petits CPU. \
                 J'espère que vous m'aimerez."
            }
            Self::German => {
                "Hallo Welt. \
                 Ich bin Pocket TTS von Kyutai. \
                 Ich bin schnell genug, um auch auf kleinen CPUs zu laufen. \
                 Ich hoffe, ich gefalle dir."
            }
            Self::Italian => {
                "Ciao mondo. \
                 Sono il Pocket TTS di Kyutai. \
                 Sono abbastanza veloce da funzionare su piccole CPU. \
                 Spero che ti piacerò."
            }
            Self::Portuguese => {
                "Olá mundo. \
                 Eu sou o Pocket TTS da Kyutai. \
                 Sou rápido o suficiente para rodar em CPUs pequenas. \
                 Espero que você goste de mim."
            }
            Self::Spanish => {
                "Hola mundo. \
                 Soy el Pocket TTS de Kyutai. \
                 Soy lo suficientemente rápido para funcionar en pequeñas CPU. \
                 Espero que te guste."
            }
        }
    }
}

impl fmt::Display for VariantLanguage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
