//! Counterpart of `FlowLMModel`'s parameters in pocket-tts.

use super::{LayerWidths, TensorList};
use crate::{Config, FlowConfig, FlowLmTransformerConfig, LookupTable, TIME_FREQUENCIES};

impl TensorList {
    /// The backbone, with the text table and the flow net.
    pub(super) fn flow_lm(&mut self, config: &Config) {
        let flow_lm = &config.flow_lm;
        let d_model = flow_lm.transformer.d_model;
        let latent = config.mimi.latent_dim();
        let conditioning = flow_lm.conditioning_dim();

        self.push("flow_lm.bos_emb", [latent]);
        if flow_lm.insert_bos_before_voice {
            self.push("flow_lm.bos_before_voice", [1, 1, d_model]);
        }
        self.push(
            "flow_lm.speaker_proj_weight",
            [d_model, config.mimi.inner_dim()],
        );
        self.push("flow_lm.emb_std", [latent]);
        self.push("flow_lm.emb_mean", [latent]);
        self.conditioner(&flow_lm.lookup_table);
        self.flow_net(&flow_lm.flow, conditioning, latent);
        self.push("flow_lm.input_linear.weight", [d_model, latent]);
        self.backbone_transformer(&flow_lm.transformer);
        self.norm("flow_lm.out_norm", d_model);
        if let Some(z_dim) = flow_lm.z_dim {
            self.push("flow_lm.z_proj.weight", [z_dim, d_model]);
        }
        self.linear("flow_lm.out_eos", conditioning, 1);
    }

    /// Counterpart of `LUTConditioner`: one row a piece and one for padding.
    fn conditioner(&mut self, table: &LookupTable) {
        let rows = table.n_bins + 1;
        let width = table.rank.unwrap_or(table.dim);
        self.push("flow_lm.conditioner.embed.weight", [rows, width]);
        if let Some(rank) = table.rank {
            self.push("flow_lm.conditioner.proj.weight", [table.dim, rank]);
        }
    }

    /// Counterpart of `SimpleMLPAdaLN` in pocket-tts.
    fn flow_net(&mut self, flow: &FlowConfig, conditioning: usize, latent: usize) {
        let path = "flow_lm.flow_net";
        let dim = flow.dim;
        for index in 0..flow.kind.time_inputs().len() {
            self.time_embedding(&format!("{path}.time_embed.{index}"), dim);
        }
        self.linear(&format!("{path}.cond_embed"), conditioning, dim);
        self.linear(&format!("{path}.input_proj"), latent, dim);
        for index in 0..flow.depth {
            self.residual_block(&format!("{path}.res_blocks.{index}"), dim);
        }
        self.linear(&format!("{path}.final_layer.linear"), dim, latent);
        self.linear(
            &format!("{path}.final_layer.adaLN_modulation.1"),
            dim,
            2 * dim,
        );
    }

    /// Counterpart of `TimestepEmbedder` in pocket-tts.
    fn time_embedding(&mut self, path: &str, dim: usize) {
        self.push(format!("{path}.freqs"), [TIME_FREQUENCIES]);
        self.linear(&format!("{path}.mlp.0"), 2 * TIME_FREQUENCIES, dim);
        self.linear(&format!("{path}.mlp.2"), dim, dim);
        self.push(format!("{path}.mlp.3.alpha"), [dim]);
    }

    /// Counterpart of `ResBlock` in pocket-tts.
    fn residual_block(&mut self, path: &str, dim: usize) {
        self.norm(&format!("{path}.in_ln"), dim);
        self.linear(&format!("{path}.mlp.0"), dim, dim);
        self.linear(&format!("{path}.mlp.2"), dim, dim);
        self.linear(&format!("{path}.adaLN_modulation.1"), dim, 3 * dim);
    }

    /// Counterpart of `StreamingTransformer` in pocket-tts.
    fn backbone_transformer(&mut self, transformer: &FlowLmTransformerConfig) {
        let widths = LayerWidths {
            model: transformer.d_model,
            queries: transformer.attn_dim(),
            keys: transformer.dim_per_head() * transformer.num_kv_heads(),
            feedforward: transformer.dim_feedforward(),
        };
        for index in 0..transformer.num_layers {
            self.transformer_layer(&format!("flow_lm.transformer.layers.{index}"), &widths);
        }
    }
}
