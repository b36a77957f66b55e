//! Kyutai's pocket-tts in Rust: text to speech on the CPU, offline, faster than it is spoken.
//!
//! ```
//! # fn main() -> pocket_onnx::Result<()> {
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("hello.wav");
//! let tts = pocket_onnx::Tts::starling()?;
//! tts.voice("heron")?.speak("Hello world.")?.save(&file)?;
//! # Ok(())
//! # }
//! ```
//!
//! **Build with `--release`.** Debug builds take many times as long as the speech lasts, unless your `Cargo.toml`
//! has dependencies optimised:
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```
//!
//! # What speaks
//!
//! - [`Tts`] is a loaded model: a folder (a *bundle*) that `convert` made of a checkpoint, or starling, a
//!   small English model that is part of this crate. **It is made for demonstration; Kyutai's models speak far
//!   better.** Open it once: handles are cheap to clone, and `Send + Sync`.
//! - [`Voice`] is one of the bundle, a predefined one, a voice file, or a cloned recording.
//! - [`Utterance`] is an iterator of [`Chunk`]s. The first comes after 80 ms of sound were made. Each utterance
//!   has a state of its own, so several can be spoken at once.
//!
//! Nothing here prints, and no mistake in a text, a file or an option is a panic: see [`Error`].
//!
//! # Threads
//!
//! An utterance works on two threads of its own, one for the backbone and one for the decoder, or, with
//! [`TtsBuilder::threads`] of 1, on the thread that asks for the next chunk. The weights are shared by all of
//! them. There is no thread pool, so as many utterances as there are pairs of cores run without delay.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `starling` (default) | [`Tts::starling`]: the included model, 11 MB; with it `convert` |
//! | `encode` (default) | [`Utterance::save`]: WAV, FLAC, Opus, MP3, PCM |
//! | `convert` | [`convert`](mod@convert): checkpoints to bundles, downloads from the hub; with it `voice` |
//! | `voice` | voices from recordings and voice files of any kind, and predefined ones from the hub |
//! | `verify` | [`verify`](mod@verify): checks of bundles |
//! | `onnxruntime`, `rten` | other [`Backend`]s, which run a bundle's ONNX graphs |
//!
//! Without any, the crate speaks from bundles, with their own voices.
//!
//! # Examples
//!
//! `speak` (text to a file), `play` (through the speakers), `convert` (a model and a voice to a bundle), `serve` (a web server that streams
//! speech with axum): `cargo run --example speak`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod builder;
#[cfg(feature = "convert")]
pub mod convert;
mod error;
#[cfg(feature = "starling")]
mod included;
mod observer;
#[cfg(feature = "convert")]
mod scratch;
#[cfg(feature = "encode")]
mod sound;
#[doc(hidden)]
pub mod suggest;
pub mod text;
mod tts;
mod utterance;
mod voice;
#[cfg(feature = "voice")]
pub mod voices;

pub use bundle::Manifest;
pub use normalize::Language;
pub use speaker::{Normalization, Stop, TextSender};
pub use speech::{RecordingNotice, SpeechNotice, SpeechOptions, Speed, Word};

pub use backend::{Backend, usual_threads};
pub use builder::TtsBuilder;
pub use error::{Error, Result};
pub use observer::{Observer, Progress, Silent};
#[cfg(feature = "convert")]
pub use scratch::remove_temporary_folders;
pub use tts::Tts;
pub use utterance::{Chunk, Utterance};
pub use voice::Voice;

/// The examples of the READMEs compile.
#[cfg(all(doctest, feature = "starling", feature = "encode"))]
mod readmes {
    #[doc = include_str!("../README.md")]
    struct CrateReadme;
    #[doc = include_str!("../../../README.md")]
    struct RootReadme;
}

/// The crate below this one: utterances step by step, for hosts of one's own.
pub use speaker;

/// The model that is part of this crate.
#[cfg(feature = "starling")]
pub mod starling {
    pub use crate::included::IncludedBundle;
}

/// Checks of bundles: their structure, and backends against each other and against records.
#[cfg(feature = "verify")]
pub mod verify {
    pub use ::verify::*;
}
