//! The options of a model's shape: the part of a configuration that a bundle's manifest keeps.
//!
//! Methods resolve the "when None" rules, so that the rest of the project never repeats them; they
//! expect a validated configuration.

use serde::{Deserialize, Serialize};

use crate::{FlowLmConfig, MimiConfig, MimiTransformerConfig, SeanetConfig};

/// The model options of a configuration, as pocket-tts names them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Backbone, sampler and text table.
    pub flow_lm: FlowLmConfig,
    /// Audio codec.
    pub mimi: MimiConfig,
}

impl Model {
    /// The same options without the locations of files, which belong to the machine that converted.
    #[must_use]
    pub fn without_locations(&self) -> Self {
        let mut model = self.clone();
        model.flow_lm.weights_path = None;
        model.flow_lm.lookup_table.tokenizer_path = None;
        model.mimi.weights_path = None;
        model
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
