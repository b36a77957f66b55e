//! What the modules' tests share: parameters, graphs as text, graphs that run.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod record;
pub(crate) mod reference;
mod text;
mod trial;

use std::collections::{BTreeMap, HashMap};

use checkpoint::{Checkpoint, CheckpointFiles, SyntheticWeights, Weights};
use config::Config;

use self::reference::RefWeights;

pub(crate) use record::{RecordFile, widened};
pub(crate) use text::{nodes, without};
pub(crate) use trial::{GraphTrial, f32s, i64s};

/// One of the fixtures' configurations.
pub(crate) fn fixture(name: &str) -> Config {
    let path = fixtures().join(format!("configs/{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Config::from_yaml(&text).unwrap()
}

/// All fixtures: between them they use every option of a configuration.
pub(crate) const FIXTURES: [&str; 5] = testkit::SMALL_MODELS;

/// The folder of the fixtures.
pub(crate) fn fixtures() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// `count` numbers between -1 and 1, the same for every call with the same `seed`.
pub(crate) fn noise(seed: &str, count: usize) -> Vec<f32> {
    // FNV-1a, then xorshift.
    let hash = |h: u64, byte: u8| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut state = seed.bytes().fold(0xcbf2_9ce4_8422_2325, hash) | 1;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Tensors by name.
#[derive(Clone, Default)]
pub(crate) struct TestParameters(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl RefWeights for TestParameters {
    fn find(&self, path: &str) -> Option<&[f32]> {
        Some(self.tensor(path)?.1)
    }
}

impl TestParameters {
    /// Random values that keep what passes through them near unit size.
    pub(crate) fn random<'a>(shapes: impl IntoIterator<Item = (&'a str, Vec<usize>)>) -> Self {
        let mut parameters = Self::default();
        for (key, shape) in shapes {
            let inputs: usize = shape.iter().skip(1).product();
            let scale = (3.0 / inputs as f32).sqrt();
            let mut values = noise(key, shape.iter().product());
            for value in &mut values {
                *value *= scale;
            }
            parameters.set(key, &shape, values);
        }
        parameters
    }

    /// What a model of this configuration has, from a seed.
    pub(crate) fn of(config: &Config) -> Self {
        Self::read(config, &SyntheticWeights::new(&config.tensors(), 1))
    }

    /// The checkpoint of the fixture `name`.
    pub(crate) fn fixture(name: &str) -> Self {
        let config = fixture(name);
        let path = fixtures().join(format!("checkpoints/{name}/model.safetensors"));
        let files = CheckpointFiles::Whole(path);
        Self::read(
            &config,
            &Checkpoint::open(&files, &config.tensors()).unwrap(),
        )
    }

    fn read(config: &Config, weights: &dyn Weights) -> Self {
        let mut parameters = Self::default();
        for tensor in &config.tensors() {
            let mut values = vec![0.0; tensor.values() as usize];
            let mut reader = weights.open(&tensor.key).unwrap();
            let mut at = 0;
            while at < values.len() {
                at += reader.read(&mut values[at..]).unwrap();
            }
            parameters.set(&tensor.key, &tensor.shape, values);
        }
        parameters
    }

    pub(crate) fn set(&mut self, key: &str, shape: &[usize], values: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "{key}");
        self.0.insert(key.to_owned(), (shape.to_vec(), values));
    }

    /// Multiplies the tensor `key` by `factor`.
    pub(crate) fn scale(&mut self, key: &str, factor: f32) {
        let (_, values) = self.0.get_mut(key).unwrap_or_else(|| panic!("no {key}"));
        for value in values {
            *value *= factor;
        }
    }

    /// Shape and values of the tensor `key`.
    pub(crate) fn tensor(&self, key: &str) -> Option<(&[usize], &[f32])> {
        let (shape, values) = self.0.get(key)?;
        Some((shape, values))
    }

    pub(crate) fn shapes(&self) -> HashMap<String, Vec<usize>> {
        let shape = |(key, (shape, _)): (&String, &(Vec<usize>, _))| (key.clone(), shape.clone());
        self.0.iter().map(shape).collect()
    }
}

/// Fails with all that went wrong.
#[track_caller]
pub(crate) fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
