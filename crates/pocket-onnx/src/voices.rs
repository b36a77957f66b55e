//! Where voices come from: bundles, files, recordings, and the hub.

mod download;
mod input;
#[cfg(feature = "convert")]
pub mod names;
mod problem;
mod source;

#[cfg(feature = "convert")]
pub(crate) use self::download::read_fetched;
pub use self::input::is_standard_input;
pub use self::problem::VoiceProblem;
pub use self::source::{FetchedFile, LoadedVoice, NO_VOICE, VoiceSource, resolve};
