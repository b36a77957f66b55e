//! The backbone in calls against the whole sequence.

use kernels::CacheFormat;

use super::*;
use crate::testing::reference::{self, RefRows, RefTransformer, RefWeights, rows};
use crate::testing::{TestWeights, assert_close, noise, run, state};

const LATENT: usize = 5;

fn config(z_dim: Option<usize>) -> FlowLmConfig {
    let mut config = testkit::config("tiny_english").unwrap().flow_lm.clone();
    config.z_dim = z_dim;
    config
}

fn sizes(config: &FlowLmConfig) -> RefTransformer {
    let config = &config.transformer;
    RefTransformer {
        layers: config.num_layers,
        num_heads: config.num_heads,
        num_kv_heads: config.num_kv_heads(),
        head_dim: config.dim_per_head(),
        max_period: f64::from(config.max_period),
        context: None,
    }
}

fn weights(config: &FlowLmConfig) -> TestWeights {
    let width = config.transformer.d_model;
    let feedforward = config.transformer.dim_feedforward();
    let mut weights = TestWeights::new();
    weights.vector("flow_lm.bos_emb", LATENT);
    weights.linear("flow_lm.input_linear", LATENT, width, false);
    let path = "flow_lm.transformer";
    weights.transformer(path, &sizes(config), [width, feedforward], false);
    weights.layer_norm("flow_lm.out_norm", width);
    if let Some(z_dim) = config.z_dim {
        weights.linear("flow_lm.z_proj", width, z_dim, true);
    }
    weights.linear("flow_lm.out_eos", config.conditioning_dim(), 1, true);
    weights
}

/// `conditioning` and `eos_logit` of the last position of a sequence.
fn expected(
    p: &TestWeights,
    config: &FlowLmConfig,
    embeddings: &RefRows,
    latents: &RefRows,
) -> [RefRows; 2] {
    let mut x = embeddings.clone();
    if !latents.is_empty() {
        x.extend(reference::linear(p, "flow_lm.input_linear", latents));
    }
    let (x, _) = sizes(config).forward(p, "flow_lm.transformer", &x);
    let last = vec![x[x.len() - 1].clone()];
    let mut conditioning = reference::layer_norm(p, "flow_lm.out_norm", &last, 1e-5);
    if config.z_dim.is_some() {
        conditioning = reference::linear(p, "flow_lm.z_proj", &conditioning);
    }
    let eos = reference::linear(p, "flow_lm.out_eos", &conditioning);
    [conditioning, eos]
}

fn rows_tensor(values: &[f32], width: usize) -> Tensor {
    Tensor::f32(vec![1, values.len() / width, width], values.to_vec()).unwrap()
}

#[test]
fn calls_compute_what_the_whole_sequence_does() {
    for z_dim in [None, Some(7)] {
        let config = config(z_dim);
        let width = config.transformer.d_model;
        let weights = weights(&config);
        let m = weights.loader();
        let lm = FlowLm::new(&m, &config, LATENT, CacheFormat::F32, &[]).unwrap();
        m.finish().unwrap();
        let (mut ctx, mut caches) = (Context::default(), lm.start());
        let embeddings = noise(6 * width, 3);
        let mut latents = noise(4 * LATENT, 4);
        let bos = weights.get("flow_lm.bos_emb").to_vec();
        // How many embeddings and latents have come after each call.
        let (mut before, mut position) = ([0, 0], 0);
        for [e, l] in [[4, 0], [6, 0], [6, 1], [6, 2], [6, 4]] {
            let new_embeddings = &embeddings[before[0] * width..e * width];
            let mut new_latents = latents[before[1] * LATENT..l * LATENT].to_vec();
            if before[1] == 0 && l > 0 {
                // NaN stands for the beginning of speech.
                new_latents[..LATENT].fill(f32::NAN);
                latents[..LATENT].copy_from_slice(&bos);
            }
            let inputs = [
                ("embeddings", rows_tensor(new_embeddings, width)),
                ("latents", rows_tensor(&new_latents, LATENT)),
            ];
            let outputs = run(&lm, &mut ctx, &mut caches, position, &inputs).unwrap();
            let seen = rows(&embeddings[..e * width], width);
            let spoken = rows(&latents[..l * LATENT], LATENT);
            let [conditioning, eos] = expected(&weights, &config, &seen, &spoken);
            let what = format!("{e} embeddings, {l} latents");
            assert_close(&outputs["conditioning"], &conditioning.concat(), &what);
            assert_close(&outputs["eos_logit"], &eos.concat(), &what);
            position += (e - before[0] + l - before[1]) as i64;
            before = [e, l];
        }
        let empty = [
            ("embeddings", rows_tensor(&[], width)),
            ("latents", rows_tensor(&[], LATENT)),
        ];
        let error = run(&lm, &mut ctx, &mut caches, position, &empty);
        assert!(matches!(error, Err(EngineError::Empty { .. })), "{error:?}");
    }
}

#[test]
fn caches_of_different_lengths_are_refused() {
    let config = config(None);
    let width = config.transformer.d_model;
    let weights = weights(&config);
    let lm = FlowLm::new(&weights.loader(), &config, LATENT, CacheFormat::F32, &[]).unwrap();
    let (mut ctx, mut caches) = (Context::default(), lm.start());
    let which = state("transformer.layers.0.self_attn", "cache", Some(0));
    let row = vec![0.5; lm.state_size(&which).unwrap()];
    lm.set_state(&mut ctx, &mut caches, &which, &row).unwrap();
    assert_eq!(lm.state(&mut ctx, &caches, &which).unwrap(), row);
    let inputs = [
        ("embeddings", rows_tensor(&noise(width, 1), width)),
        ("latents", rows_tensor(&[], LATENT)),
    ];
    let error = run(&lm, &mut ctx, &mut caches, 1, &inputs);
    assert_eq!(error.err(), Some(EngineError::CacheLength));
}

#[test]
fn states_of_other_modules_are_unknown() {
    let config = config(None);
    let weights = weights(&config);
    let lm = FlowLm::new(&weights.loader(), &config, LATENT, CacheFormat::F32, &[]).unwrap();
    let (mut ctx, mut caches) = (Context::default(), lm.start());
    for module in [
        "",
        "nothing",
        "transformer",
        "transformer.layers.99.self_attn",
    ] {
        let which = state(module, "cache", Some(0));
        let unknown = EngineError::unknown_state(&which);
        assert_eq!(lm.state_size(&which), Err(unknown.clone()));
        assert_eq!(lm.state(&mut ctx, &caches, &which), Err(unknown.clone()));
        let set = lm.set_state(&mut ctx, &mut caches, &which, &[]);
        assert_eq!(set, Err(unknown));
    }
}
