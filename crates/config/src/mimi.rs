//! The `mimi` half of a configuration.
//!
//! Methods resolve the "when None" rules, so that the rest of the project never repeats them; they
//! expect a validated configuration.

use serde::{Deserialize, Serialize};

/// Counterpart of `MimiConfig` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MimiConfig {
    /// Number type in which pocket-tts runs the model.
    pub dtype: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Audio channels.
    pub channels: usize,
    /// Latent frames per second.
    pub frame_rate: f64,
    /// Encoder's SEANet, and the decoder's unless `decoder_seanet` says otherwise.
    pub seanet: SeanetConfig,
    /// Encoder's transformer, and the decoder's unless `decoder_transformer` says otherwise.
    pub transformer: MimiTransformerConfig,
    /// Projection of latents.
    pub quantizer: QuantizerConfig,
    /// Location of the codec's own weights (the training layout).
    #[serde(default)]
    pub weights_path: Option<String>,
    /// Width of the encoder's latents; the SEANet's own when `None`.
    #[serde(default)]
    pub inner_dim: Option<usize>,
    /// Width between quantizer and upsampling; the decoder SEANet's own when `None`.
    #[serde(default)]
    pub outer_dim: Option<usize>,
    /// Decoder's SEANet where it differs.
    #[serde(default)]
    pub decoder_seanet: Option<SeanetConfig>,
    /// Decoder's transformer where it differs.
    #[serde(default)]
    pub decoder_transformer: Option<MimiTransformerConfig>,
}

impl MimiConfig {
    /// Width of a latent (`ldim`).
    pub fn latent_dim(&self) -> usize {
        self.quantizer.dimension
    }

    /// Width of the encoder's latents, which the speaker projection reads.
    pub fn inner_dim(&self) -> usize {
        self.inner_dim.unwrap_or(self.seanet.dimension)
    }

    /// Width of the quantizer's output, which the upsampling reads.
    pub fn outer_dim(&self) -> usize {
        self.outer_dim.unwrap_or(self.decoder_seanet().dimension)
    }

    /// The decoder's SEANet.
    pub fn decoder_seanet(&self) -> &SeanetConfig {
        self.decoder_seanet.as_ref().unwrap_or(&self.seanet)
    }

    /// The decoder's transformer.
    pub fn decoder_transformer(&self) -> &MimiTransformerConfig {
        self.decoder_transformer
            .as_ref()
            .unwrap_or(&self.transformer)
    }

    /// Transformer positions of the codec per latent frame: the stride between
    /// `encoder_frame_rate` and `frame_rate`.
    pub fn positions_per_frame(&self) -> usize {
        let encoder_frame_rate = f64::from(self.sample_rate) / self.seanet.hop_length() as f64;
        (encoder_frame_rate / self.frame_rate) as usize
    }

    /// Samples per latent frame.
    pub fn frame_size(&self) -> usize {
        (f64::from(self.sample_rate) / self.frame_rate) as usize
    }
}

/// Counterpart of `SEANetConfig` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SeanetConfig {
    /// Width at the transformer's end.
    pub dimension: usize,
    /// Width at the audio's end.
    pub channels: usize,
    /// Width of the layer next to the audio.
    pub n_filters: usize,
    /// Residual blocks per ratio.
    pub n_residual_layers: usize,
    /// Strides, in the decoder's order.
    pub ratios: Vec<usize>,
    /// Kernel of the first convolution.
    pub kernel_size: usize,
    /// Kernel of the residual blocks.
    pub residual_kernel_size: usize,
    /// Kernel of the last convolution.
    pub last_kernel_size: usize,
    /// Dilation of residual block `j` is this to the power of `j`.
    pub dilation_base: usize,
    /// What comes before the first sample.
    pub pad_mode: PadMode,
    /// A residual block narrows by this.
    pub compress: usize,
}

impl SeanetConfig {
    /// Samples per transformer position.
    pub fn hop_length(&self) -> usize {
        self.ratios.iter().product()
    }
}

/// What a streaming convolution sees before the first sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PadMode {
    /// Zeros.
    Constant,
    /// The first value, repeated.
    Replicate,
}

/// Counterpart of `MimiTransformerConfig` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MimiTransformerConfig {
    /// Width.
    pub d_model: usize,
    /// Width of the input, projected where it differs from `d_model`.
    pub input_dimension: usize,
    /// Widths of the outputs (the codec uses exactly one).
    pub output_dimensions: Vec<usize>,
    /// Heads.
    pub num_heads: usize,
    /// Layers.
    pub num_layers: usize,
    /// Initial layer scale; the checkpoint holds the trained one.
    pub layer_scale: f64,
    /// Positions that attention sees, its own included.
    pub context: usize,
    /// Longest period of the rotary embedding.
    #[serde(default = "default_max_period")]
    pub max_period: f64,
    /// Feed-forward width.
    pub dim_feedforward: usize,
}

fn default_max_period() -> f64 {
    10_000.0
}

impl MimiTransformerConfig {
    /// Width of one head.
    pub fn dim_per_head(&self) -> usize {
        self.d_model / self.num_heads
    }
}

/// Counterpart of `QuantizerConfig` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QuantizerConfig {
    /// Width of a latent.
    pub dimension: usize,
    /// Width after the projection.
    pub output_dimension: usize,
}
