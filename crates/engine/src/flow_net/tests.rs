//! The flow net of every kind against the reference.

use config::FlowType;
use tensor::Tensor;

use super::*;
use crate::testing::reference::{self, RefRows, RefWeights, add, map, rows, silu, zip};
use crate::testing::{TestWeights, assert_close, noise, run};

const DIM: usize = 12;
const LATENT: usize = 7;
const PATH: &str = "flow_lm.flow_net";

fn config(kind: FlowType) -> FlowLmConfig {
    let mut config = testkit::config("tiny_english").unwrap().flow_lm.clone();
    config.flow.kind = kind;
    config.flow.dim = DIM;
    config.flow.depth = 2;
    config
}

fn weights(config: &FlowLmConfig) -> TestWeights {
    let mut weights = TestWeights::new();
    let path = |name: &str| format!("{PATH}.{name}");
    weights.linear(&path("input_proj"), LATENT, DIM, true);
    weights.linear(&path("cond_embed"), config.conditioning_dim(), DIM, true);
    for i in 0..config.flow.kind.time_inputs().len() {
        let path = |name: &str| format!("{PATH}.time_embed.{i}.{name}");
        weights.vector(&path("freqs"), TIME_FREQUENCIES);
        weights.linear(&path("mlp.0"), 2 * TIME_FREQUENCIES, DIM, true);
        weights.linear(&path("mlp.2"), DIM, DIM, true);
        weights.vector(&path("mlp.3.alpha"), DIM);
    }
    for i in 0..config.flow.depth {
        let path = |name: &str| format!("{PATH}.res_blocks.{i}.{name}");
        weights.layer_norm(&path("in_ln"), DIM);
        weights.linear(&path("mlp.0"), DIM, DIM, true);
        weights.linear(&path("mlp.2"), DIM, DIM, true);
        weights.linear(&path("adaLN_modulation.1"), DIM, 3 * DIM, true);
    }
    weights.linear(&path("final_layer.linear"), DIM, LATENT, true);
    weights.linear(&path("final_layer.adaLN_modulation.1"), DIM, 2 * DIM, true);
    weights
}

/// `x * (1 + scale) + shift`; each row of `modulation` begins with shift and scale.
fn modulate(x: &RefRows, modulation: &RefRows) -> RefRows {
    let part = |at: usize| {
        modulation
            .iter()
            .map(move |m| m[at * DIM..][..DIM].to_vec())
    };
    let (shift, scale): (RefRows, RefRows) = (part(0).collect(), part(1).collect());
    add(&zip(x, &scale, |x, scale| x * (1.0 + scale)), &shift)
}

fn time_embedding(p: &TestWeights, path: &str, time: f32) -> Vec<f64> {
    let angles = p.get(&format!("{path}.freqs")).iter();
    let angles = angles.map(|freq| f64::from(time * freq));
    let embedding = angles.clone().map(f64::cos).chain(angles.map(f64::sin));
    let x = vec![embedding.collect()];
    let x = map(&reference::linear(p, &format!("{path}.mlp.0"), &x), silu);
    let x = reference::linear(p, &format!("{path}.mlp.2"), &x);
    reference::rms_norm(p.get(&format!("{path}.mlp.3.alpha")), &x[0], 1e-5)
}

fn expected(
    p: &TestWeights,
    config: &FlowLmConfig,
    x: &RefRows,
    c: &RefRows,
    times: &[RefRows],
) -> RefRows {
    let path = |name: &str| format!("{PATH}.{name}");
    let mut x = reference::linear(p, &path("input_proj"), x);
    let mut y = reference::linear(p, &path("cond_embed"), c);
    for (i, times_of_rows) in times.iter().enumerate() {
        for (y, time) in y.iter_mut().zip(times_of_rows) {
            let embedding = time_embedding(p, &path(&format!("time_embed.{i}")), time[0] as f32);
            for (y, value) in y.iter_mut().zip(embedding) {
                *y += value / times.len() as f64;
            }
        }
    }
    let y = map(&y, silu);
    for i in 0..config.flow.depth {
        let path = |name: &str| format!("{PATH}.res_blocks.{i}.{name}");
        let modulation = reference::linear(p, &path("adaLN_modulation.1"), &y);
        let h = reference::layer_norm(p, &path("in_ln"), &x, 1e-6);
        let h = reference::linear(p, &path("mlp.0"), &modulate(&h, &modulation));
        let h = reference::linear(p, &path("mlp.2"), &map(&h, silu));
        let gate = modulation.iter().map(|m| m[2 * DIM..].to_vec()).collect();
        x = add(&x, &zip(&gate, &h, |gate, h| gate * h));
    }
    let modulation = reference::linear(p, &path("final_layer.adaLN_modulation.1"), &y);
    let h = modulate(&reference::plain_layer_norm(&x, 1e-6), &modulation);
    reference::linear(p, &path("final_layer.linear"), &h)
}

#[test]
fn every_kind_computes_what_the_reference_does() {
    for kind in [
        FlowType::Lsd,
        FlowType::FlowMatching,
        FlowType::Drifting,
        FlowType::Pointwise,
    ] {
        let config = config(kind);
        let weights = weights(&config);
        let m = weights.loader();
        let net = SimpleMlpAdaLn::new(&m, &config, LATENT).unwrap();
        m.finish().unwrap();
        let mut ctx = Context::default();
        // The second call finds embedded times of the first.
        for (seed, count) in [(1, 3), (1, 2), (9, 1)] {
            let conditioning = noise(count * config.conditioning_dim(), seed);
            let x = noise(count * LATENT, seed + 1);
            let names = kind.time_inputs();
            let time = |i: usize| noise(count, seed + 2 + i as u32);
            let times: Vec<Vec<f32>> = (0..names.len()).map(time).collect();
            let tensor = |values: &[f32]| {
                let shape = vec![count, values.len() / count];
                Tensor::f32(shape, values.to_vec()).unwrap()
            };
            let mut inputs = vec![("conditioning", tensor(&conditioning)), ("x", tensor(&x))];
            inputs.extend(names.iter().zip(&times).map(|(name, t)| (*name, tensor(t))));
            let outputs = run(&net, &mut ctx, &mut (), 0, &inputs).unwrap();
            let times: Vec<RefRows> = times.iter().map(|times| rows(times, 1)).collect();
            let c = rows(&conditioning, config.conditioning_dim());
            let expected = expected(&weights, &config, &rows(&x, LATENT), &c, &times);
            assert_close(&outputs["flow"], &expected.concat(), &format!("{kind:?}"));
        }
    }
}

#[test]
fn times_are_embedded_once() {
    let config = config(FlowType::FlowMatching);
    let weights = weights(&config);
    let net = SimpleMlpAdaLn::new(&weights.loader(), &config, LATENT).unwrap();
    let mut ctx = Context::default();
    let first = net.embed(&mut ctx, &[0.5]);
    assert_eq!(net.embed(&mut ctx, &[0.5]), first);
    assert_eq!(net.embedded.lock().unwrap().len(), 1);
    for i in 0..2 * CACHED_TIMES {
        net.embed(&mut ctx, &[i as f32]);
        assert!(net.embedded.lock().unwrap().len() <= CACHED_TIMES);
    }
    assert_eq!(net.embed(&mut ctx, &[0.5]), first);
}
