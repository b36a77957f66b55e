//! Speech for other programs.
//!
//! 1. [`Voices`] holds the models by name: the first is loaded at the start, others when they are
//!    asked for, and each stays, with its voices ready to speak.
//! 2. A [`Queue`] has a few workers, and answers requests in the order of their arrival. Where too
//!    many wait, a request is refused at once.
//! 3. A [`Job`] speaks one text into one format. It ends within a frame when nobody listens any
//!    more.
//! 4. [`http`] is OpenAI's protocol and pocket-tts's own form on top of that, [`wyoming`] the
//!    protocol of Home Assistant.

pub mod http;
mod job;
mod names;
mod queue;
mod voices;
pub mod wyoming;

pub use job::{Job, JobText, Listener, Part, Sound, Spoken};
pub use names::OPENAI_VOICES;
pub use queue::{Full, Queue};
pub use voices::{Chosen, ModelEntry, VoiceError, Voices};

/// What all requests have in common.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Letters that a text may have.
    pub longest_text: usize,
    /// Bytes of an uploaded recording.
    pub longest_recording: usize,
    /// Bytes of sound up to which an answer waits for its end, so that its header can say how long
    /// it is.
    pub longest_whole: usize,
    /// Whether numbers become words where a request does not say it.
    pub normalization: speaker::Normalization,
    /// Spoken forms of words.
    pub replacements: normalize::Replacements,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            longest_text: 20_000,
            longest_recording: 20 << 20,
            longest_whole: 16 << 20,
            normalization: speaker::Normalization::default(),
            replacements: normalize::Replacements::default(),
        }
    }
}
