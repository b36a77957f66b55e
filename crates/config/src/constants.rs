//! Numbers of pocket-tts's layers that no configuration names.

/// What the transformers' `LayerNorm` adds to the variance.
pub const LAYER_NORM_EPS: f32 = 1e-5;
/// What the flow net's `LayerNorm` adds to the variance.
pub const FLOW_NORM_EPS: f32 = 1e-6;
/// What the time embedding's `RMSNorm` adds to the variance.
pub const RMS_NORM_EPS: f32 = 1e-5;
/// Frequencies of a time embedding, each used as cosine and as sine.
pub const TIME_FREQUENCIES: usize = 128;
