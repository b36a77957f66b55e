//! Counterpart of `Config` in pocket-tts `utils/config.py`: the root of a model's YAML file.
//!
//! The types of this crate mirror the YAML one to one and refuse unknown keys;
//! defaults are upstream's.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use crate::{FlowLmConfig, MimiConfig, Model, WordHead};

/// One model: the counterpart of `Config` in pocket-tts. It dereferences to its [`Model`], so that
/// `config.flow_lm` is what the YAML calls so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "ConfigYaml", into = "ConfigYaml")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "mirrors the switches of the YAML one to one"
)]
pub struct Config {
    /// The options of its shape: the keys `flow_lm` and `mimi`.
    pub model: Model,
    /// Location of the whole checkpoint. (Kyutai's is gated, because it can clone voices.)
    pub weights_path: Option<String>,
    /// Location of the open checkpoint that cannot clone voices.
    pub weights_path_without_voice_cloning: Option<String>,
    /// Put eight spaces before a text of fewer than five words.
    pub pad_with_spaces_for_short_inputs: bool,
    /// Rewrite semicolons to commas.
    pub remove_semicolons: bool,
    /// End every text with a full stop, question or exclamation mark.
    pub append_terminal_punctuation: bool,
    /// Upper-case the first letter.
    pub capitalize_first_letter: bool,
    /// Characters rewritten before tokenization; an empty text deletes.
    pub replace_characters: BTreeMap<char, String>,
    /// Frames spoken after the end of speech; guessed from the text when `None`.
    pub model_recommended_frames_after_eos: Option<u32>,
    /// Variance of the sampler's noise.
    pub default_temperature: f64,
    /// The end-of-speech logit has to exceed this.
    pub default_eos_threshold: f64,
    /// Heads that tell when words are spoken; the key is that of `pocket-tts-timestamped`, for
    /// pocket-tts knows none.
    pub timestamp_heads: Option<Vec<WordHead>>,
}

/// [`Config`] as YAML has it: one level, unknown keys refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "mirrors the switches of the YAML one to one"
)]
struct ConfigYaml {
    flow_lm: FlowLmConfig,
    mimi: MimiConfig,
    #[serde(default)]
    weights_path: Option<String>,
    #[serde(default)]
    weights_path_without_voice_cloning: Option<String>,
    #[serde(default)]
    pad_with_spaces_for_short_inputs: bool,
    #[serde(default)]
    remove_semicolons: bool,
    #[serde(default = "yes")]
    append_terminal_punctuation: bool,
    #[serde(default = "yes")]
    capitalize_first_letter: bool,
    #[serde(default)]
    replace_characters: BTreeMap<char, String>,
    #[serde(default)]
    model_recommended_frames_after_eos: Option<u32>,
    #[serde(default = "default_temperature")]
    default_temperature: f64,
    #[serde(default = "default_eos_threshold")]
    default_eos_threshold: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_heads: Option<Vec<WordHead>>,
}

impl From<ConfigYaml> for Config {
    fn from(yaml: ConfigYaml) -> Self {
        let ConfigYaml {
            flow_lm,
            mimi,
            weights_path,
            weights_path_without_voice_cloning,
            pad_with_spaces_for_short_inputs,
            remove_semicolons,
            append_terminal_punctuation,
            capitalize_first_letter,
            replace_characters,
            model_recommended_frames_after_eos,
            default_temperature,
            default_eos_threshold,
            timestamp_heads,
        } = yaml;
        Self {
            model: Model { flow_lm, mimi },
            weights_path,
            weights_path_without_voice_cloning,
            pad_with_spaces_for_short_inputs,
            remove_semicolons,
            append_terminal_punctuation,
            capitalize_first_letter,
            replace_characters,
            model_recommended_frames_after_eos,
            default_temperature,
            default_eos_threshold,
            timestamp_heads,
        }
    }
}

impl From<Config> for ConfigYaml {
    fn from(config: Config) -> Self {
        let Config {
            model: Model { flow_lm, mimi },
            weights_path,
            weights_path_without_voice_cloning,
            pad_with_spaces_for_short_inputs,
            remove_semicolons,
            append_terminal_punctuation,
            capitalize_first_letter,
            replace_characters,
            model_recommended_frames_after_eos,
            default_temperature,
            default_eos_threshold,
            timestamp_heads,
        } = config;
        Self {
            flow_lm,
            mimi,
            weights_path,
            weights_path_without_voice_cloning,
            pad_with_spaces_for_short_inputs,
            remove_semicolons,
            append_terminal_punctuation,
            capitalize_first_letter,
            replace_characters,
            model_recommended_frames_after_eos,
            default_temperature,
            default_eos_threshold,
            timestamp_heads,
        }
    }
}

impl Deref for Config {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.model
    }
}

impl DerefMut for Config {
    fn deref_mut(&mut self) -> &mut Model {
        &mut self.model
    }
}

fn yes() -> bool {
    true
}

fn default_temperature() -> f64 {
    0.3
}

fn default_eos_threshold() -> f64 {
    -4.0
}

/// How a text is prepared before it is tokenized: the part of [`Config`] that is about text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "mirrors the switches of the YAML one to one"
)]
pub struct TextOptions {
    /// Put eight spaces before a text of fewer than five words.
    pub pad_with_spaces_for_short_inputs: bool,
    /// Rewrite semicolons to commas.
    pub remove_semicolons: bool,
    /// End every text with a full stop, question or exclamation mark.
    pub append_terminal_punctuation: bool,
    /// Upper-case the first letter.
    pub capitalize_first_letter: bool,
    /// Characters rewritten before tokenization; an empty text deletes.
    pub replace_characters: BTreeMap<char, String>,
}

/// Those of a configuration that says nothing about it.
impl Default for TextOptions {
    fn default() -> Self {
        Self {
            pad_with_spaces_for_short_inputs: false,
            remove_semicolons: false,
            append_terminal_punctuation: yes(),
            capitalize_first_letter: yes(),
            replace_characters: BTreeMap::new(),
        }
    }
}

/// How speech is sampled by default: the part of [`Config`] that is about sampling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GenerationOptions {
    /// Frames spoken after the end of speech; guessed from the text when `None`.
    pub model_recommended_frames_after_eos: Option<u32>,
    /// Variance of the sampler's noise.
    pub default_temperature: f64,
    /// The end-of-speech logit has to exceed this.
    pub default_eos_threshold: f64,
}

impl Config {
    /// The options of text preparation.
    pub fn text_options(&self) -> TextOptions {
        TextOptions {
            pad_with_spaces_for_short_inputs: self.pad_with_spaces_for_short_inputs,
            remove_semicolons: self.remove_semicolons,
            append_terminal_punctuation: self.append_terminal_punctuation,
            capitalize_first_letter: self.capitalize_first_letter,
            replace_characters: self.replace_characters.clone(),
        }
    }

    /// The options of sampling.
    pub fn generation_options(&self) -> GenerationOptions {
        GenerationOptions {
            model_recommended_frames_after_eos: self.model_recommended_frames_after_eos,
            default_temperature: self.default_temperature,
            default_eos_threshold: self.default_eos_threshold,
        }
    }
}
