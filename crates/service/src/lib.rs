//! Speech for other programs.
//!
//! 1. [`Voices`] holds the models by name, and the voices of each: the first model is loaded at the
//!    start, others on request. Each stays loaded, with its voices prepared.
//! 2. A [`WorkQueue`] has more workers than there are cores, and gives them requests in order of arrival.
//!    If too many wait, a request is refused at once. The workers share the cores by a
//!    [`speaker::Scheduler`], so that all who listen get their sound in time.
//! 3. A [`Job`] speaks one text in one sound format. It ends within a frame when its listener has
//!    gone.
//! 4. [`http`] is OpenAI's protocol and pocket-tts's own form on top of that, [`wyoming`] the
//!    protocol of Home Assistant. [`dispatcher`] is a module of speech-dispatcher.

mod connections;
pub mod dispatcher;
pub mod http;
mod job;
mod metrics;
mod names;
mod queue;
mod voices;
pub mod wyoming;

pub use connections::{ClientStream, ConnectionPermit, Connections};
pub use job::{EncodedSound, Job, JobEvent, JobFailure, JobText, Listener, Outcome, SpokenFigures};
pub use metrics::Metrics;
pub use names::OPENAI_VOICES;
pub use queue::{Full, WorkQueue};
pub use voices::{Chosen, ModelEntry, VoiceError, Voices};

/// Settings of all requests.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most letters in a text.
    pub longest_text: usize,
    /// Most bytes of an uploaded recording.
    pub longest_recording: usize,
    /// Bytes of sound up to which an answer waits for its end, so that its header has the true
    /// length.
    pub longest_whole: usize,
    /// Whether numbers become words, if a request does not say.
    pub normalization: speaker::Normalization,
    /// The pronunciation list.
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
