//! Notices: things in a text or its options that may be mistakes.

use std::fmt;

use bundle::Manifest;

use crate::SpeechOptions;

/// Something that the user may have meant differently; it does not stop speech.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechNotice {
    /// Text that looks like a pause but is spoken as words.
    PauseMarker {
        /// The first few, as written.
        markers: Vec<String>,
    },
    /// A text without words, such as `...` or an emoji: a short silence stands for it.
    NoWords,
    /// Letters that the vocabulary does not have, as those of other scripts: the model has not learned them.
    UnknownLetters {
        /// The first few, separated by commas.
        letters: String,
    },
    /// More sampler steps than the model uses.
    Steps {
        /// How many were asked for.
        steps: usize,
    },
}

impl SpeechNotice {
    /// All notices that can be given before a text is spoken, in which `near_misses` look like pauses.
    pub fn all(near_misses: &[String], options: &SpeechOptions, manifest: &Manifest) -> Vec<Self> {
        let markers = (!near_misses.is_empty()).then(|| Self::PauseMarker {
            markers: near_misses.to_vec(),
        });
        let takes_one = !manifest.model.flow_lm.flow.kind.takes_steps();
        let steps = (takes_one && options.steps > 1).then_some(Self::Steps {
            steps: options.steps,
        });
        markers.into_iter().chain(steps).collect()
    }

    /// Whether it shows only when the text is over, also where that was checked before.
    pub fn shows_at_end(&self) -> bool {
        match self {
            Self::NoWords | Self::UnknownLetters { .. } => true,
            Self::PauseMarker { .. } | Self::Steps { .. } => false,
        }
    }

    /// A short name, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PauseMarker { .. } => "pause-marker",
            Self::NoWords => "no-words",
            Self::UnknownLetters { .. } => "unknown-letters",
            Self::Steps { .. } => "steps",
        }
    }
}

impl fmt::Display for SpeechNotice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PauseMarker { markers } => write!(
                out,
                "{} is spoken as words: pauses are written [pause 500ms] or [pause 1.2s]",
                markers.join(", ")
            ),
            Self::NoWords => out.write_str(
                "the text has no words: a short silence is all that is heard \
                 (the option normalize reads some signs and emoji as words)",
            ),
            Self::UnknownLetters { letters } => write!(
                out,
                "the model's vocabulary does not have the letters {letters}: it has not learned to speak them"
            ),
            Self::Steps { steps } => write!(
                out,
                "this model's sampler always takes one step: {steps} have no effect"
            ),
        }
    }
}
