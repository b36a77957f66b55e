//! Counterpart of `Config` in pocket-tts `utils/config.py`: the root of a model's YAML file.
//!
//! The types of this crate mirror the YAML one to one and refuse unknown keys;
//! defaults are upstream's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{FlowLmConfig, MimiConfig, Model, WordHead};

/// One model: the counterpart of `Config` in pocket-tts, with the keys of its YAML file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "mirrors the switches of the YAML one to one"
)]
pub struct Config {
    /// Backbone, sampler and text table.
    pub flow_lm: FlowLmConfig,
    /// Audio codec.
    pub mimi: MimiConfig,
    /// Location of the whole checkpoint. (Kyutai's is gated, because it can clone voices.)
    #[serde(default)]
    pub weights_path: Option<String>,
    /// Location of the open checkpoint that cannot clone voices.
    #[serde(default)]
    pub weights_path_without_voice_cloning: Option<String>,
    /// Put eight spaces before a text of fewer than five words.
    #[serde(default)]
    pub pad_with_spaces_for_short_inputs: bool,
    /// Rewrite semicolons to commas.
    #[serde(default)]
    pub remove_semicolons: bool,
    /// End every text with a full stop, question or exclamation mark.
    #[serde(default = "yes")]
    pub append_terminal_punctuation: bool,
    /// Upper-case the first letter.
    #[serde(default = "yes")]
    pub capitalize_first_letter: bool,
    /// Characters rewritten before tokenization; an empty text deletes.
    #[serde(default)]
    pub replace_characters: BTreeMap<char, String>,
    /// Frames spoken after the end of speech; guessed from the text when `None`.
    #[serde(default)]
    pub model_recommended_frames_after_eos: Option<u32>,
    /// Variance of the sampler's noise.
    #[serde(default = "default_temperature")]
    pub default_temperature: f64,
    /// The end-of-speech logit has to exceed this.
    #[serde(default = "default_eos_threshold")]
    pub default_eos_threshold: f64,
    /// Heads that tell when words are spoken; the key is that of `pocket-tts-timestamped`, for
    /// pocket-tts knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_heads: Option<Vec<WordHead>>,
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
    /// The options of its shape, without the locations of files, which belong to the machine that
    /// converts.
    pub fn model(&self) -> Model {
        let mut model = Model {
            flow_lm: self.flow_lm.clone(),
            mimi: self.mimi.clone(),
        };
        model.flow_lm.weights_path = None;
        model.flow_lm.lookup_table.tokenizer_path = None;
        model.mimi.weights_path = None;
        model
    }

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
