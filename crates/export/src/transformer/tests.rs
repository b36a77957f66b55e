use onnx::Graph;
use tensor::{DType, Dim};

use super::*;
use crate::states::States;
use crate::testing::reference::{self, RefTransformer};
use crate::testing::{GraphTrial, TestParameters, assert_none, f32s, nodes, noise, without};
use crate::window::Window;

const TEST_CONTEXT: usize = 3;

fn config(layers: usize, input: usize) -> MimiTransformerConfig {
    MimiTransformerConfig {
        d_model: 8,
        input_dimension: input,
        output_dimensions: vec![input],
        num_heads: 2,
        num_layers: layers,
        layer_scale: 0.01,
        context: TEST_CONTEXT,
        max_period: 10_000.0,
        dim_feedforward: 12,
    }
}

/// The parameters of `mimi.t`, with or without layer scales.
fn parameters(config: &MimiTransformerConfig, scales: bool) -> TestParameters {
    let (model, input) = (config.d_model, config.input_dimension);
    let mut shapes = Vec::new();
    for layer in 0..config.num_layers {
        let path = format!("mimi.t.transformer.layers.{layer}");
        let mut add =
            |name: &str, shape: &[usize]| shapes.push((format!("{path}.{name}"), shape.to_vec()));
        for norm in ["norm1", "norm2"] {
            add(&format!("{norm}.weight"), &[model]);
            add(&format!("{norm}.bias"), &[model]);
        }
        add("self_attn.in_proj.weight", &[3 * model, model]);
        add("self_attn.out_proj.weight", &[model, model]);
        add("linear1.weight", &[config.dim_feedforward, model]);
        add("linear2.weight", &[model, config.dim_feedforward]);
        if scales {
            add("layer_scale_1.scale", &[model]);
            add("layer_scale_2.scale", &[model]);
        }
    }
    if input != model {
        shapes.push(("mimi.t.input_proj.weight".to_owned(), vec![model, input]));
        shapes.push((
            "mimi.t.output_projs.0.weight".to_owned(),
            vec![input, model],
        ));
    }
    TestParameters::random(
        shapes
            .iter()
            .map(|(key, shape)| (key.as_str(), shape.clone())),
    )
}

fn build(config: &MimiTransformerConfig) -> impl Fn(&Graph, &States<'_>) {
    move |g, _| {
        let m = g.scope("mimi.t");
        let shape = [
            Dim::Fixed(1),
            Dim::Fixed(config.input_dimension),
            Dim::from("T"),
        ];
        let x = g.input("x", DType::F32, &shape);
        let time = m.size(&x, 2);
        let positions = m.range(&m.ints(&[0]), &time);
        let keys = Keys::Windowed(Window::new(&m, &time, config.context));
        let y = projected_transformer(&m, config, &x, &positions, &keys);
        g.output("y", &y, DType::F32, &shape);
    }
}

#[test]
fn layer_snapshot() {
    let config = config(1, 8);
    let text = nodes(&parameters(&config, true), build(&config));
    // Attention, window and rope have snapshots of their own.
    let others = [
        "mimi.t.transformer.layers.0.self_attn",
        "mimi.t.window",
        "mimi.t.transformer.rope",
    ];
    insta::assert_snapshot!(without(&text, &others), @"
    mimi.t/Shape: Shape(x) {start=2, end=3}
    mimi.t/Squeeze: Squeeze(i64 [0], i64 [0])
    mimi.t/Squeeze_2: Squeeze(mimi.t/Shape, i64 [0])
    mimi.t/Range: Range(mimi.t/Squeeze, mimi.t/Squeeze_2, i64 1)
    mimi.t/Transpose: Transpose(x) {perm=[0, 2, 1]}
    mimi.t/Squeeze_3: Squeeze(mimi.t/Transpose, i64 [0])
    mimi.t.transformer.layers.0.norm1: LayerNormalization(mimi.t/Squeeze_3, mimi.t.transformer.layers.0.norm1.weight, mimi.t.transformer.layers.0.norm1.bias) {axis=-1, epsilon=0.00001}
    mimi.t.transformer.layers.0.layer_scale_1/Mul: Mul(mimi.t.transformer.layers.0.self_attn.out_proj, mimi.t.transformer.layers.0.layer_scale_1.scale)
    mimi.t.transformer.layers.0/Add: Add(mimi.t/Squeeze_3, mimi.t.transformer.layers.0.layer_scale_1/Mul)
    mimi.t.transformer.layers.0.norm2: LayerNormalization(mimi.t.transformer.layers.0/Add, mimi.t.transformer.layers.0.norm2.weight, mimi.t.transformer.layers.0.norm2.bias) {axis=-1, epsilon=0.00001}
    mimi.t.transformer.layers.0.linear1: MatMul(mimi.t.transformer.layers.0.norm2, mimi.t.transformer.layers.0.linear1.weight)
    mimi.t.transformer.layers.0.linear1/Gelu: Gelu(mimi.t.transformer.layers.0.linear1) {approximate=tanh}
    mimi.t.transformer.layers.0.linear2: MatMul(mimi.t.transformer.layers.0.linear1/Gelu, mimi.t.transformer.layers.0.linear2.weight)
    mimi.t.transformer.layers.0.layer_scale_2/Mul: Mul(mimi.t.transformer.layers.0.linear2, mimi.t.transformer.layers.0.layer_scale_2.scale)
    mimi.t.transformer.layers.0/Add_2: Add(mimi.t.transformer.layers.0/Add, mimi.t.transformer.layers.0.layer_scale_2/Mul)
    mimi.t/Unsqueeze: Unsqueeze(mimi.t.transformer.layers.0/Add_2, i64 [0])
    mimi.t/Transpose_2: Transpose(mimi.t/Unsqueeze) -> y {perm=[0, 2, 1]}
    ");
}

#[test]
fn layers_follow_each_other() {
    struct Case {
        name: &'static str,
        layers: usize,
        input: usize,
        scales: bool,
        /// Small inputs show the norms' epsilon.
        scale: f32,
    }
    let plain = Case {
        name: "no projection, no layer scale",
        layers: 2,
        input: 8,
        scales: false,
        scale: 1.0,
    };
    let cases = [
        Case {
            name: "layer scales",
            scales: true,
            ..plain
        },
        Case {
            name: "projections",
            input: 6,
            layers: 1,
            ..plain
        },
        Case {
            name: "small inputs",
            scale: 2e-3,
            ..plain
        },
        plain,
    ];
    let mut problems = Vec::new();
    for case in cases {
        let config = config(case.layers, case.input);
        let parameters = parameters(&config, case.scales);
        let mut trial = GraphTrial::new(&parameters, build(&config));
        let time = 7;
        let mut x = noise("x", case.input * time);
        for value in &mut x {
            *value *= case.scale;
        }
        let reference = RefTransformer {
            layers: case.layers,
            num_heads: 2,
            num_kv_heads: 2,
            head_dim: 4,
            max_period: 10_000.0,
            context: Some(TEST_CONTEXT),
        };
        let mut h = reference::transposed(&reference::rows(&x, time));
        if case.input != 8 {
            h = reference::linear(&parameters, "mimi.t.input_proj", &h);
        }
        (h, _) = reference.forward(&parameters, "mimi.t.transformer", &h);
        if case.input != 8 {
            h = reference::linear(&parameters, "mimi.t.output_projs.0", &h);
        }
        let y = reference::flat(&reference::transposed(&h));
        let shape = [1, case.input, time];
        let found = trial.call(&[("x", &f32s(&shape, &x))], &[("y", &shape, &y)]);
        problems.extend(found.into_iter().map(|p| format!("{}: {p}", case.name)));
    }
    assert_none(&problems);
}
