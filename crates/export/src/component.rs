//! The five components: which graph each is, and what the manifest says of it.

use std::collections::HashMap;

use bundle::{Advance, ComponentName, PositionCounter, State, WeightFormat, names};
use config::{Config, WordHead};
use onnx::{Graph, GraphError, OnnxModel, Opset};

use crate::GraphFormats;
use crate::states::States;
use crate::{flow_lm, flow_net, mimi, text_conditioner};

/// One component's graph with its half of the manifest.
#[derive(Debug)]
pub struct ComponentGraph {
    /// Which one it is.
    pub name: ComponentName,
    /// The graph, and where its parameters lie.
    pub model: OnnxModel,
    /// What has to be carried from call to call.
    pub states: Vec<State>,
    /// The input that counts positions.
    pub position: Option<PositionCounter>,
}

impl ComponentGraph {
    /// Builds the graph of a component of the model that `config` describes, with weights of
    /// that format.
    pub fn build(
        name: ComponentName,
        config: &Config,
        opset: Opset,
        format: WeightFormat,
    ) -> Result<Self, GraphError> {
        Self::watched(name, config, opset, format.into(), &[])
    }

    /// The same, with the attention of these heads of the backbone as an output, if any.
    pub fn watched(
        name: ComponentName,
        config: &Config,
        opset: Opset,
        formats: GraphFormats,
        heads: &[WordHead],
    ) -> Result<Self, GraphError> {
        let shapes: HashMap<_, _> = config
            .tensors()
            .into_iter()
            .map(|t| (t.key, t.shape))
            .collect();
        let GraphFormats { weights, slow } = formats;
        let mut graph = Graph::new(name.as_str(), opset, weights, shapes);
        if let Some(slow) = slow {
            graph = graph.with_format(slow, mimi::is_slow);
        }
        let states = States::new(&graph);
        let mut position = None;
        match name {
            ComponentName::TextConditioner => text_conditioner::text_conditioner(&graph, config),
            ComponentName::FlowLm => {
                flow_lm::flow_lm(&graph, &states, config, heads);
                position = Some(counter(&[(names::EMBEDDINGS, 1), (names::LATENTS, 1)]));
            }
            ComponentName::FlowNet => flow_net::flow_net(&graph, config),
            ComponentName::MimiEncoder => mimi::mimi_encoder(&graph, config),
            ComponentName::MimiDecoder => {
                mimi::mimi_decoder(&graph, &states, config);
                position = Some(counter(&[(
                    names::LATENTS,
                    config.mimi.positions_per_frame(),
                )]));
            }
        }
        let states = states.finish();
        Ok(Self {
            name,
            model: graph.finish(&name.data_file())?,
            states,
            position,
        })
    }
}

/// A `position` that advances by the time axis (1) of these inputs.
fn counter(inputs: &[(&str, usize)]) -> PositionCounter {
    PositionCounter {
        input: names::POSITION.to_owned(),
        initial: 0,
        advances_by: inputs
            .iter()
            .map(|&(input, times)| Advance {
                input: input.to_owned(),
                axis: 1,
                times,
            })
            .collect(),
    }
}
