//! Which model to convert, and where its files are.

use config::Variant;

/// A model to convert: a released one by name, or files of one's own.
///
/// Files are paths, `https://` or `hf://owner/repository/path@revision` locations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelSource {
    /// Name or signature of a released model, or `starling`; default: pocket-tts's own default.
    pub variant: Option<String>,
    /// A pocket-tts configuration (YAML), instead of a variant.
    pub config: Option<String>,
    /// Weights to use instead of those that the configuration names: a safetensors file, a trainer's
    /// checkpoint (.pt), or the folder that a trainer wrote.
    pub weights: Option<String>,
    /// Weights of the audio codec (mimi), instead of those in other files.
    pub mimi_weights: Option<String>,
    /// LoRA adapter to merge into the weights.
    pub adapter: Option<String>,
    /// Tokenizer to use instead of the one that the configuration names.
    pub tokenizer: Option<String>,
    /// Random weights of the model's real shapes, from this seed: they make noise, not speech.
    pub synthetic: Option<u64>,
}

impl ModelSource {
    /// A model that is known by name: `english`, `b6369a24`, `starling`.
    pub fn variant(name: impl Into<String>) -> Self {
        Self {
            variant: Some(name.into()),
            ..Self::default()
        }
    }

    /// A model with a configuration of one's own.
    pub fn config(location: impl Into<String>) -> Self {
        Self {
            config: Some(location.into()),
            ..Self::default()
        }
    }

    /// The variant's name as given, or the default one's.
    pub fn variant_name(&self) -> &str {
        self.variant.as_deref().unwrap_or(Variant::DEFAULT)
    }
}
