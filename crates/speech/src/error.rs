//! What can go wrong between a text and its samples.

use bundle::ComponentName;
use stretch::SpeedError;
use tensor::TensorError;

use crate::{
    AudioError, ListedOption, NoiseError, OptionError, SamplerError, SpeechOptions, TextError,
    TokenizerError, VoiceFileError,
};

/// Why a text cannot be spoken or a voice cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// The text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The rest of the text is not available.
    #[error("cannot read more of the text")]
    TextSource(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The voice.
    #[error(transparent)]
    Voice(#[from] VoiceFileError),
    /// The recording.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The options of the noise.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// The options of the sampler.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
    /// A tensor cannot be made.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A limit of 0 tokens.
    #[error("chunks of 0 tokens at most: a chunk needs at least 1 token")]
    MaxTokens,
    /// A threshold that is NaN.
    #[error("the end-of-speech threshold is NaN")]
    EosThreshold,
    /// An option that does not exist, or a value of another kind than the option's.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// A speed outside the range.
    #[error(transparent)]
    Speed(#[from] SpeedError),
    /// The model's word heads are not known.
    #[error(
        "the word heads of this model are not known: `pocket-onnx heads \
         BUNDLE` finds them, and says how they are put into the bundle"
    )]
    NoWordHeads,
    /// The model cannot make voices.
    #[error(
        "this bundle cannot clone a voice because it has no mimi_encoder: convert the gated weights with all components"
    )]
    NoEncoder,
    /// The bundle lacks a component.
    #[error("the bundle has no {component}: convert it again with all components")]
    NoComponent {
        /// The component.
        component: ComponentName,
    },
    /// A component lacks an output.
    #[error(
        "{component} returned no f32 output {output}: was the bundle made by another version of this program?"
    )]
    NoOutput {
        /// The component.
        component: ComponentName,
        /// The output.
        output: &'static str,
    },
    /// A component returned NaN or infinity.
    #[error(
        "{component} returned {output} with a value that is not finite: the weights are damaged, or an option is extreme"
    )]
    NotFinite {
        /// The component.
        component: ComponentName,
        /// The output.
        output: &'static str,
    },
    /// A component returned an output of the wrong shape.
    #[error("{component} returned {output} with the unexpected shape {shape:?}")]
    Shape {
        /// The component.
        component: ComponentName,
        /// The output.
        output: &'static str,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The host supplied outputs without a call.
    #[error("outputs were supplied without a call")]
    NotAsked,
}

impl SpeechError {
    /// The name in [`SpeechOptions::LIST`] of the option whose value is refused. Hosts spell it in their own
    /// way, so the message leaves it out.
    pub fn option(&self) -> Option<&'static ListedOption> {
        let name = match self {
            Self::MaxTokens => "max_tokens",
            Self::EosThreshold => "eos_threshold",
            Self::Noise(NoiseError::Temperature(_)) => "temperature",
            Self::Noise(NoiseError::Clamp(_)) => "noise_clamp",
            Self::Sampler(SamplerError::NoSteps) => "steps",
            Self::Speed(_) => "speed",
            Self::NoWordHeads => "words",
            Self::Option(_)
            | Self::Sampler(SamplerError::Width { .. })
            | Self::Text(_)
            | Self::TextSource(_)
            | Self::Tokenizer(_)
            | Self::Voice(_)
            | Self::Audio(_)
            | Self::Tensor(_)
            | Self::NoEncoder
            | Self::NoComponent { .. }
            | Self::NoOutput { .. }
            | Self::NotFinite { .. }
            | Self::Shape { .. }
            | Self::NotAsked => return None,
        };
        SpeechOptions::LIST.iter().find(|it| it.name == name)
    }
}
