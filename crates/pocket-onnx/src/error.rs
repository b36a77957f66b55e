//! What can go wrong, in one type.

use std::io;

use bundle::ManifestError;
use normalize::ReplacementError;
use runtime::RuntimeError;
use speaker::{NormalizationError, SpeakerError, TextSenderError};
use speech::SpeechError;

use crate::text::TextFileError;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a bundle cannot be loaded or made, or a text cannot be spoken.
///
/// Messages name the file, tensor or option, and the way out. What an error is about and its cause are
/// apart: print the chain of [`source`](std::error::Error::source)s, or use `{:#}` of `anyhow`.
///
/// ```
/// use pocket_onnx::{Error, Tts};
///
/// let error = Tts::open("no/such/folder").unwrap_err();
/// assert!(matches!(error, Error::Manifest(_)));
/// assert!(error.to_string().contains("no/such/folder"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What went wrong, and with what.
    #[error("{what}")]
    About {
        /// A file, a voice, an option.
        what: String,
        /// What went wrong with it.
        source: Box<Error>,
    },
    /// The manifest of a bundle.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A bundle cannot speak for another reason.
    #[error(transparent)]
    Speaker(SpeakerError),
    /// Text, voice or options.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// A component, or the backend that runs it.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Numbers cannot become words.
    #[error(transparent)]
    Normalization(#[from] NormalizationError),
    /// A pronunciation list.
    #[error(transparent)]
    Replacements(#[from] ReplacementError),
    /// A text that comes piece by piece is over.
    #[error(transparent)]
    TextSender(#[from] TextSenderError),
    /// A file that is not a text.
    #[error(transparent)]
    TextFile(#[from] TextFileError),
    /// A file or folder cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The system has no random numbers for a seed.
    #[error("the system has no random numbers: give a seed")]
    NoSeed,
    /// A model that is not known by name.
    #[error(transparent)]
    Variant(#[from] config::UnknownVariant),
    /// Sound cannot be encoded.
    #[cfg(feature = "encode")]
    #[error(transparent)]
    Encode(#[from] encode::EncodeError),
    /// The ending of a file's name is not of a format of sound.
    #[cfg(feature = "encode")]
    #[error("{path}: the ending names no format of sound: give .wav, .flac, .opus, .mp3 or .pcm")]
    SoundFormat {
        /// The file.
        path: std::path::PathBuf,
    },
    /// An output cannot be written.
    #[error(transparent)]
    Output(#[from] files::OutputError),
    /// A voice cannot be found, named or used.
    #[cfg(feature = "voice")]
    #[error(transparent)]
    Voice(#[from] crate::voices::VoiceProblem),
    /// A recording.
    #[cfg(feature = "voice")]
    #[error(transparent)]
    Recording(Box<audio::RecordingError>),
    /// A location that cannot be understood.
    #[cfg(feature = "voice")]
    #[error(transparent)]
    Location(#[from] checkpoint::LocationError),
    /// A download.
    #[cfg(feature = "voice")]
    #[error(transparent)]
    Fetch(Box<checkpoint::FetchError>),
    /// Weights.
    #[cfg(feature = "voice")]
    #[error(transparent)]
    Weights(#[from] checkpoint::WeightsError),
    /// The files of a model.
    #[cfg(feature = "convert")]
    #[error(transparent)]
    Source(Box<checkpoint::SourceError>),
    /// A LoRA adapter.
    #[cfg(feature = "convert")]
    #[error(transparent)]
    Adapter(Box<checkpoint::AdapterError>),
    /// A tokenizer file.
    #[cfg(feature = "convert")]
    #[error(transparent)]
    Tokenizer(Box<checkpoint::TokenizerFileError>),
    /// A configuration.
    #[cfg(feature = "convert")]
    #[error(transparent)]
    Config(Box<config::ConfigError>),
    /// A file whose digest cannot be computed.
    #[cfg(feature = "convert")]
    #[error(transparent)]
    File(#[from] bundle::FileError),
    /// A conversion that contradicts itself or its model.
    #[cfg(feature = "convert")]
    #[error(transparent)]
    Conversion(#[from] crate::convert::ConversionProblem),
    /// A bundle cannot be written.
    #[cfg(feature = "convert")]
    #[error(transparent)]
    Export(Box<export::ExportError>),
    /// A bundle cannot be checked.
    #[cfg(feature = "verify")]
    #[error(transparent)]
    Verify(Box<verify::VerifyError>),
}

/// Large errors are boxed, so that results stay small.
macro_rules! boxed {
    ($($feature:literal $variant:ident $type:ty,)+) => {
        $(
            #[cfg(feature = $feature)]
            impl From<$type> for Error {
                fn from(error: $type) -> Self {
                    Self::$variant(Box::new(error))
                }
            }
        )+
    };
}

boxed! {
    "voice" Recording audio::RecordingError,
    "voice" Fetch checkpoint::FetchError,
    "convert" Source checkpoint::SourceError,
    "convert" Adapter checkpoint::AdapterError,
    "convert" Tokenizer checkpoint::TokenizerFileError,
    "convert" Config config::ConfigError,
    "convert" Export export::ExportError,
    "verify" Verify verify::VerifyError,
}

impl From<SpeakerError> for Error {
    fn from(error: SpeakerError) -> Self {
        match error {
            SpeakerError::Manifest(error) => Self::Manifest(error),
            SpeakerError::Speech(error) => Self::Speech(error),
            SpeakerError::Runtime(error) => Self::Runtime(error),
            error @ (SpeakerError::Read { .. }
            | SpeakerError::NoVoice { .. }
            | SpeakerError::Thread { .. }) => Self::Speaker(error),
        }
    }
}

impl Error {
    /// The error without what it is about.
    pub fn root(&self) -> &Self {
        match self {
            Self::About { source, .. } => source.root(),
            error => error,
        }
    }

    /// Whether an [`Observer`](crate::Observer) ended the work.
    #[cfg(feature = "convert")]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.root(), Self::Export(error) if matches!(**error, export::ExportError::Cancelled))
    }

    /// Whether files of a model or a voice could not be had, which another try or a network may mend.
    #[cfg(feature = "convert")]
    pub fn is_unavailable(&self) -> bool {
        matches!(self.root(), Self::Source(_) | Self::Fetch(_))
    }
}

/// Adds to an error what it is about.
#[cfg(any(feature = "encode", feature = "voice"))]
pub(crate) trait About<T> {
    /// `what` is prefixed in the chain of causes.
    fn about(self, what: impl FnOnce() -> String) -> Result<T>;
}

#[cfg(any(feature = "encode", feature = "voice"))]
impl<T, E: Into<Error>> About<T> for Result<T, E> {
    fn about(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::About {
            what: what(),
            source: Box::new(error.into()),
        })
    }
}
