//! What makes a configuration impossible, and which key is blamed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use config::{Config, ConfigError, FlowType, PadMode, Variant};

/// A released model with a decoder of its own and grouped-query attention.
fn small() -> Config {
    Variant::find("english_2m_2026-10").unwrap().config()
}

/// A released model whose codec is the same on both sides.
fn large() -> Config {
    Variant::find("english").unwrap().config()
}

/// A mistake, or something merely unusual.
type ConfigEdit = fn(&mut Config);

struct Case {
    key: &'static str,
    reason: &'static str,
    base: fn() -> Config,
    change: ConfigEdit,
}

macro_rules! case {
    ($base:ident, $key:literal, $reason:literal, |$config:ident| $change:expr) => {
        Case {
            key: $key,
            reason: $reason,
            base: $base,
            change: |$config| $change,
        }
    };
}

fn check(cases: &[Case]) {
    let mut failures = Vec::new();
    for case in cases {
        let mut config = (case.base)();
        assert_eq!(config.validate(), Ok(()));
        (case.change)(&mut config);
        match config.validate() {
            Err(ConfigError::Invalid { key, reason })
                if key == case.key && reason.contains(case.reason) => {}
            other => failures.push(format!(
                "expected {}: {}\n  got {other:?}",
                case.key, case.reason
            )),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn decoder_seanet(config: &mut Config) -> &mut config::SeanetConfig {
    config.mimi.decoder_seanet.as_mut().unwrap()
}

fn decoder_transformer(config: &mut Config) -> &mut config::MimiTransformerConfig {
    config.mimi.decoder_transformer.as_mut().unwrap()
}

#[test]
#[rustfmt::skip] // one case a line
fn impossible_backbones_are_refused() {
    check(&[
        case!(large, "flow_lm.dtype", "is \"bfloat16\"", |c| c.flow_lm.dtype = "bfloat16".into()),
        case!(large, "flow_lm.flow.dim", "is 0", |c| c.flow_lm.flow.dim = 0),
        case!(large, "flow_lm.flow.dim", "needs 2", |c| c.flow_lm.flow.dim = 1),
        case!(large, "flow_lm.flow.dim", "expected 1 to 65536", |c| c.flow_lm.flow.dim = 1 << 20),
        case!(large, "flow_lm.flow.depth", "at most 1024", |c| c.flow_lm.flow.depth = usize::MAX),
        case!(large, "flow_lm.transformer.d_model", "is 0", |c| c.flow_lm.transformer.d_model = 0),
        case!(large, "flow_lm.transformer.d_model", "does not divide into 16 heads", |c| c.flow_lm.transformer.d_model = 1000),
        case!(large, "flow_lm.transformer.d_model", "heads of width 63", |c| c.flow_lm.transformer.d_model = 63 * 16),
        case!(large, "flow_lm.transformer.d_model", "expected 1 to", |c| c.flow_lm.transformer.d_model = usize::MAX),
        case!(large, "flow_lm.transformer.num_heads", "is 0", |c| c.flow_lm.transformer.num_heads = 0),
        case!(large, "flow_lm.transformer.num_heads", "expected 1 to 1024", |c| c.flow_lm.transformer.num_heads = 2048),
        case!(large, "flow_lm.transformer.num_layers", "is 0", |c| c.flow_lm.transformer.num_layers = 0),
        case!(large, "flow_lm.transformer.num_layers", "is 1000000", |c| c.flow_lm.transformer.num_layers = 1_000_000),
        case!(large, "flow_lm.transformer.max_period", "is 0", |c| c.flow_lm.transformer.max_period = 0),
        case!(large, "flow_lm.transformer.hidden_scale", "is 0", |c| c.flow_lm.transformer.hidden_scale = 0),
        case!(large, "flow_lm.transformer.hidden_scale", "expected 1 to 64", |c| c.flow_lm.transformer.hidden_scale = usize::MAX),
        case!(small, "flow_lm.transformer.dim_feedforward", "is 0", |c| c.flow_lm.transformer.dim_feedforward = Some(0)),
        case!(small, "flow_lm.transformer.attn_dim", "is 0", |c| c.flow_lm.transformer.attn_dim = Some(0)),
        case!(small, "flow_lm.transformer.attn_dim", "does not divide into 3 heads", |c| c.flow_lm.transformer.attn_dim = Some(191)),
        case!(small, "flow_lm.transformer.attn_dim", "heads of width 65", |c| c.flow_lm.transformer.attn_dim = Some(195)),
        case!(small, "flow_lm.transformer.num_kv_heads", "is 0", |c| c.flow_lm.transformer.num_kv_heads = Some(0)),
        case!(small, "flow_lm.transformer.num_kv_heads", "does not divide num_heads, 3", |c| c.flow_lm.transformer.num_kv_heads = Some(2)),
        case!(small, "flow_lm.transformer.num_kv_heads", "expected 1 to 3", |c| c.flow_lm.transformer.num_kv_heads = Some(6)),
        case!(small, "flow_lm.z_dim", "is 0", |c| c.flow_lm.z_dim = Some(0)),
        case!(small, "flow_lm.lookup_table.dim", "d_model is 112", |c| c.flow_lm.lookup_table.dim = 128),
        case!(small, "flow_lm.lookup_table.n_bins", "is 0", |c| c.flow_lm.lookup_table.n_bins = 0),
        case!(small, "flow_lm.lookup_table.n_bins", "is 4294967295", |c| c.flow_lm.lookup_table.n_bins = u32::MAX as usize),
        case!(small, "flow_lm.lookup_table.rank", "is 0", |c| c.flow_lm.lookup_table.rank = Some(0)),
        case!(small, "flow_lm.lookup_table.tokenizer", "is \"bytes\", expected one of", |c| c.flow_lm.lookup_table.tokenizer = "bytes".into()),
    ]);
}

#[test]
#[rustfmt::skip] // one case a line
fn impossible_codecs_are_refused() {
    check(&[
        case!(large, "mimi.dtype", "is \"\"", |c| c.mimi.dtype = String::new()),
        case!(large, "mimi.channels", "is 2, only mono", |c| c.mimi.channels = 2),
        case!(large, "mimi.sample_rate", "is 0", |c| c.mimi.sample_rate = 0),
        case!(large, "mimi.sample_rate", "is 4294967295", |c| c.mimi.sample_rate = u32::MAX),
        case!(large, "mimi.frame_rate", "is NaN", |c| c.mimi.frame_rate = f64::NAN),
        case!(large, "mimi.frame_rate", "is inf", |c| c.mimi.frame_rate = f64::INFINITY),
        case!(large, "mimi.frame_rate", "is 0", |c| c.mimi.frame_rate = 0.0),
        case!(large, "mimi.frame_rate", "is -12.5", |c| c.mimi.frame_rate = -12.5),
        case!(large, "mimi.frame_rate", "is 13, which is not 200 positions", |c| c.mimi.frame_rate = 13.0),
        case!(large, "mimi.frame_rate", "is 400, which is not 200 positions", |c| c.mimi.frame_rate = 400.0),
        case!(large, "mimi.frame_rate", "more than 1048576 samples", |c| c.mimi.frame_rate = 200.0 / 1_000_000.0),
        case!(large, "mimi.frame_rate", "divided by a whole number", |c| c.mimi.frame_rate = f64::MIN_POSITIVE),
        case!(large, "mimi.inner_dim", "is 0", |c| c.mimi.inner_dim = Some(0)),
        case!(large, "mimi.outer_dim", "is 0", |c| c.mimi.outer_dim = Some(0)),
        case!(large, "mimi.outer_dim", "as many groups as mimi.seanet.dimension, 512", |c| c.mimi.outer_dim = Some(500)),
        case!(small, "mimi.outer_dim", "as many groups as mimi.decoder_seanet.dimension, 128", |c| c.mimi.outer_dim = Some(100)),
        case!(large, "mimi.quantizer.dimension", "is 0", |c| c.mimi.quantizer.dimension = 0),
        case!(large, "mimi.quantizer.output_dimension", "mimi.outer_dim is 512", |c| c.mimi.quantizer.output_dimension = 256),
        case!(large, "mimi.quantizer.output_dimension", "mimi.seanet.dimension is 512", |c| {
            c.mimi.outer_dim = None;
            c.mimi.quantizer.output_dimension = 1024;
        }),
        case!(large, "mimi.seanet.dimension", "is 0", |c| c.mimi.seanet.dimension = 0),
        case!(large, "mimi.seanet.channels", "only mono", |c| c.mimi.seanet.channels = 0),
        case!(small, "mimi.decoder_seanet.channels", "only mono", |c| decoder_seanet(c).channels = 2),
        case!(large, "mimi.seanet.n_filters", "is 0", |c| c.mimi.seanet.n_filters = 0),
        case!(large, "mimi.seanet.n_filters", "expected 1 to 8192", |c| c.mimi.seanet.n_filters = 8193),
        case!(large, "mimi.seanet.n_residual_layers", "at most 64", |c| c.mimi.seanet.n_residual_layers = usize::MAX),
        case!(large, "mimi.seanet.ratios", "holds 0 strides", |c| c.mimi.seanet.ratios.clear()),
        case!(large, "mimi.seanet.ratios", "holds 100 strides", |c| c.mimi.seanet.ratios = vec![1; 100]),
        case!(large, "mimi.seanet.ratios", "is [6, 0, 4]", |c| c.mimi.seanet.ratios[1] = 0),
        case!(large, "mimi.seanet.ratios", "whose product is 1 to 1048576", |c| c.mimi.seanet.ratios = vec![usize::MAX, 2]),
        case!(large, "mimi.seanet.kernel_size", "is 0", |c| c.mimi.seanet.kernel_size = 0),
        case!(large, "mimi.seanet.residual_kernel_size", "is 0", |c| c.mimi.seanet.residual_kernel_size = 0),
        case!(large, "mimi.seanet.last_kernel_size", "is 0", |c| c.mimi.seanet.last_kernel_size = 0),
        case!(large, "mimi.seanet.kernel_size", "expected 1 to 1024", |c| c.mimi.seanet.kernel_size = usize::MAX),
        case!(large, "mimi.seanet.dilation_base", "is 0", |c| c.mimi.seanet.dilation_base = 0),
        case!(large, "mimi.seanet.dilation_base", "the last of 64 residual blocks", |c| c.mimi.seanet.n_residual_layers = 64),
        case!(large, "mimi.seanet.compress", "is 0", |c| c.mimi.seanet.compress = 0),
        case!(large, "mimi.seanet.compress", "leaves no channel of n_filters, 64", |c| c.mimi.seanet.compress = 65),
        case!(small, "mimi.decoder_seanet.ratios", "make 60 samples a position, but those of mimi.seanet take 120", |c| decoder_seanet(c).ratios = vec![3, 5, 4]),
        case!(large, "mimi.transformer.d_model", "heads of width 5", |c| c.mimi.transformer.d_model = 40),
        case!(large, "mimi.transformer.num_heads", "is 0", |c| c.mimi.transformer.num_heads = 0),
        case!(large, "mimi.transformer.num_layers", "is 0", |c| c.mimi.transformer.num_layers = 0),
        case!(large, "mimi.transformer.context", "is 0", |c| c.mimi.transformer.context = 0),
        case!(large, "mimi.transformer.dim_feedforward", "is 0", |c| c.mimi.transformer.dim_feedforward = 0),
        case!(large, "mimi.transformer.max_period", "is -1", |c| c.mimi.transformer.max_period = -1.0),
        case!(large, "mimi.transformer.layer_scale", "is NaN", |c| c.mimi.transformer.layer_scale = f64::NAN),
        case!(large, "mimi.transformer.input_dimension", "mimi.seanet.dimension is 512", |c| c.mimi.transformer.input_dimension = 256),
        case!(large, "mimi.transformer.output_dimensions", "holds 0 widths", |c| c.mimi.transformer.output_dimensions.clear()),
        case!(large, "mimi.transformer.output_dimensions", "holds 2 widths", |c| c.mimi.transformer.output_dimensions.push(512)),
        case!(large, "mimi.transformer.output_dimensions", "mimi.seanet.dimension is 512", |c| c.mimi.transformer.output_dimensions[0] = 32),
        case!(small, "mimi.decoder_transformer.input_dimension", "mimi.decoder_seanet.dimension is 128", |c| decoder_transformer(c).input_dimension = 64),
        case!(small, "mimi.decoder_transformer.output_dimensions", "mimi.decoder_seanet.dimension is 128", |c| decoder_transformer(c).output_dimensions[0] = 64),
        case!(small, "mimi.decoder_transformer.max_period", "is inf", |c| decoder_transformer(c).max_period = f64::INFINITY),
        case!(small, "mimi.transformer.input_dimension", "mimi.decoder_seanet.dimension is 128", |c| c.mimi.decoder_transformer = None),
        case!(direct, "mimi.transformer.output_dimensions", "mimi.inner_dim is 32", |c| c.mimi.inner_dim = Some(32)),
        case!(direct, "mimi.transformer.input_dimension", "mimi.quantizer.output_dimension is 256", |c| c.mimi.quantizer.output_dimension = 256),
    ]);
}

#[test]
#[rustfmt::skip] // one case a line
fn impossible_generation_options_are_refused() {
    check(&[
        case!(large, "default_temperature", "is NaN", |c| c.default_temperature = f64::NAN),
        case!(large, "default_temperature", "is -0.1", |c| c.default_temperature = -0.1),
        case!(large, "default_eos_threshold", "is -inf", |c| c.default_eos_threshold = f64::NEG_INFINITY),
        case!(large, "model_recommended_frames_after_eos", "is 4294967295", |c| c.model_recommended_frames_after_eos = Some(u32::MAX)),
    ]);
}

/// A codec whose latents come as often as its transformers' positions.
fn direct() -> Config {
    let mut config = large();
    config.mimi.frame_rate = 200.0;
    config.mimi.inner_dim = None;
    config
}

#[test]
fn unusual_but_possible_configurations_pass() {
    let changes: [(&str, ConfigEdit); 10] = [
        ("replicate padding", |c| {
            c.mimi.seanet.pad_mode = PadMode::Replicate;
        }),
        ("no residual blocks", |c| {
            c.mimi.seanet.n_residual_layers = 0;
        }),
        ("no blocks in the flow net", |c| {
            c.flow_lm.flow.depth = 0;
        }),
        ("a flow net of one channel without times", |c| {
            c.flow_lm.flow.kind = FlowType::Drifting;
            c.flow_lm.flow.dim = 1;
        }),
        ("a stride of 1 inside the encoder", |c| {
            c.mimi.seanet.ratios = vec![6, 5, 4, 1];
        }),
        ("a transformer wider than the SEANet", |c| {
            c.mimi.transformer.d_model = 768;
        }),
        ("an upsampling of two inputs a group", |c| {
            c.mimi.outer_dim = Some(1024);
            c.mimi.quantizer.output_dimension = 1024;
        }),
        ("an upsampling ignored at equal rates", |c| {
            *c = direct();
            c.mimi.outer_dim = Some(7);
        }),
        ("wide latents at equal rates", |c| {
            *c = direct();
            c.mimi.transformer.output_dimensions = vec![512];
            c.mimi.inner_dim = Some(512);
        }),
        ("frames of an odd rate", |c| {
            c.mimi.sample_rate = 44_100;
            c.mimi.frame_rate = 44_100.0 / 120.0 / 3.0;
        }),
    ];
    for (name, change) in changes {
        let mut config = large();
        change(&mut config);
        assert_eq!(config.validate(), Ok(()), "{name}");
        assert!(config.value_count() > 0, "{name}");
    }
}
