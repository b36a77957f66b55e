//! The seven shapes that the released configurations share.

use crate::{
    FlowConfig, FlowLmConfig, FlowLmTransformerConfig, FlowType, LookupTable, MimiConfig,
    MimiTransformerConfig, PadMode, QuantizerConfig, SeanetConfig,
};

/// Number type of every released model.
const DTYPE: &str = "float32";
/// Width of a latent.
const LATENT_DIM: usize = 32;
/// Width of the large codec.
const CODEC: usize = 512;
/// Width of the small models' decoder.
const SMALL_DECODER: usize = 128;

/// What a released model is built like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReleasedShape {
    /// The first English model: 6 layers, no beginning-of-speech token, wide encoder latents.
    FirstEnglish,
    /// 6 layers.
    Layers6,
    /// 24 layers.
    Layers24,
    /// 6 layers and a one-step flow net.
    Drifting,
    /// 18M parameters without the encoder.
    Small18M,
    /// 7M parameters without the encoder.
    Small7M,
    /// 2M parameters without the encoder.
    Small2M,
}

impl ReleasedShape {
    /// Whether it is one of the small models, with a decoder of their own.
    pub(super) fn is_small(self) -> bool {
        matches!(self, Self::Small18M | Self::Small7M | Self::Small2M)
    }

    /// The end-of-speech logit has to exceed this.
    pub(super) fn eos_threshold(self) -> f64 {
        if self.is_small() { -1.0 } else { -4.0 }
    }

    /// The backbone, with the tokenizer at `tokenizer_path`.
    pub(super) fn flow_lm(self, tokenizer_path: String) -> FlowLmConfig {
        let transformer = self.transformer();
        FlowLmConfig {
            dtype: DTYPE.to_owned(),
            flow: self.flow(),
            z_dim: self.is_small().then_some(64),
            lookup_table: LookupTable {
                dim: transformer.d_model,
                n_bins: 4000,
                tokenizer: self.tokenizer().to_owned(),
                tokenizer_path: Some(tokenizer_path),
                rank: self.rank(),
            },
            transformer,
            weights_path: None,
            insert_bos_before_voice: self != Self::FirstEnglish,
        }
    }

    fn flow(self) -> FlowConfig {
        let (dim, depth, kind) = match self {
            Self::FirstEnglish | Self::Layers6 | Self::Layers24 => (512, 6, FlowType::Lsd),
            Self::Drifting => (512, 6, FlowType::Drifting),
            Self::Small18M | Self::Small7M => (192, 4, FlowType::Drifting),
            Self::Small2M => (64, 4, FlowType::Pointwise),
        };
        FlowConfig { dim, depth, kind }
    }

    fn transformer(self) -> FlowLmTransformerConfig {
        let large = FlowLmTransformerConfig {
            hidden_scale: 4,
            max_period: 10_000,
            d_model: 1024,
            num_heads: 16,
            num_layers: 6,
            attn_dim: None,
            num_kv_heads: None,
            dim_feedforward: None,
        };
        let small = FlowLmTransformerConfig {
            hidden_scale: 1,
            d_model: 512,
            num_heads: 8,
            num_layers: 8,
            ..large.clone()
        };
        match self {
            Self::FirstEnglish | Self::Layers6 | Self::Drifting => large,
            Self::Layers24 => FlowLmTransformerConfig {
                num_layers: 24,
                ..large
            },
            Self::Small18M => small,
            Self::Small7M => FlowLmTransformerConfig {
                d_model: 224,
                attn_dim: Some(512),
                num_kv_heads: Some(2),
                ..small
            },
            Self::Small2M => FlowLmTransformerConfig {
                d_model: 112,
                num_heads: 3,
                attn_dim: Some(192),
                num_kv_heads: Some(1),
                dim_feedforward: Some(96),
                ..small
            },
        }
    }

    fn tokenizer(self) -> &'static str {
        if self.is_small() {
            "sentencepiece"
        } else {
            "tokenizers"
        }
    }

    fn rank(self) -> Option<usize> {
        match self {
            Self::Small7M => Some(64),
            Self::Small2M => Some(32),
            Self::FirstEnglish
            | Self::Layers6
            | Self::Layers24
            | Self::Drifting
            | Self::Small18M => None,
        }
    }

    /// The codec: one encoder for all, a decoder of their own for the small models.
    pub(super) fn mimi(self) -> MimiConfig {
        let outer = if self.is_small() {
            SMALL_DECODER
        } else {
            CODEC
        };
        MimiConfig {
            dtype: DTYPE.to_owned(),
            sample_rate: 24_000,
            channels: 1,
            frame_rate: 12.5,
            seanet: seanet(CODEC, 64, 7),
            transformer: large_transformer(),
            quantizer: QuantizerConfig {
                dimension: LATENT_DIM,
                output_dimension: outer,
            },
            weights_path: None,
            inner_dim: Some(if self == Self::FirstEnglish {
                CODEC
            } else {
                LATENT_DIM
            }),
            outer_dim: Some(outer),
            decoder_seanet: match self {
                Self::Small18M | Self::Small7M => Some(seanet(SMALL_DECODER, 32, 3)),
                Self::Small2M => Some(seanet(SMALL_DECODER, 24, 3)),
                Self::FirstEnglish | Self::Layers6 | Self::Layers24 | Self::Drifting => None,
            },
            decoder_transformer: match self {
                Self::Small18M | Self::Small7M => Some(small_transformer(12)),
                Self::Small2M => Some(small_transformer(4)),
                Self::FirstEnglish | Self::Layers6 | Self::Layers24 | Self::Drifting => None,
            },
        }
    }
}

fn seanet(dimension: usize, n_filters: usize, kernel_size: usize) -> SeanetConfig {
    SeanetConfig {
        dimension,
        channels: 1,
        n_filters,
        n_residual_layers: 1,
        ratios: vec![6, 5, 4],
        kernel_size,
        residual_kernel_size: 3,
        last_kernel_size: 3,
        dilation_base: 2,
        pad_mode: PadMode::Constant,
        compress: 2,
    }
}

fn large_transformer() -> MimiTransformerConfig {
    MimiTransformerConfig {
        d_model: CODEC,
        input_dimension: CODEC,
        output_dimensions: vec![CODEC],
        num_heads: 8,
        num_layers: 2,
        layer_scale: 0.01,
        context: 250,
        max_period: 10_000.0,
        dim_feedforward: 2048,
    }
}

fn small_transformer(num_layers: usize) -> MimiTransformerConfig {
    MimiTransformerConfig {
        d_model: SMALL_DECODER,
        input_dimension: SMALL_DECODER,
        output_dimensions: vec![SMALL_DECODER],
        num_heads: 4,
        num_layers,
        context: 50,
        dim_feedforward: 384,
        ..large_transformer()
    }
}
