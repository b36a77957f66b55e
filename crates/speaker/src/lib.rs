//! Speaks from a bundle: the native host, which runs the calls of `speech` in a backend of `runtime`.
//!
//! 1. A [`Speaker`] holds a loaded bundle. Several utterances may share it.
//! 2. A [`PreparedVoice`] is `flow_lm` in the state after a voice prompt. It is made from a voice
//!    file, or from a recording by way of `mimi_encoder`.
//! 3. [`Speaker::speak`] gives an [`Utterance`]: an iterator of [`SoundChunk`]s, the first of
//!    them one frame long. The decoder works beside the backbone, on a thread of its own.
//! 4. A [`Scheduler`] shares the cores among utterances that are spoken at the same time. Steps of their
//!    backbones that wait for a core are run together, and read the weights once.
//! 5. [`Normalization`] says whether numbers become words; [`rewritten`] applies it, and a pronunciation
//!    list.

mod arriving;
mod backbone;
mod cloner;
mod components;
mod decoder;
mod error;
mod generator;
mod heads;
mod lock;
mod rewriting;
mod scheduler;
mod seed;
mod speaker;
mod stop;
mod threads;
mod timings;
mod utterance;

pub use arriving::{TextSender, TextSenderError, arriving_text};
pub use cloner::{Cloner, VoiceMaker};
pub use decoder::SoundChunk;
pub use error::SpeakerError;
pub use heads::search_heads;
pub use rewriting::{Normalization, NormalizationError, rewritten, rewritten_source};
pub use scheduler::{Listening, ScheduledTask, Scheduler};
pub use seed::fresh_seed;
pub use speaker::{PreparedVoice, Speaker};
pub use stop::Stop;
pub use timings::{CallTiming, Timings};
pub use utterance::Utterance;
