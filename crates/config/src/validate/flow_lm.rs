//! The rules of the `flow_lm` half.

use super::{ConfigSection, MAX_LAYERS, MAX_WIDTH};
use crate::{ConfigError, FlowConfig, FlowLmConfig, FlowLmTransformerConfig, LookupTable};

/// Bound of the rows of the text table.
const MAX_BINS: usize = 1 << 20;

impl FlowLmConfig {
    /// The half of [`Config::validate`](crate::Config::validate) that needs no codec.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let section = ConfigSection("flow_lm");
        section.dtype(&self.dtype)?;
        self.flow.validate()?;
        self.transformer.validate()?;
        section.optional_size("z_dim", self.z_dim, MAX_WIDTH)?;
        self.lookup_table.validate(self.transformer.d_model)
    }
}

impl FlowConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let section = ConfigSection("flow_lm.flow");
        section.size("dim", self.dim, MAX_WIDTH)?;
        section.require(
            self.dim > 1 || self.kind.time_inputs().is_empty(),
            "dim",
            || "is 1, but the norm of a time embedding needs 2 or more values".to_owned(),
        )?;
        section.require(self.depth <= MAX_LAYERS, "depth", || {
            format!("is {}, expected at most {MAX_LAYERS}", self.depth)
        })
    }
}

impl FlowLmTransformerConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let section = ConfigSection("flow_lm.transformer");
        section.size("d_model", self.d_model, MAX_WIDTH)?;
        section.size("num_layers", self.num_layers, MAX_LAYERS)?;
        section.optional_size("attn_dim", self.attn_dim, MAX_WIDTH)?;
        let width_key = match self.attn_dim {
            Some(_) => "attn_dim",
            None => "d_model",
        };
        section.heads(width_key, self.attn_dim(), self.num_heads)?;
        section.optional_size("num_kv_heads", self.num_kv_heads, self.num_heads)?;
        let (heads, kv_heads) = (self.num_heads, self.num_kv_heads());
        section.require(heads.is_multiple_of(kv_heads), "num_kv_heads", || {
            format!("is {kv_heads}, which does not divide num_heads, {heads}")
        })?;
        match self.dim_feedforward {
            Some(width) => section.size("dim_feedforward", width, MAX_WIDTH)?,
            None => section.size("hidden_scale", self.hidden_scale, MAX_WIDTH / self.d_model)?,
        }
        section.require(self.max_period > 0, "max_period", || {
            "is 0, expected a period above 0".to_owned()
        })
    }
}

impl LookupTable {
    fn validate(&self, d_model: usize) -> Result<(), ConfigError> {
        let section = ConfigSection("flow_lm.lookup_table");
        section.require(self.dim == d_model, "dim", || {
            let dim = self.dim;
            format!("is {dim}, but flow_lm.transformer.d_model is {d_model}; they have to be equal")
        })?;
        section.size("n_bins", self.n_bins, MAX_BINS)?;
        section.optional_size("rank", self.rank, MAX_WIDTH)?;
        let kinds = ["tokenizers", "json", "sentencepiece"];
        section.require(
            kinds.contains(&self.tokenizer.as_str()),
            "tokenizer",
            || format!("is {:?}, expected one of {kinds:?}", self.tokenizer),
        )
    }
}
