//! What a pocket-tts model is: its configuration, the released variants, its tensors. No I/O.

mod flow_lm;
mod mimi;
mod root;

pub use flow_lm::{FlowConfig, FlowLmConfig, FlowLmTransformerConfig, FlowType, LookupTable};
pub use mimi::{MimiConfig, MimiTransformerConfig, PadMode, QuantizerConfig, SeanetConfig};
pub use root::{Config, GenerationOptions, TextOptions};
