//! The graphs of all models: the five fixtures' and the released variants'.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use bundle::{Carry, ComponentName, DType, Dim, Initial, State, TensorInfo};
use config::{Config, Variant};
use export::{ComponentGraph, interface};
use onnx::proto::GraphProto;
use onnx::{Layout, Opset};

const FIXTURES: [&str; 5] = [
    "tiny_2026-01",
    "tiny_2m",
    "tiny_drifting_french",
    "tiny_english",
    "tiny_flow_matching",
];

fn fixtures() -> Vec<(String, Config)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/configs");
    let read = |name: &str| std::fs::read_to_string(dir.join(format!("{name}.yaml"))).unwrap();
    let config = |name: &str| (name.to_owned(), Config::from_yaml(&read(name)).unwrap());
    FIXTURES.map(config).into()
}

fn models() -> Vec<(String, Config)> {
    let variants = Variant::all()
        .iter()
        .map(|v| (v.name.to_owned(), v.config()));
    let models: Vec<_> = fixtures().into_iter().chain(variants).collect();
    assert_eq!(models.len(), 5 + 27);
    models
}

fn build(name: ComponentName, config: &Config, opset: Opset) -> ComponentGraph {
    ComponentGraph::build(name, config, opset).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn graph(component: &ComponentGraph) -> &GraphProto {
    component.model.proto().graph.as_ref().unwrap()
}

#[test]
fn every_tensor_is_in_the_graphs_that_read_it() {
    // Only these are read by two of them.
    let mut wrong = Vec::new();
    for (model, config) in models() {
        for opset in [Opset::MIN, Opset::MAX] {
            let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for name in ComponentName::ALL {
                for parameter in build(name, &config, opset).model.parameters() {
                    let mut shape = parameter.shape.clone();
                    if parameter.layout == Layout::Transposed {
                        shape.reverse();
                    }
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
            for node in &graph.node {
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
            let parameters = component.model.parameters();
            let initializers = graph.initializer.iter().rev().take(parameters.len()).rev();
            if !initializers
                .map(|i| i.name())
                .eq(parameters.iter().map(|p| &p.name))
            {
                wrong.push(format!(
                    "{model}, {name}: initializers are not called as tensors"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn info(name: impl Into<String>, dtype: DType, shape: impl Into<Vec<Dim>>) -> TensorInfo {
    TensorInfo {
        name: name.into(),
        dtype,
        shape: shape.into(),
    }
}

fn f32<const N: usize>(name: impl Into<String>, shape: [Dim; N]) -> TensorInfo {
    info(name, DType::F32, shape)
}

fn caches(
    past: bool,
    which: &str,
    layers: usize,
    rows: &str,
    shape: [usize; 2],
) -> Vec<TensorInfo> {
    let kinds = if past {
        ["past_key", "past_value"]
    } else {
        ["key", "value"]
    };
    let name = |layer, kind: &str| match which {
        "" => format!("{kind}.{layer}"),
        which => format!("{which}_{kind}.{layer}"),
    };
    let cache = |name| {
        f32(
            name,
            [1.into(), rows.into(), shape[0].into(), shape[1].into()],
        )
    };
    (0..layers)
        .flat_map(|layer| kinds.map(|kind| cache(name(layer, kind))))
        .collect()
}

/// Inputs and outputs without the states of convolutions.
fn expected(name: ComponentName, config: &Config) -> [Vec<TensorInfo>; 2] {
    let one = || Dim::Fixed(1);
    let lm = &config.flow_lm.transformer;
    let (ldim, width) = (config.latent_dim().into(), lm.d_model.into());
    let z = config.flow_lm.conditioning_dim();
    let position = info("position", DType::I64, [one()]);
    match name {
        ComponentName::TextConditioner => [
            vec![info("token_ids", DType::I64, [one(), "T".into()])],
            vec![f32("embeddings", [one(), "T".into(), width])],
        ],
        ComponentName::FlowLm => {
            let shape = [lm.num_kv_heads(), lm.dim_per_head()];
            let inputs = vec![
                f32("embeddings", [one(), "S".into(), width]),
                f32("latents", [one(), "L".into(), ldim]),
                position,
            ];
            let outputs = vec![
                f32("conditioning", [one(), z.into()]),
                f32("eos_logit", [one(), one()]),
            ];
            let past = caches(true, "", lm.num_layers, "P", shape);
            let new = caches(false, "new", lm.num_layers, "S+L", shape);
            [[inputs, past].concat(), [outputs, new].concat()]
        }
        ComponentName::FlowNet => {
            let times = config.flow_lm.flow.kind.time_inputs().iter();
            let times = times.map(|t| f32(*t, ["N".into(), one()]));
            let conditioning = f32("conditioning", ["N".into(), z.into()]);
            let x = f32("x", ["N".into(), ldim.clone()]);
            [
                [conditioning].into_iter().chain(times).chain([x]).collect(),
                vec![f32("flow", ["N".into(), ldim])],
            ]
        }
        ComponentName::MimiEncoder => {
            let bos = config.flow_lm.insert_bos_before_voice;
            let rows = if bos { "F+1" } else { "F" };
            let inner = config.inner_dim().into();
            [
                vec![f32("audio", [one(), one(), "N".into()])],
                vec![
                    f32("latents", [one(), "F".into(), inner]),
                    f32("prompt", [one(), rows.into(), width]),
                ],
            ]
        }
        ComponentName::MimiDecoder => {
            let transformer = config.decoder_transformer();
            let shape = [transformer.num_heads, transformer.dim_per_head()];
            let inputs = vec![f32("latents", [one(), "F".into(), ldim]), position];
            let audio = format!("{}*F", config.frame_size());
            let outputs = vec![f32("audio", [one(), one(), audio.as_str().into()])];
            let past = caches(true, "", transformer.num_layers, "P", shape);
            let next = caches(false, "next", transformer.num_layers, "P_next", shape);
            [[inputs, past].concat(), [outputs, next].concat()]
        }
    }
}

/// States of the decoder's convolutions: those that upstream's modules keep, but the empty ones.
fn convolution_states(config: &Config) -> Vec<(String, [usize; 2])> {
    let mut states = Vec::new();
    let seanet = config.decoder_seanet();
    let stride = config.positions_per_frame();
    if stride > 1 {
        states.push((
            "partial.upsample.convtr".to_owned(),
            [seanet.dimension, stride],
        ));
    }
    let mut width = seanet.n_filters << seanet.ratios.len();
    states.push((
        "previous.decoder.model.0".to_owned(),
        [seanet.dimension, seanet.kernel_size - 1],
    ));
    let mut layer = 2;
    for ratio in &seanet.ratios {
        width /= 2;
        states.push((format!("partial.decoder.model.{layer}"), [width, *ratio]));
        for block in 0..seanet.n_residual_layers {
            let name = format!("previous.decoder.model.{}.block.1", layer + 1 + block);
            let reach = (seanet.residual_kernel_size - 1) * seanet.dilation_base.pow(block as u32);
            states.push((name, [width, reach]));
        }
        layer += 2 + seanet.n_residual_layers;
    }
    states.push((
        format!("previous.decoder.model.{layer}"),
        [width, seanet.last_kernel_size - 1],
    ));
    states.retain(|(_, [_, time])| *time > 0);
    states
}

#[test]
fn inputs_and_outputs_are_those_of_the_format() {
    let mut wrong = Vec::new();
    for (model, config) in models() {
        for name in ComponentName::ALL {
            let component = build(name, &config, Opset::MAX);
            let (inputs, outputs) = interface(graph(&component)).unwrap();
            let mut expected = expected(name, &config);
            if name == ComponentName::MimiDecoder {
                for (state, [channels, time]) in convolution_states(&config) {
                    let shape = || [1, channels, time].map(Dim::Fixed);
                    expected[0].push(f32(state.clone(), shape()));
                    expected[1].push(f32(format!("next_{state}"), shape()));
                }
            }
            for (found, mut expected) in [inputs, outputs].into_iter().zip(expected) {
                let sorted = |list: &mut Vec<TensorInfo>| list.sort_by(|a, b| a.name.cmp(&b.name));
                let mut found = found;
                sorted(&mut found);
                sorted(&mut expected);
                if found != expected {
                    wrong.push(format!("{model}, {name}:\n{found:?}\nnot\n{expected:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn states_name_what_upstream_keeps() {
    let mut wrong = Vec::new();
    for (model, config) in models() {
        for name in ComponentName::ALL {
            let component = build(name, &config, Opset::MAX);
            let streams = matches!(name, ComponentName::FlowLm | ComponentName::MimiDecoder);
            if component.position.is_some() != streams || component.states.is_empty() == streams {
                wrong.push(format!("{model}, {name}: position or states"));
            }
            for state in &component.states {
                if !fits(state, name) {
                    wrong.push(format!("{model}, {name}: {state:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether the names of a state say which module's it is.
fn fits(state: &State, component: ComponentName) -> bool {
    let State {
        input,
        output,
        module,
        key,
        ..
    } = state;
    if key != "cache" {
        return *input == format!("{key}.{module}")
            && *output == format!("next_{key}.{module}")
            && state.index.is_none()
            && (state.initial, state.carry) == (Initial::Zeros, Carry::Replace);
    }
    let (which, carry, prefix) = match component {
        ComponentName::FlowLm => ("new", Carry::Append { axis: 1 }, ""),
        _ => ("next", Carry::Replace, "decoder_transformer."),
    };
    let kind = match state.index {
        Some(0) => "key",
        Some(1) => "value",
        _ => return false,
    };
    let path = format!("{prefix}transformer.layers.");
    let layer = module
        .strip_prefix(&path)
        .and_then(|m| m.strip_suffix(".self_attn"));
    layer.is_some_and(|layer| {
        *input == format!("past_{kind}.{layer}") && *output == format!("{which}_{kind}.{layer}")
    }) && (state.initial, state.carry) == (Initial::Empty, carry)
}
