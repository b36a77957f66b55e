//! Errors, as JavaScript sees them.

use std::error::Error as _;

use audio::WavError;
use bundle::ManifestError;
use filetype::Foreign;
use runtime::RuntimeError;
use speech::{SpeechError, VoiceFileError};
use tensor::TensorError;
use wasm_bindgen::JsValue;

/// Why a call into the module fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Text, voice or options.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// A component.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A tensor from JavaScript.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A recording.
    #[error("the recording {0}")]
    Wav(#[from] WavError),
    /// A file that is not a recording.
    #[error("the file {0}")]
    Foreign(Foreign),
    /// Not enough memory for a file.
    #[error("no memory for {bytes} bytes: close other pages, or choose a smaller model")]
    Memory {
        /// How many.
        bytes: u64,
    },
    /// A component that does not exist.
    #[error("there is no component {name}")]
    Component {
        /// What it was called.
        name: String,
    },
    /// The SIMD self-test failed.
    #[error("the SIMD self-test failed in this browser: update it, or use the backend onnxruntime")]
    Instructions,
    /// A text that is not a string.
    #[error("the text has to be a string")]
    Text,
    /// An unknown option, or a value that it cannot have.
    #[error("the option {name} {problem}")]
    Option {
        /// The option.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A JavaScript value of the wrong type.
    #[error("{what} is not {expected}")]
    Value {
        /// What it was given as.
        what: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Error {
    /// The variant's name, which becomes the `name` of the JavaScript error.
    fn kind(&self) -> &'static str {
        match self {
            Self::Manifest(_) => "Manifest",
            Self::Runtime(RuntimeError::NoComponent { .. }) | Self::Component { .. } => {
                "NoComponent"
            }
            Self::Speech(error) => speech_kind(error),
            Self::Runtime(_) => "Runtime",
            Self::Tensor(_) => "Tensor",
            Self::Text => "Text",
            Self::Wav(_) | Self::Foreign(_) => "Audio",
            Self::Instructions => "Instructions",
            Self::Memory { .. } => "Memory",
            Self::Option { .. } => "Options",
            Self::Value { .. } => "Value",
        }
    }
}

fn speech_kind(error: &SpeechError) -> &'static str {
    match error {
        SpeechError::Text(_) | SpeechError::TextSource(_) => "Text",
        SpeechError::Tokenizer(_) => "Tokenizer",
        SpeechError::Voice(_) => "Voice",
        SpeechError::Audio(_) => "Audio",
        SpeechError::Noise(_)
        | SpeechError::Sampler(_)
        | SpeechError::EosThreshold
        | SpeechError::MaxTokens
        | SpeechError::NoWordHeads
        | SpeechError::Option(_)
        | SpeechError::Speed(_) => "Options",
        SpeechError::Tensor(_) => "Tensor",
        SpeechError::NoEncoder => "NoEncoder",
        SpeechError::NoComponent { .. } => "NoComponent",
        SpeechError::NoOutput { .. } | SpeechError::Shape { .. } | SpeechError::NotAsked => {
            "Runtime"
        }
        SpeechError::NotFinite { .. } => "NotFinite",
    }
}

impl From<VoiceFileError> for Error {
    fn from(error: VoiceFileError) -> Self {
        Self::Speech(error.into())
    }
}

impl From<Error> for JsValue {
    /// The whole chain of causes, on one line, after the option that is refused.
    fn from(error: Error) -> Self {
        let option = match &error {
            Error::Speech(error) => error.option(),
            _ => None,
        };
        let mut message = option.map_or_else(String::new, |it| {
            let name = it.js_name();
            format!("the option {name}: ")
        });
        message.push_str(&error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        let value = js_sys::Error::new(&message);
        value.set_name(error.kind());
        value.into()
    }
}
