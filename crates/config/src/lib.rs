//! What a pocket-tts model is: its configuration, the released variants, its tensors. No I/O.
//!
//! A [`Config`] comes from the YAML of a model ([`Config::from_yaml`]) or from the registry
//! ([`Variant::find`]); both give a valid one. From it follow the tensors that its checkpoint
//! has to hold ([`Config::tensors`]) and every size that the graphs are built with.

mod constants;
mod error;
mod flow_lm;
mod layout;
mod mimi;
mod model;
mod root;
mod validate;
mod variant;
mod voice;
mod word_heads;
mod yaml;

pub use constants::{FLOW_NORM_EPS, LAYER_NORM_EPS, RMS_NORM_EPS, TIME_FREQUENCIES};
pub use error::ConfigError;
pub use flow_lm::{FlowConfig, FlowLmConfig, FlowLmTransformerConfig, FlowType, LookupTable};
pub use layout::TensorSpec;
pub use mimi::{MimiConfig, MimiTransformerConfig, PadMode, QuantizerConfig, SeanetConfig};
pub use model::Model;
pub use root::{Config, GenerationOptions, TextOptions};
pub use variant::{UnknownVariant, Variant, VariantLanguage};
pub use voice::PredefinedVoice;
pub use word_heads::{MOST_WORD_HEADS, WordHead};
