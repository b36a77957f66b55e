//! One of the five graphs: files, inputs, outputs and states.

use std::fmt;

use serde::{Deserialize, Serialize};
use tensor::{DType, Dim};
use weights::WeightFormat;

use crate::{FileEntry, Parameter, State};

/// The five components a checkpoint splits into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComponentName {
    /// Token ids to embeddings.
    TextConditioner,
    /// The backbone: prompt and latents to conditioning.
    FlowLm,
    /// The sampler's network.
    FlowNet,
    /// Audio to latents and voice prompt.
    MimiEncoder,
    /// Latents to audio.
    MimiDecoder,
}

impl ComponentName {
    /// All of them, in the order of use.
    pub const ALL: [Self; 5] = [
        Self::TextConditioner,
        Self::FlowLm,
        Self::FlowNet,
        Self::MimiEncoder,
        Self::MimiDecoder,
    ];

    /// The name, in file names and in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TextConditioner => "text_conditioner",
            Self::FlowLm => "flow_lm",
            Self::FlowNet => "flow_net",
            Self::MimiEncoder => "mimi_encoder",
            Self::MimiDecoder => "mimi_decoder",
        }
    }

    /// Name of the component's graph in a bundle.
    pub fn graph_file(self) -> String {
        format!("{self}.onnx")
    }

    /// Name of the component's weights in a bundle.
    pub fn data_file(self) -> String {
        format!("{self}.onnx.data")
    }

    /// The component of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One graph of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Component {
    /// The ONNX graph.
    pub graph: FileEntry,
    /// Its weights, which the graph refers to by name.
    pub data: FileEntry,
    /// How its weights are stored.
    pub format: WeightFormat,
    /// How those of its slow layers are stored, where that is in another format: layers of the codec that
    /// work at the rate of its transformer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_format: Option<WeightFormat>,
    /// Every parameter in the data file, in the file's order.
    pub parameters: Vec<Parameter>,
    /// Every input of the graph, states included, in the graph's order.
    pub inputs: Vec<TensorInfo>,
    /// Every output of the graph, states included, in the graph's order.
    pub outputs: Vec<TensorInfo>,
    /// What has to be carried from one call to the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<State>,
    /// The input that counts how far the stream has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionCounter>,
}

impl Component {
    /// The formats of its weights.
    pub fn formats(&self) -> impl Iterator<Item = WeightFormat> {
        [self.format].into_iter().chain(self.slow_format)
    }
}

/// Name, number type and shape of an input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TensorInfo {
    /// Name in the graph.
    pub name: String,
    /// Number type.
    pub dtype: DType,
    /// Sizes, outermost first; a string is a symbol that stands for one size per call.
    pub shape: Vec<Dim>,
}

/// An i64 [1] input that the runtime counts up: upstream's `offset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PositionCounter {
    /// Name of the input.
    pub input: String,
    /// Value at the first call.
    pub initial: i64,
    /// After a call the position grows by the sum of these.
    pub advances_by: Vec<Advance>,
}

/// `times` the size of `input` along `axis`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Advance {
    /// Name of the input that is measured.
    pub input: String,
    /// Its axis.
    pub axis: usize,
    /// Positions per element of that axis.
    pub times: usize,
}
