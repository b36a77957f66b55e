//! The `flow_lm` half of a configuration.

use serde::{Deserialize, Serialize};

/// Counterpart of `FlowLMConfig` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlowLmConfig {
    /// Number type in which pocket-tts runs the model.
    pub dtype: String,
    /// Flow net.
    pub flow: FlowConfig,
    /// Backbone.
    pub transformer: FlowLmTransformerConfig,
    /// Width of the conditioning after `z_proj`; the backbone's own width when `None`.
    #[serde(default)]
    pub z_dim: Option<usize>,
    /// Text table and tokenizer.
    pub lookup_table: LookupTable,
    /// Location of the backbone's own weights (the training layout).
    #[serde(default)]
    pub weights_path: Option<String>,
    /// Whether `bos_before_voice` comes before the voice prompt.
    #[serde(default)]
    pub insert_bos_before_voice: bool,
}

/// Counterpart of `FlowConfig` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// Width.
    pub dim: usize,
    /// Residual blocks.
    pub depth: usize,
    /// Sampler.
    #[serde(default, rename = "type")]
    pub kind: FlowType,
}

/// How a latent is sampled from noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FlowType {
    /// Takes two time inputs: `x += net(c, s, t, x) / n`.
    #[default]
    Lsd,
    /// Takes one time input: `x += net(c, t, x) / n`.
    FlowMatching,
    /// Takes no time input: `x = net(c, x)`.
    Drifting,
    /// Takes no time input: `x += net(c, x)`.
    Pointwise,
}

impl FlowType {
    /// Whether the sampler can take more than one step.
    pub fn takes_steps(self) -> bool {
        match self {
            Self::Lsd | Self::FlowMatching => true,
            Self::Drifting | Self::Pointwise => false,
        }
    }

    /// The net's time inputs, in order.
    pub fn time_inputs(self) -> &'static [&'static str] {
        match self {
            Self::Lsd => &["s", "t"],
            Self::FlowMatching => &["t"],
            Self::Drifting | Self::Pointwise => &[],
        }
    }
}

/// Counterpart of `FlowLMTransformerConfig` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlowLmTransformerConfig {
    /// Feed-forward width as a multiple of `d_model`, unless `dim_feedforward` says it.
    pub hidden_scale: usize,
    /// Longest period of the rotary embedding.
    pub max_period: u32,
    /// Width.
    pub d_model: usize,
    /// Query heads.
    pub num_heads: usize,
    /// Layers.
    pub num_layers: usize,
    /// Width of the queries together; `d_model` when `None`.
    #[serde(default)]
    pub attn_dim: Option<usize>,
    /// Key and value heads; as many as query heads when `None`.
    #[serde(default)]
    pub num_kv_heads: Option<usize>,
    /// Feed-forward width; `d_model * hidden_scale` when `None`.
    #[serde(default)]
    pub dim_feedforward: Option<usize>,
}

impl FlowLmTransformerConfig {
    /// Width of the queries together.
    pub fn attn_dim(&self) -> usize {
        self.attn_dim.unwrap_or(self.d_model)
    }

    /// Key and value heads.
    pub fn num_kv_heads(&self) -> usize {
        self.num_kv_heads.unwrap_or(self.num_heads)
    }

    /// Width of one head.
    pub fn dim_per_head(&self) -> usize {
        self.attn_dim() / self.num_heads
    }

    /// Feed-forward width.
    pub fn dim_feedforward(&self) -> usize {
        self.dim_feedforward
            .unwrap_or(self.d_model * self.hidden_scale)
    }
}

impl FlowLmConfig {
    /// Width of the conditioning that the flow net and the end-of-speech head read.
    pub fn conditioning_dim(&self) -> usize {
        self.z_dim.unwrap_or(self.transformer.d_model)
    }
}

/// Counterpart of `LookupTable` in pocket-tts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LookupTable {
    /// Width of an embedding.
    pub dim: usize,
    /// Pieces of the vocabulary; the table has one row more.
    pub n_bins: usize,
    /// Tokenizer library: `tokenizers`, `json` or `sentencepiece`.
    pub tokenizer: String,
    /// Location of the tokenizer file; `None` (an explicit null) has to be overridden before use.
    #[serde(deserialize_with = "Option::deserialize")]
    pub tokenizer_path: Option<String>,
    /// Width of a low-rank table, which `proj` widens to `dim`; a full table when `None`.
    #[serde(default)]
    pub rank: Option<usize>,
}
