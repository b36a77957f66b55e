//! Weights from a seed.

use checkpoint::{SyntheticWeights, Weights, WeightsError};
use config::TensorSpec;

use crate::support::{bits, table};
use testkit::SMALL_MODELS;
use testkit::tensors::{fixture, read_all, widened};

fn values(weights: &SyntheticWeights, key: &str, block: usize) -> Vec<f32> {
    read_all(&mut *weights.open(key).unwrap(), block).unwrap()
}

fn mean_and_deviation(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let squares = values.iter().map(|&v| (f64::from(v) - mean).powi(2));
    (mean, (squares.sum::<f64>() / count).sqrt())
}

/// The fixtures were drawn by the same recipes from another generator, so each tensor's
/// mean and deviation agree within what chance allows.
#[test]
fn every_tensor_is_distributed_as_in_the_fixtures() {
    let mut failures = Vec::new();
    for model in SMALL_MODELS {
        let weights = SyntheticWeights::new(&table(model), 7);
        for tensor in fixture(model) {
            let expected = widened(&tensor);
            let actual = values(&weights, &tensor.name, 100);
            assert_eq!(actual.len(), expected.len(), "{}", tensor.name);
            let fixed = tensor.name.contains("freqs") || tensor.name.ends_with("out_eos.bias");
            if fixed && bits(&actual) != bits(&expected) {
                failures.push((model, tensor.name.clone(), actual[0], expected[0]));
            }
            // Mean and deviation of few values say nothing.
            if fixed || expected.len() < 32 {
                continue;
            }
            let chance = 5.0 / (expected.len() as f64).sqrt();
            let (mean, deviation) = mean_and_deviation(&actual);
            let (expected_mean, expected_deviation) = mean_and_deviation(&expected);
            let same = (mean - expected_mean).abs() < 1.5 * chance * expected_deviation
                && (deviation / expected_deviation - 1.0).abs() < chance + 0.01;
            if !same {
                failures.push((
                    model,
                    tensor.name,
                    deviation as f32,
                    expected_deviation as f32,
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// One component's weights must not depend on which others are made.
#[test]
fn a_tensor_depends_on_seed_and_name_alone() {
    let table = table("tiny_english");
    let key = "flow_lm.input_linear.weight";
    let all = SyntheticWeights::new(&table, 1);
    let alone: Vec<_> = table
        .iter()
        .filter(|spec| spec.key == key)
        .cloned()
        .collect();
    let alone = SyntheticWeights::new(&alone, 1);
    let expected = bits(&values(&all, key, 4096));
    for block in [1, 7, 100_000] {
        assert_eq!(bits(&values(&alone, key, block)), expected, "{block}");
    }
    let other_seed = SyntheticWeights::new(&table, 2);
    assert_ne!(bits(&values(&other_seed, key, 64)), expected);
    let norm = "flow_lm.transformer.layers.0.norm1.weight";
    let other_norm = "flow_lm.transformer.layers.1.norm1.weight";
    assert_ne!(values(&all, norm, 64), values(&all, other_norm, 64));
}

/// These bits hold on every platform; models and records made from a seed depend on them.
#[test]
fn the_stream_of_a_seed_never_changes() {
    struct Case {
        key: &'static str,
        shape: &'static [usize],
        expected: [f32; 4],
    }
    let cases = [
        Case {
            key: "flow_lm.bos_emb",
            shape: &[4],
            expected: [-0.183_593_75, 1.281_25, -1.984_375, 0.703_125],
        },
        Case {
            key: "flow_lm.transformer.layers.0.linear1.weight",
            shape: &[2, 2],
            expected: [-0.832_031_25, -0.347_656_25, -0.337_890_63, -0.914_062_5],
        },
        Case {
            key: "flow_lm.emb_std",
            shape: &[4],
            expected: [1.054_687_5, 0.800_781_25, 0.699_218_75, 0.847_656_25],
        },
        Case {
            key: "flow_lm.flow_net.time_embed.1.freqs",
            shape: &[4],
            expected: [1.0, 0.1, 0.01, 0.001],
        },
    ];
    let mut failures = Vec::new();
    for case in cases {
        let spec = TensorSpec {
            key: case.key.to_owned(),
            shape: case.shape.to_owned(),
        };
        let actual = values(&SyntheticWeights::new(&[spec], 1), case.key, 4);
        let expected = case.expected.map(|v| half::bf16::from_f32(v).to_f32());
        if bits(&actual) != bits(&expected) {
            failures.push((case.key, actual));
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

/// As above, over so many values that the generator's rare cases are among them.
#[test]
fn a_long_stream_never_changes() {
    let spec = TensorSpec {
        key: "flow_lm.bos_emb".to_owned(),
        shape: vec![1 << 20],
    };
    let weights = SyntheticWeights::new(&[spec], 1);
    let values = values(&weights, "flow_lm.bos_emb", 1 << 12);
    let hash = |hash: u64, bits: u32| (hash ^ u64::from(bits >> 16)).wrapping_mul(0x0100_0000_01b3);
    assert_eq!(
        bits(&values).into_iter().fold(0, hash),
        12_202_532_857_494_573_576
    );
    let tail = values.iter().filter(|value| value.abs() > 3.7);
    assert!(tail.count() > 100);
}

/// A bundle of bf16 weights made from them loses nothing.
#[test]
fn values_are_finite_and_fit_bf16() {
    let table = table("tiny_2m");
    let weights = SyntheticWeights::new(&table, 3);
    let mut failures = Vec::new();
    for TensorSpec { key, .. } in &table {
        let fits = |v: &f32| v.is_finite() && v.to_bits().trailing_zeros() >= 16;
        if !values(&weights, key, 1000).iter().all(fits) {
            failures.push(key);
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn a_name_outside_the_table_is_an_error() {
    let weights = SyntheticWeights::new(&[], 1);
    assert!(matches!(
        weights.open("flow_lm.bos_emb"),
        Err(WeightsError::UnknownTensor { .. })
    ));
}
