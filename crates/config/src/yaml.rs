//! Counterpart of `load_config` in pocket-tts `utils/config.py`: strict YAML in, plain YAML out.

use std::borrow::Cow;

use serde_saphyr::{MessageFormatter, UserMessageFormatter};

use crate::{Config, ConfigError};

impl Config {
    /// Reads and validates the YAML of a configuration.
    ///
    /// Stricter than upstream where upstream would guess: a repeated key, `yes` for a
    /// boolean, or an unquoted number for a text is an error that shows the line.
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let options = serde_saphyr::options! {
            strict_booleans: true,
            no_schema: true,
            // Upstream's reader follows YAML 1.1, where 010 is eight.
            legacy_octal_numbers: true,
        };
        let config: Self = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| ConfigError::Yaml(shown(&error)))?;
        config.validate()?;
        Ok(config)
    }

    /// Writes the configuration as YAML, with every default spelled out.
    ///
    /// [`Config::from_yaml`] reads it back, and so does pocket-tts, which unlike us insists on
    /// a `tokenizer_path`.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        let options = serde_saphyr::ser_options! {
            // Locations are longer than the width at which text would be folded.
            prefer_block_scalars: false,
        };
        serde_saphyr::to_string_with_options(self, options)
            .map_err(|error| ConfigError::Unwritable(error.to_string()))
    }
}

/// The place, the mistake and the lines around it.
fn shown(error: &serde_saphyr::Error) -> String {
    let text = error.render_with_formatter(&PlainWords);
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

/// Words for the author of the YAML, who need not know Rust's types.
struct PlainWords;

impl MessageFormatter for PlainWords {
    fn format_message<'a>(&self, error: &'a serde_saphyr::Error) -> Cow<'a, str> {
        match error {
            serde_saphyr::Error::InvalidScalar { ty, .. } if ty.starts_with(['u', 'i']) => {
                "expected a whole number that is neither negative nor huge".into()
            }
            serde_saphyr::Error::InvalidScalar {
                ty: "floating point",
                ..
            } => "expected a number".into(),
            _ => UserMessageFormatter.format_message(error),
        }
    }
}
