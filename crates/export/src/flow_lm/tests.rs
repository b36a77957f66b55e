use super::*;
use crate::testing::reference::{self, RefRows, RefTransformer, RefWeights};
use crate::testing::{
    GraphTrial, TestParameters, assert_none, f32s, fixture, i64s, nodes, noise, without,
};

fn build(config: &Config) -> impl Fn(&Graph, &States<'_>) {
    |g, states| flow_lm(g, states, config, &[])
}

#[test]
fn snapshot() {
    let mut config = fixture("tiny_2m");
    config.flow_lm.transformer.num_layers = 1;
    let text = nodes(&TestParameters::of(&config), build(&config));
    // Its layers have snapshots of their own.
    let layers = ["flow_lm.transformer.layers", "flow_lm.transformer.rope"];
    insta::assert_snapshot!(without(&text, &layers), @"
    flow_lm/IsNaN: IsNaN(latents)
    flow_lm/Where: Where(flow_lm/IsNaN, flow_lm.bos_emb, latents)
    flow_lm/Squeeze: Squeeze(flow_lm/Where, i64 [0])
    flow_lm.input_linear: MatMul(flow_lm/Squeeze, flow_lm.input_linear.weight)
    flow_lm/Squeeze_2: Squeeze(embeddings, i64 [0])
    flow_lm/Concat: Concat(flow_lm/Squeeze_2, flow_lm.input_linear) {axis=0}
    flow_lm.transformer/Shape: Shape(flow_lm/Concat) {start=0, end=1}
    flow_lm.transformer/Add: Add(position, flow_lm.transformer/Shape)
    flow_lm.transformer/Squeeze: Squeeze(position, i64 [0])
    flow_lm.transformer/Squeeze_2: Squeeze(flow_lm.transformer/Add, i64 [0])
    flow_lm.transformer/Range: Range(flow_lm.transformer/Squeeze, flow_lm.transformer/Squeeze_2, i64 1)
    flow_lm.transformer/Shape_2: Shape(past_key.0) {start=0, end=1}
    flow_lm.transformer/Less: Less(flow_lm.transformer/Shape, i64 [32])
    flow_lm.transformer/Concat: Concat(flow_lm.transformer/Shape_2, flow_lm.transformer/Shape) {axis=0}
    flow_lm.transformer/Less_2: Less(i64 [0], flow_lm.transformer/Shape_2)
    flow_lm.transformer/And: And(flow_lm.transformer/Less_2, flow_lm.transformer/Less)
    flow_lm.transformer/Sub: Sub(position, flow_lm.transformer/Shape_2)
    flow_lm.transformer/Squeeze_3: Squeeze(flow_lm.transformer/Sub, i64 [0])
    flow_lm.transformer/Squeeze_4: Squeeze(flow_lm.transformer/Add, i64 [0])
    flow_lm.transformer/Range_2: Range(flow_lm.transformer/Squeeze_3, flow_lm.transformer/Squeeze_4, i64 1)
    flow_lm.transformer/Unsqueeze: Unsqueeze(flow_lm.transformer/Range, i64 [-1])
    flow_lm.transformer/Unsqueeze_2: Unsqueeze(flow_lm.transformer/Range_2, i64 [-2])
    flow_lm.transformer/Sub_2: Sub(flow_lm.transformer/Unsqueeze, flow_lm.transformer/Unsqueeze_2)
    flow_lm.transformer/GreaterOrEqual: GreaterOrEqual(flow_lm.transformer/Sub_2, i64 0)
    flow_lm.transformer/Where: Where(flow_lm.transformer/GreaterOrEqual, f32 0, f32 -inf)
    flow_lm/Slice: Slice(flow_lm.transformer.layers.0/Add_2, i64 [-1], i64 [9223372036854775807], i64 [0])
    flow_lm.out_norm: LayerNormalization(flow_lm/Slice, flow_lm.out_norm.weight, flow_lm.out_norm.bias) {axis=-1, epsilon=0.00001}
    flow_lm.z_proj: MatMul(flow_lm.out_norm, flow_lm.z_proj.weight) -> conditioning
    flow_lm.out_eos/MatMul: MatMul(conditioning, flow_lm.out_eos.weight)
    flow_lm.out_eos: Add(flow_lm.out_eos/MatMul, flow_lm.out_eos.bias) -> eos_logit
    ");
}

/// Rows of embeddings and of latents in one call; NaN stands for the beginning of speech.
struct TestCall {
    embeddings: usize,
    latents: &'static [Latent],
}

#[derive(Clone, Copy, PartialEq)]
enum Latent {
    Beginning,
    Number,
    /// One value missing: it alone is replaced.
    Partial,
}

const CALLS: [TestCall; 5] = [
    TestCall {
        embeddings: 3,
        latents: &[],
    },
    TestCall {
        embeddings: 2,
        latents: &[],
    },
    TestCall {
        embeddings: 0,
        latents: &[Latent::Beginning],
    },
    TestCall {
        embeddings: 0,
        latents: &[Latent::Number, Latent::Partial],
    },
    TestCall {
        embeddings: 2,
        latents: &[Latent::Beginning, Latent::Number],
    },
];

/// Latents as they go in, and with `bos` where they are NaN.
fn latents(kinds: &[Latent], bos: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let ldim = bos.len();
    let mut given = noise("latents", kinds.len() * ldim);
    for (row, kind) in given.chunks_exact_mut(ldim).zip(kinds) {
        match kind {
            Latent::Beginning => row.fill(f32::NAN),
            Latent::Number => {}
            Latent::Partial => row[1] = f32::NAN,
        }
    }
    let replaced = given.iter().zip(bos.iter().cycle());
    let replaced = replaced
        .map(|(v, b)| if v.is_nan() { *b } else { *v })
        .collect();
    (given, replaced)
}

#[test]
fn calls_continue_one_sequence() {
    let mut problems = Vec::new();
    for name in ["tiny_english", "tiny_2m"] {
        let config = fixture(name);
        let parameters = TestParameters::of(&config);
        let mut trial = GraphTrial::new(&parameters, build(&config));
        let lm = &config.flow_lm.transformer;
        let (width, ldim) = (lm.d_model, config.mimi.latent_dim());
        let transformer = RefTransformer {
            layers: lm.num_layers,
            num_heads: lm.num_heads,
            num_kv_heads: lm.num_kv_heads(),
            head_dim: lm.dim_per_head(),
            max_period: f64::from(lm.max_period),
            context: None,
        };
        let mut sequence = RefRows::new();
        for (i, call) in CALLS.iter().enumerate() {
            let at = sequence.len();
            let embeddings = noise(&format!("embeddings {i}"), call.embeddings * width);
            let (given, replaced) = latents(call.latents, parameters.get("flow_lm.bos_emb"));
            sequence.extend(reference::rows(&embeddings, width));
            let replaced = reference::rows(&replaced, ldim);
            sequence.extend(reference::linear(
                &parameters,
                "flow_lm.input_linear",
                &replaced,
            ));

            let (y, cached) = transformer.forward(&parameters, "flow_lm.transformer", &sequence);
            let last = y[y.len() - 1..].to_vec();
            let mut z = reference::layer_norm(&parameters, "flow_lm.out_norm", &last, 1e-5);
            if config.flow_lm.z_dim.is_some() {
                z = reference::linear(&parameters, "flow_lm.z_proj", &z);
            }
            let eos = reference::linear(&parameters, "flow_lm.out_eos", &z);
            let cached: Vec<_> = cached
                .iter()
                .map(|[k, v]| [k.concat(), v.concat()])
                .collect();
            let names: Vec<_> = (0..lm.num_layers)
                .map(|layer| [format!("past_key.{layer}"), format!("past_value.{layer}")])
                .collect();
            let cache_shape = [sequence.len(), lm.num_kv_heads(), lm.dim_per_head()];
            let z_shape = [1, config.flow_lm.conditioning_dim()];
            let mut expected: Vec<(&str, &[usize], &[f64])> = vec![
                ("conditioning", &z_shape, &z[0]),
                ("eos_logit", &[1, 1], &eos[0]),
            ];
            for (names, cached) in names.iter().zip(&cached) {
                for (name, cached) in names.iter().zip(cached) {
                    expected.push((name, &cache_shape, cached));
                }
            }
            let found = trial.call(
                &[
                    (
                        "embeddings",
                        &f32s(&[1, call.embeddings, width], &embeddings),
                    ),
                    ("latents", &f32s(&[1, call.latents.len(), ldim], &given)),
                    ("position", &i64s(&[at as i64])),
                ],
                &expected,
            );
            problems.extend(found.into_iter().map(|p| format!("{name}, call {i}: {p}")));
        }
    }
    assert_none(&problems);
}
