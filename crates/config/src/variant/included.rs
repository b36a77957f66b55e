//! The models included in the program: what is known of them without their weights, which the
//! crate `starling` carries.

use std::sync::LazyLock;

use crate::{Config, PredefinedVoice};

/// A model of this project's own, whose files lie in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Included {
    /// `models/starling/`.
    Starling,
}

static STARLING: LazyLock<Config> = LazyLock::new(|| {
    // `cargo xtask codegen` copies it to `models/starling/config.yaml`.
    let yaml = include_str!("starling.yaml");
    // The file is compiled in, so that a test of this crate proves that this cannot happen.
    Config::from_yaml(yaml).unwrap_or_else(|error| panic!("starling.yaml: {error}"))
});

static STARLING_VOICES: [PredefinedVoice; 2] = [
    PredefinedVoice {
        name: "robin",
        origin: "models/starling/robin.wav",
    },
    PredefinedVoice {
        name: "heron",
        origin: "models/starling/heron.wav",
    },
];

impl Included {
    pub(super) fn config(self) -> &'static Config {
        match self {
            Self::Starling => &STARLING,
        }
    }

    /// Its voices; the first is the one to speak with unless asked otherwise.
    pub(super) fn voices(self) -> &'static [PredefinedVoice] {
        match self {
            Self::Starling => &STARLING_VOICES,
        }
    }

    pub(super) fn default_voice(self) -> &'static str {
        match self {
            Self::Starling => "robin",
        }
    }

    pub(super) fn default_text(self) -> &'static str {
        match self {
            Self::Starling => {
                "Hello there. \
                 I am a small voice, and I speak on your own machine. \
                 I hope you will like me."
            }
        }
    }
}
