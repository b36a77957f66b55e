use config::FlowType;

use super::*;
use crate::states::States;
use crate::testing::reference::{self, RefRows, RefWeights, add, linear, map, silu};
use crate::testing::{
    FIXTURES, GraphTrial, RecordFile, TestParameters, assert_none, f32s, fixture, nodes, noise,
    widened,
};

const NET: &str = "flow_lm.flow_net";

/// A small net of some kind.
fn config(kind: FlowType, depth: usize) -> Config {
    let mut config = fixture("tiny_english");
    config.flow_lm.flow.kind = kind;
    config.flow_lm.flow.depth = depth;
    config.flow_lm.flow.dim = 8;
    config
}

fn build(config: &Config) -> impl Fn(&Graph, &States<'_>) {
    |g, _| flow_net(g, config)
}

/// Counterpart of `TimestepEmbedder` in pocket-tts.
fn time_embedding(p: &TestParameters, path: &str, t: &RefRows) -> RefRows {
    let freqs = p.get(&format!("{path}.freqs"));
    let embedding = |row: &Vec<f64>| -> Vec<f64> {
        let args = freqs.iter().map(|f| row[0] * f64::from(*f));
        args.clone()
            .map(f64::cos)
            .chain(args.map(f64::sin))
            .collect()
    };
    let h = t.iter().map(embedding).collect();
    let h = map(&linear(p, &format!("{path}.mlp.0"), &h), silu);
    let h = linear(p, &format!("{path}.mlp.2"), &h);
    let alpha = p.get(&format!("{path}.mlp.3.alpha"));
    let norm = |row: &Vec<f64>| {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        let squares: f64 = row.iter().map(|v| (v - mean).powi(2)).sum();
        let root = (1e-5 + squares / (row.len() - 1) as f64).sqrt();
        row.iter()
            .zip(alpha)
            .map(|(v, a)| v * f64::from(*a) / root)
            .collect()
    };
    h.iter().map(norm).collect()
}

/// `x * (1 + scale) + shift`, with the modulation of `y` in pieces as wide as `x`.
fn modulation(p: &TestParameters, path: &str, y: &RefRows) -> Vec<RefRows> {
    let all = linear(p, &format!("{path}.adaLN_modulation.1"), &map(y, silu));
    let width = y[0].len();
    let piece = |i: usize| {
        all.iter()
            .map(|row| row[i * width..(i + 1) * width].to_vec())
            .collect()
    };
    (0..all[0].len() / width).map(piece).collect()
}

fn modulate(x: &RefRows, shift: &RefRows, scale: &RefRows) -> RefRows {
    let product = multiply(x, &map(scale, |v| 1.0 + v));
    add(&product, shift)
}

fn multiply(a: &RefRows, b: &RefRows) -> RefRows {
    let row = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a * b).collect();
    a.iter().zip(b).map(row).collect()
}

/// Counterpart of `SimpleMLPAdaLN` in pocket-tts.
fn reference(
    p: &TestParameters,
    depth: usize,
    c: &RefRows,
    times: &[RefRows],
    x: &RefRows,
) -> RefRows {
    let mut x = linear(p, &format!("{NET}.input_proj"), x);
    let mut y = linear(p, &format!("{NET}.cond_embed"), c);
    for (i, t) in times.iter().enumerate() {
        let embedded = time_embedding(p, &format!("{NET}.time_embed.{i}"), t);
        y = add(&y, &map(&embedded, |v| v / times.len() as f64));
    }
    for block in 0..depth {
        let path = format!("{NET}.res_blocks.{block}");
        let pieces = modulation(p, &path, &y);
        let norm = reference::layer_norm(p, &format!("{path}.in_ln"), &x, 1e-6);
        let h = modulate(&norm, &pieces[0], &pieces[1]);
        let h = map(&linear(p, &format!("{path}.mlp.0"), &h), silu);
        let h = linear(p, &format!("{path}.mlp.2"), &h);
        x = add(&x, &multiply(&pieces[2], &h));
    }
    let path = format!("{NET}.final_layer");
    let pieces = modulation(p, &path, &y);
    let h = modulate(
        &reference::plain_layer_norm(&x, 1e-6),
        &pieces[0],
        &pieces[1],
    );
    linear(p, &format!("{path}.linear"), &h)
}

#[test]
fn snapshot() {
    let config = config(FlowType::FlowMatching, 1);
    insta::assert_snapshot!(nodes(&TestParameters::of(&config), build(&config)), @"
    flow_lm.flow_net.input_proj/MatMul: MatMul(x, flow_lm.flow_net.input_proj.weight)
    flow_lm.flow_net.input_proj: Add(flow_lm.flow_net.input_proj/MatMul, flow_lm.flow_net.input_proj.bias)
    flow_lm.flow_net.cond_embed/MatMul: MatMul(conditioning, flow_lm.flow_net.cond_embed.weight)
    flow_lm.flow_net.cond_embed: Add(flow_lm.flow_net.cond_embed/MatMul, flow_lm.flow_net.cond_embed.bias)
    flow_lm.flow_net.time_embed.0/Mul: Mul(t, flow_lm.flow_net.time_embed.0.freqs)
    flow_lm.flow_net.time_embed.0/Cos: Cos(flow_lm.flow_net.time_embed.0/Mul)
    flow_lm.flow_net.time_embed.0/Sin: Sin(flow_lm.flow_net.time_embed.0/Mul)
    flow_lm.flow_net.time_embed.0/Concat: Concat(flow_lm.flow_net.time_embed.0/Cos, flow_lm.flow_net.time_embed.0/Sin) {axis=-1}
    flow_lm.flow_net.time_embed.0.mlp.0/MatMul: MatMul(flow_lm.flow_net.time_embed.0/Concat, flow_lm.flow_net.time_embed.0.mlp.0.weight)
    flow_lm.flow_net.time_embed.0.mlp.0: Add(flow_lm.flow_net.time_embed.0.mlp.0/MatMul, flow_lm.flow_net.time_embed.0.mlp.0.bias)
    flow_lm.flow_net.time_embed.0.mlp.1/Sigmoid: Sigmoid(flow_lm.flow_net.time_embed.0.mlp.0)
    flow_lm.flow_net.time_embed.0.mlp.1/Mul: Mul(flow_lm.flow_net.time_embed.0.mlp.0, flow_lm.flow_net.time_embed.0.mlp.1/Sigmoid)
    flow_lm.flow_net.time_embed.0.mlp.2/MatMul: MatMul(flow_lm.flow_net.time_embed.0.mlp.1/Mul, flow_lm.flow_net.time_embed.0.mlp.2.weight)
    flow_lm.flow_net.time_embed.0.mlp.2: Add(flow_lm.flow_net.time_embed.0.mlp.2/MatMul, flow_lm.flow_net.time_embed.0.mlp.2.bias)
    flow_lm.flow_net.time_embed.0.mlp.3/ReduceMean: ReduceMean(flow_lm.flow_net.time_embed.0.mlp.2, i64 [1]) {keepdims=1}
    flow_lm.flow_net.time_embed.0.mlp.3/Sub: Sub(flow_lm.flow_net.time_embed.0.mlp.2, flow_lm.flow_net.time_embed.0.mlp.3/ReduceMean)
    flow_lm.flow_net.time_embed.0.mlp.3/Mul: Mul(flow_lm.flow_net.time_embed.0.mlp.3/Sub, flow_lm.flow_net.time_embed.0.mlp.3/Sub)
    flow_lm.flow_net.time_embed.0.mlp.3/ReduceSum: ReduceSum(flow_lm.flow_net.time_embed.0.mlp.3/Mul, i64 [1]) {keepdims=1}
    flow_lm.flow_net.time_embed.0.mlp.3/Div: Div(flow_lm.flow_net.time_embed.0.mlp.3/ReduceSum, f32 7)
    flow_lm.flow_net.time_embed.0.mlp.3/Add: Add(flow_lm.flow_net.time_embed.0.mlp.3/Div, f32 0.00001)
    flow_lm.flow_net.time_embed.0.mlp.3/Sqrt: Sqrt(flow_lm.flow_net.time_embed.0.mlp.3/Add)
    flow_lm.flow_net.time_embed.0.mlp.3/Div_2: Div(flow_lm.flow_net.time_embed.0.mlp.3.alpha, flow_lm.flow_net.time_embed.0.mlp.3/Sqrt)
    flow_lm.flow_net.time_embed.0.mlp.3/Mul_2: Mul(flow_lm.flow_net.time_embed.0.mlp.2, flow_lm.flow_net.time_embed.0.mlp.3/Div_2)
    flow_lm.flow_net/Div: Div(flow_lm.flow_net.time_embed.0.mlp.3/Mul_2, f32 1)
    flow_lm.flow_net/Add: Add(flow_lm.flow_net.cond_embed, flow_lm.flow_net/Div)
    flow_lm.flow_net.res_blocks.0.adaLN_modulation.0/Sigmoid: Sigmoid(flow_lm.flow_net/Add)
    flow_lm.flow_net.res_blocks.0.adaLN_modulation.0/Mul: Mul(flow_lm.flow_net/Add, flow_lm.flow_net.res_blocks.0.adaLN_modulation.0/Sigmoid)
    flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/MatMul: MatMul(flow_lm.flow_net.res_blocks.0.adaLN_modulation.0/Mul, flow_lm.flow_net.res_blocks.0.adaLN_modulation.1.weight)
    flow_lm.flow_net.res_blocks.0.adaLN_modulation.1: Add(flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/MatMul, flow_lm.flow_net.res_blocks.0.adaLN_modulation.1.bias)
    flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/Split: Split(flow_lm.flow_net.res_blocks.0.adaLN_modulation.1, i64 [8, 8, 8]) -> flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/Split:0, flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/Split:1, flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/Split:2 {axis=-1}
    flow_lm.flow_net.res_blocks.0.in_ln: LayerNormalization(flow_lm.flow_net.input_proj, flow_lm.flow_net.res_blocks.0.in_ln.weight, flow_lm.flow_net.res_blocks.0.in_ln.bias) {axis=-1, epsilon=0.000001}
    flow_lm.flow_net.res_blocks.0.modulate/Add: Add(flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/Split:1, f32 1)
    flow_lm.flow_net.res_blocks.0.modulate/Mul: Mul(flow_lm.flow_net.res_blocks.0.in_ln, flow_lm.flow_net.res_blocks.0.modulate/Add)
    flow_lm.flow_net.res_blocks.0.modulate/Add_2: Add(flow_lm.flow_net.res_blocks.0.modulate/Mul, flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/Split:0)
    flow_lm.flow_net.res_blocks.0.mlp.0/MatMul: MatMul(flow_lm.flow_net.res_blocks.0.modulate/Add_2, flow_lm.flow_net.res_blocks.0.mlp.0.weight)
    flow_lm.flow_net.res_blocks.0.mlp.0: Add(flow_lm.flow_net.res_blocks.0.mlp.0/MatMul, flow_lm.flow_net.res_blocks.0.mlp.0.bias)
    flow_lm.flow_net.res_blocks.0.mlp.1/Sigmoid: Sigmoid(flow_lm.flow_net.res_blocks.0.mlp.0)
    flow_lm.flow_net.res_blocks.0.mlp.1/Mul: Mul(flow_lm.flow_net.res_blocks.0.mlp.0, flow_lm.flow_net.res_blocks.0.mlp.1/Sigmoid)
    flow_lm.flow_net.res_blocks.0.mlp.2/MatMul: MatMul(flow_lm.flow_net.res_blocks.0.mlp.1/Mul, flow_lm.flow_net.res_blocks.0.mlp.2.weight)
    flow_lm.flow_net.res_blocks.0.mlp.2: Add(flow_lm.flow_net.res_blocks.0.mlp.2/MatMul, flow_lm.flow_net.res_blocks.0.mlp.2.bias)
    flow_lm.flow_net.res_blocks.0/Mul: Mul(flow_lm.flow_net.res_blocks.0.adaLN_modulation.1/Split:2, flow_lm.flow_net.res_blocks.0.mlp.2)
    flow_lm.flow_net.res_blocks.0/Add: Add(flow_lm.flow_net.input_proj, flow_lm.flow_net.res_blocks.0/Mul)
    flow_lm.flow_net.final_layer.adaLN_modulation.0/Sigmoid: Sigmoid(flow_lm.flow_net/Add)
    flow_lm.flow_net.final_layer.adaLN_modulation.0/Mul: Mul(flow_lm.flow_net/Add, flow_lm.flow_net.final_layer.adaLN_modulation.0/Sigmoid)
    flow_lm.flow_net.final_layer.adaLN_modulation.1/MatMul: MatMul(flow_lm.flow_net.final_layer.adaLN_modulation.0/Mul, flow_lm.flow_net.final_layer.adaLN_modulation.1.weight)
    flow_lm.flow_net.final_layer.adaLN_modulation.1: Add(flow_lm.flow_net.final_layer.adaLN_modulation.1/MatMul, flow_lm.flow_net.final_layer.adaLN_modulation.1.bias)
    flow_lm.flow_net.final_layer.adaLN_modulation.1/Split: Split(flow_lm.flow_net.final_layer.adaLN_modulation.1, i64 [8, 8]) -> flow_lm.flow_net.final_layer.adaLN_modulation.1/Split:0, flow_lm.flow_net.final_layer.adaLN_modulation.1/Split:1 {axis=-1}
    flow_lm.flow_net.final_layer.norm_final: LayerNormalization(flow_lm.flow_net.res_blocks.0/Add, flow_lm.flow_net.final_layer.norm_final/ones) {axis=-1, epsilon=0.000001}
    flow_lm.flow_net.final_layer.modulate/Add: Add(flow_lm.flow_net.final_layer.adaLN_modulation.1/Split:1, f32 1)
    flow_lm.flow_net.final_layer.modulate/Mul: Mul(flow_lm.flow_net.final_layer.norm_final, flow_lm.flow_net.final_layer.modulate/Add)
    flow_lm.flow_net.final_layer.modulate/Add_2: Add(flow_lm.flow_net.final_layer.modulate/Mul, flow_lm.flow_net.final_layer.adaLN_modulation.1/Split:0)
    flow_lm.flow_net.final_layer.linear/MatMul: MatMul(flow_lm.flow_net.final_layer.modulate/Add_2, flow_lm.flow_net.final_layer.linear.weight)
    flow_lm.flow_net.final_layer.linear: Add(flow_lm.flow_net.final_layer.linear/MatMul, flow_lm.flow_net.final_layer.linear.bias) -> flow
    ");
}

#[test]
fn nets_of_every_kind() {
    struct Case {
        name: &'static str,
        kind: FlowType,
        depth: usize,
        /// Factor of what the norms see: small ones show their epsilon.
        scale: f32,
    }
    let lsd = Case {
        name: "lsd",
        kind: FlowType::Lsd,
        depth: 2,
        scale: 1.0,
    };
    let cases = [
        Case {
            name: "flow matching",
            kind: FlowType::FlowMatching,
            depth: 1,
            ..lsd
        },
        Case {
            name: "drifting",
            kind: FlowType::Drifting,
            ..lsd
        },
        Case {
            name: "pointwise",
            kind: FlowType::Pointwise,
            ..lsd
        },
        Case {
            name: "no block",
            depth: 0,
            ..lsd
        },
        Case {
            name: "small values",
            scale: 2e-3,
            ..lsd
        },
        lsd,
    ];
    let mut problems = Vec::new();
    for case in cases {
        let config = config(case.kind, case.depth);
        let mut parameters = TestParameters::of(&config);
        let names = case.kind.time_inputs();
        let embeddings = (0..names.len()).map(|i| format!("{NET}.time_embed.{i}.mlp.2"));
        for path in embeddings.chain([format!("{NET}.input_proj")]) {
            parameters.scale(&format!("{path}.weight"), case.scale);
            parameters.scale(&format!("{path}.bias"), case.scale);
        }
        let mut trial = GraphTrial::new(&parameters, build(&config));
        let (z, ldim) = (config.flow_lm.conditioning_dim(), config.mimi.latent_dim());
        for rows in [1, 3] {
            let (c, x) = (noise("c", rows * z), noise("x", rows * ldim));
            // Both ends of the time axis and something between.
            let times = [vec![0.0, 0.25, 1.0], vec![1.0, 0.5, 0.125]];
            let times: Vec<Vec<f32>> = times[..names.len()]
                .iter()
                .map(|t| t[..rows].to_vec())
                .collect();
            let y = reference(
                &parameters,
                case.depth,
                &reference::rows(&c, z),
                &times
                    .iter()
                    .map(|t| reference::rows(t, 1))
                    .collect::<Vec<_>>(),
                &reference::rows(&x, ldim),
            );
            let (c, x) = (f32s(&[rows, z], &c), f32s(&[rows, ldim], &x));
            let times: Vec<_> = times.iter().map(|t| f32s(&[rows, 1], t)).collect();
            let mut inputs = vec![("conditioning", &c), ("x", &x)];
            inputs.extend(names.iter().copied().zip(&times));
            let found = trial.call(&inputs, &[("flow", &[rows, ldim], &reference::flat(&y))]);
            let case = format!("{}, {rows} rows", case.name);
            problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
        }
    }
    assert_none(&problems);
}

#[test]
fn as_recorded() {
    let mut problems = Vec::new();
    for name in FIXTURES {
        let config = fixture(name);
        let record = RecordFile::open(name, "solver");
        let mut trial = GraphTrial::new(&TestParameters::fixture(name), build(&config));
        let times = config.flow_lm.flow.kind.time_inputs();
        let keys = (0..times.len()).map(|i| format!("net.t{i}"));
        let keys = ["net.c".to_owned(), "net.x".to_owned()]
            .into_iter()
            .chain(keys);
        let tensors = keys.map(|key| record.f32s(&key));
        let tensors: Vec<_> = tensors
            .map(|(shape, values)| f32s(&shape, &values))
            .collect();
        let names = ["conditioning", "x"]
            .into_iter()
            .chain(times.iter().copied());
        let inputs: Vec<_> = names.zip(&tensors).collect();
        let (shape, flow) = record.f32s("net.out");
        let found = trial.call(&inputs, &[("flow", &shape, &widened(&flow))]);
        problems.extend(found.into_iter().map(|p| format!("{name}: {p}")));
    }
    assert_none(&problems);
}
