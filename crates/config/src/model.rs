//! The options of a model's shape: the part of a configuration that a bundle's manifest keeps.

use serde::{Deserialize, Serialize};

use crate::{FlowLmConfig, MimiConfig};

/// The model options of a configuration, as pocket-tts names them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Backbone, sampler and text table.
    pub flow_lm: FlowLmConfig,
    /// Audio codec.
    pub mimi: MimiConfig,
}
