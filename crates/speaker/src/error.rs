//! What can go wrong between a bundle and sound.

use std::io;
use std::path::PathBuf;

use bundle::ManifestError;
use runtime::RuntimeError;
use speech::SpeechError;

/// Why a bundle cannot speak.
#[derive(Debug, thiserror::Error)]
pub enum SpeakerError {
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Text, voice or options.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// A component.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A file of the bundle.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A voice that is not in the bundle.
    #[error("this bundle has no voice {name}; it has {}", list(.voices))]
    NoVoice {
        /// What was asked for.
        name: String,
        /// The available ones.
        voices: Vec<String>,
    },
    /// A thread ended unexpectedly.
    #[error("the {thread} thread has failed")]
    Thread {
        /// Its task.
        thread: &'static str,
    },
}

fn list(voices: &[String]) -> String {
    match voices {
        [] => "none (add some with `pocket-onnx convert --voices`)".to_owned(),
        voices => voices.join(", "),
    }
}
