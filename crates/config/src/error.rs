//! What can be wrong with a configuration.

use thiserror::Error;

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The text is no YAML, or a key is unknown, missing, repeated or of the wrong type.
    #[error("not a pocket-tts configuration: {0}")]
    Yaml(String),
    /// A value is impossible, or no model that pocket-onnx knows how to build.
    #[error("{key}: {reason}")]
    Invalid {
        /// Path of the key, such as `flow_lm.transformer.attn_dim`.
        key: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// The configuration cannot be written as YAML.
    #[error("cannot write the configuration as YAML: {0}")]
    Unwritable(String),
}
