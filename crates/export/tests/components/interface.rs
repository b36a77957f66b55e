//! Inputs and outputs, as the format says them.

use bundle::{ComponentName, DType, Dim, TensorInfo};
use config::Config;
use export::interface;
use onnx::Opset;

use super::{build, graph, models};

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
    let cache = |name| f32(name, [rows.into(), shape[0].into(), shape[1].into()]);
    (0..layers)
        .flat_map(|layer| kinds.map(|kind| cache(name(layer, kind))))
        .collect()
}

/// Inputs and outputs without the states of convolutions.
fn expected(name: ComponentName, config: &Config) -> [Vec<TensorInfo>; 2] {
    let one = || Dim::Fixed(1);
    let lm = &config.flow_lm.transformer;
    let (ldim, width) = (config.mimi.latent_dim().into(), lm.d_model.into());
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
            let inner = config.mimi.inner_dim().into();
            [
                vec![f32("audio", [one(), one(), "N".into()])],
                vec![
                    f32("latents", [one(), "F".into(), inner]),
                    f32("prompt", [one(), rows.into(), width]),
                ],
            ]
        }
        ComponentName::MimiDecoder => {
            let transformer = config.mimi.decoder_transformer();
            let shape = [transformer.num_heads, transformer.dim_per_head()];
            let inputs = vec![f32("latents", [one(), "F".into(), ldim]), position];
            let audio = format!("{}*F", config.mimi.frame_size());
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
    let seanet = config.mimi.decoder_seanet();
    let stride = config.mimi.positions_per_frame();
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
