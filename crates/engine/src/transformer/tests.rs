//! Transformers in pieces against whole signals, and their caches as states.

use super::*;
use crate::testing::reference::{self, RefTransformer, rows};
use crate::testing::{TestWeights, assert_close, in_pieces, noise, state};

const MODEL_WIDTH: usize = 12;

fn config(input: usize, output: usize) -> MimiTransformerConfig {
    MimiTransformerConfig {
        d_model: MODEL_WIDTH,
        input_dimension: input,
        output_dimensions: vec![output],
        num_heads: 3,
        num_layers: 2,
        layer_scale: 1.0,
        context: 7,
        max_period: 100.0,
        dim_feedforward: 20,
    }
}

const SIZES: RefTransformer = RefTransformer {
    layers: 2,
    num_heads: 3,
    num_kv_heads: 3,
    head_dim: 4,
    max_period: 100.0,
    context: Some(7),
};

fn weights(input: usize, output: usize) -> TestWeights {
    let mut weights = TestWeights::new();
    weights.transformer("transformer", &SIZES, [MODEL_WIDTH, 20], true);
    if input != MODEL_WIDTH {
        weights.linear("input_proj", input, MODEL_WIDTH, false);
    }
    if output != MODEL_WIDTH {
        weights.linear("output_projs.0", MODEL_WIDTH, output, false);
    }
    weights
}

#[test]
fn a_transformer_in_pieces_is_that_of_the_whole_signal() {
    for (input, output) in [(MODEL_WIDTH, MODEL_WIDTH), (5, MODEL_WIDTH), (5, 9)] {
        let (weights, config) = (weights(input, output), config(input, output));
        let m = weights.loader();
        let transformer = ProjectedTransformer::new(&m, &config, CacheFormat::F32).unwrap();
        let x = noise(23 * input, 5);
        let mut caches = transformer.caches();
        let (mut ctx, mut position) = (Context::default(), 0);
        let y = in_pieces(&x, input, &[1, 6, 2, 9, 5], |x, _| {
            let time = x.len() / input;
            let y = transformer.forward(&mut ctx, x.to_vec(), time, position, &mut caches);
            position += time as i64;
            y
        });
        let mut expected = rows(&x, input);
        if input != MODEL_WIDTH {
            expected = reference::linear(&weights, "input_proj", &expected);
        }
        (expected, _) = SIZES.forward(&weights, "transformer", &expected);
        if output != MODEL_WIDTH {
            expected = reference::linear(&weights, "output_projs.0", &expected);
        }
        assert_close(&y, &expected.concat(), &format!("{input} to {output}"));
    }
}

#[test]
fn a_transformer_goes_on_from_caches_that_were_set() {
    let (weights, config) = (
        weights(MODEL_WIDTH, MODEL_WIDTH),
        config(MODEL_WIDTH, MODEL_WIDTH),
    );
    let m = weights.loader();
    let transformer = ProjectedTransformer::new(&m, &config, CacheFormat::F32).unwrap();
    let (mut ctx, x) = (Context::default(), noise(12 * MODEL_WIDTH, 5));
    let (before, next) = x.split_at(11 * MODEL_WIDTH);
    let mut caches = transformer.caches();
    transformer.forward(&mut ctx, before.to_vec(), 11, 0, &mut caches);
    let mut restored = transformer.caches();
    for layer in 0..2 {
        for index in [0, 1] {
            let module = format!("decoder.transformer.layers.{layer}.self_attn");
            let which = state(&module, "cache", Some(index));
            let part = transformer.find_cache("decoder", &which).unwrap();
            assert_eq!(part.row_width, MODEL_WIDTH);
            let rows = part.of(&caches).get();
            // The window, less the next position itself.
            assert_eq!(rows.len(), 6 * MODEL_WIDTH);
            part.set(&ctx, &mut restored, &which, &rows).unwrap();
            let cut = part.set(&ctx, &mut restored, &which, &rows[1..]);
            assert_eq!(cut, Err(EngineError::state_size(&which, &rows[1..])));
        }
    }
    assert_eq!(
        transformer.forward(&mut ctx, next.to_vec(), 1, 11, &mut restored),
        transformer.forward(&mut ctx, next.to_vec(), 1, 11, &mut caches),
    );
}

#[test]
fn only_caches_of_its_layers_are_found() {
    let (weights, config) = (
        weights(MODEL_WIDTH, MODEL_WIDTH),
        config(MODEL_WIDTH, MODEL_WIDTH),
    );
    let transformer = ProjectedTransformer::new(&weights.loader(), &config, CacheFormat::F32);
    let transformer = transformer.unwrap();
    let cases = [
        ("x.transformer.layers.1.self_attn", "cache", Some(1), true),
        ("x.transformer.layers.2.self_attn", "cache", Some(1), false),
        ("x.transformer.layers.1.self_attn", "cache", Some(2), false),
        ("x.transformer.layers.1.self_attn", "cache", None, false),
        ("x.transformer.layers.1.self_attn", "offset", Some(1), false),
        ("x.transformer.layers.1", "cache", Some(1), false),
        ("x.transformer.layers.-1.self_attn", "cache", Some(1), false),
        ("y.transformer.layers.1.self_attn", "cache", Some(1), false),
        ("", "cache", Some(1), false),
    ];
    for (module, key, index, found) in cases {
        let which = state(module, key, index);
        let part = transformer.find_cache("x", &which);
        assert_eq!(part.is_some(), found, "{module} {key} {index:?}");
    }
}
