//! The graphs of all models: the five fixtures' and the released variants'.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod interface;
mod states;

use std::collections::{BTreeMap, HashSet};

use bundle::{ComponentName, WeightFormat};
use config::{Config, Variant};
use export::ComponentGraph;
use onnx::Opset;
use onnx::proto::{GraphProto, TensorProto};

fn fixtures() -> Vec<(String, Config)> {
    let config = |name: &str| (name.to_owned(), testkit::config(name).unwrap());
    testkit::SMALL_MODELS.map(config).into()
}

fn models() -> Vec<(String, Config)> {
    let variants = Variant::all()
        .iter()
        .map(|v| (v.name.to_owned(), v.config()));
    let models: Vec<_> = fixtures().into_iter().chain(variants).collect();
    assert_eq!(
        models.len(),
        testkit::SMALL_MODELS.len() + Variant::all().len()
    );
    models
}

fn build(name: ComponentName, config: &Config, opset: Opset) -> ComponentGraph {
    ComponentGraph::build(name, config, opset, WeightFormat::F32)
        .unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn graph(component: &ComponentGraph) -> &GraphProto {
    component.model.proto().graph.as_ref().unwrap()
}

#[test]
fn every_tensor_is_in_the_graphs_that_read_it() {
    let mut wrong = Vec::new();
    for (model, config) in models() {
        for opset in [Opset::MIN, Opset::MAX] {
            let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for name in ComponentName::ALL {
                for parameter in build(name, &config, opset).model.data().parameters() {
                    let shape = parameter.shape.clone();
                    let key = parameter.name.clone();
                    if found.insert(key.clone(), shape).is_some() {
                        wrong.push(format!("{model}: {key} is in two graphs"));
                    }
                }
            }
            let tensors = config.tensors().into_iter().map(|t| (t.key, t.shape));
            let expected: BTreeMap<String, Vec<usize>> = tensors.collect();
            let keys: HashSet<_> = found.keys().chain(expected.keys()).collect();
            for key in keys {
                let (found, expected) = (found.get(key), expected.get(key));
                if found != expected {
                    wrong.push(format!("{model}: {key} is {found:?}, not {expected:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn names_lead_to_modules() {
    let mut wrong = Vec::new();
    for (model, config) in models() {
        for name in ComponentName::ALL {
            let component = build(name, &config, Opset::MAX);
            let graph = graph(&component);
            let mut seen = HashSet::new();
            let mut outputs = HashSet::new();
            for node in graph.all_nodes() {
                if !seen.insert(node.name()) {
                    wrong.push(format!("{model}, {name}: two nodes {}", node.name()));
                }
                if !["flow_lm", "mimi"]
                    .iter()
                    .any(|half| node.name().starts_with(half))
                {
                    wrong.push(format!("{model}, {name}: node {}", node.name()));
                }
                for output in &node.output {
                    if !outputs.insert(output.as_str()) {
                        wrong.push(format!("{model}, {name}: two values {output}"));
                    }
                }
            }
            // Constants are listed before the tensors of the checkpoint.
            let parameters = component.model.data().parameters();
            let initializers = graph.initializer.iter().rev().take(parameters.len()).rev();
            if !initializers
                .map(TensorProto::name)
                .eq(parameters.iter().map(|p| &p.name))
            {
                wrong.push(format!(
                    "{model}, {name}: initializers are not named after the tensors"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
