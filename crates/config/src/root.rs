//! Counterpart of `Config` in pocket-tts `utils/config.py`: the root of a model's YAML file.
//!
//! The types of this crate mirror the YAML one to one and refuse unknown keys;
//! defaults are upstream's. Methods resolve the "when None" rules, so that the
//! rest of the project never repeats them. They expect a validated configuration.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{FlowLmConfig, MimiConfig, MimiTransformerConfig, SeanetConfig, WordHead};

/// One model: counterpart of `Config`.
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
    /// Location of the whole checkpoint, which is gated because it can clone voices.
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
    /// End every prompt with a full stop, question or exclamation mark.
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

/// How a text is prepared before it is tokenized: the text half of [`Config`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// End every prompt with a full stop, question or exclamation mark.
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

/// How speech is sampled when the caller does not say: the other half of [`Config`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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

    /// Width of a latent (`ldim`).
    pub fn latent_dim(&self) -> usize {
        self.mimi.quantizer.dimension
    }

    /// Width of the encoder's latents, which the speaker projection reads.
    pub fn inner_dim(&self) -> usize {
        self.mimi.inner_dim.unwrap_or(self.mimi.seanet.dimension)
    }

    /// Width of the quantizer's output, which the upsampling reads.
    pub fn outer_dim(&self) -> usize {
        self.mimi
            .outer_dim
            .unwrap_or(self.decoder_seanet().dimension)
    }

    /// The decoder's SEANet.
    pub fn decoder_seanet(&self) -> &SeanetConfig {
        self.mimi
            .decoder_seanet
            .as_ref()
            .unwrap_or(&self.mimi.seanet)
    }

    /// The decoder's transformer.
    pub fn decoder_transformer(&self) -> &MimiTransformerConfig {
        self.mimi
            .decoder_transformer
            .as_ref()
            .unwrap_or(&self.mimi.transformer)
    }

    /// Transformer positions of the codec per latent frame: the stride between
    /// `encoder_frame_rate` and `frame_rate`.
    pub fn positions_per_frame(&self) -> usize {
        let encoder_frame_rate =
            f64::from(self.mimi.sample_rate) / self.mimi.seanet.hop_length() as f64;
        (encoder_frame_rate / self.mimi.frame_rate) as usize
    }

    /// Samples per latent frame.
    pub fn frame_size(&self) -> usize {
        (f64::from(self.mimi.sample_rate) / self.mimi.frame_rate) as usize
    }
}
