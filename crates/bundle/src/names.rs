//! Names of the graphs' inputs and outputs, those of states aside, which a manifest lists.
//!
//! The time inputs of `flow_net` are [`config::FlowType::time_inputs`].

/// Input of `text_conditioner`: token ids, i64 `[1, T]`.
pub const TOKEN_IDS: &str = "token_ids";

/// Output of `text_conditioner` and input of `flow_lm`: a prompt, f32 `[1, S, d_model]`.
pub const EMBEDDINGS: &str = "embeddings";

/// Latents, f32 `[1, L, latent_dim]`: input of `flow_lm` and `mimi_decoder`. Also the output of
/// `mimi_encoder`, with the encoder's width.
pub const LATENTS: &str = "latents";

/// Input of `flow_lm` and `mimi_decoder` that counts positions, i64 `[1]`.
pub const POSITION: &str = "position";

/// Output of `flow_lm` and input of `flow_net`: from what the next latent is sampled, f32 `[1, Z]` or
/// `[N, Z]`.
pub const CONDITIONING: &str = "conditioning";

/// Output of `flow_lm`: speech ends where it exceeds a threshold, f32 `[1, 1]`.
pub const EOS_LOGIT: &str = "eos_logit";

/// The output of `flow_lm` that tells when words are spoken, if asked for: f32
/// `[1, heads, positions]`, the scaled scores of the last position with each up to its own, before
/// the softmax, by the heads of [`crate::Manifest::word_heads`].
pub const ATTENTION: &str = "attention";

/// Input of `flow_net`: the latent so far, f32 `[N, latent_dim]`.
pub const X: &str = "x";

/// Output of `flow_net`: which way the latent moves, f32 `[N, latent_dim]`.
pub const FLOW: &str = "flow";

/// Sound, f32 `[1, 1, samples]`: input of `mimi_encoder` and output of `mimi_decoder`.
pub const AUDIO: &str = "audio";

/// Output of `mimi_encoder`: a voice prompt, f32 `[1, F, d_model]`.
pub const PROMPT: &str = "prompt";
