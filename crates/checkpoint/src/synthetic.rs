//! Weights from a seed, for a model of any shape without a download.

use std::collections::HashMap;

use config::TensorSpec;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

use crate::safetensors::round_to_bf16;
use crate::{TensorReader, Weights, WeightsError};

mod recipe;

use recipe::ValueRecipe;

/// Random weights that keep activations near unit size through the whole model.
///
/// Every gain, bias and layer scale differs from its default, so that an exporter that drops or
/// folds one wrongly is caught. All values are rounded to bf16, as in published files. The
/// end-of-speech bias is so low that speech runs to its limit; what it says is noise.
///
/// Each tensor has its own random stream, made from the seed and its name, so that one component's
/// weights do not depend on which others are made. The streams are the same on every platform:
/// integer arithmetic, and a ziggurat whose rare cases use `exp` and `ln` in `f64`. A platform's
/// different last bit would show only if a value were on the edge between two bf16 values.
#[derive(Clone, Debug)]
pub struct SyntheticWeights {
    shapes: HashMap<String, Vec<usize>>,
    seed: u64,
}

impl SyntheticWeights {
    /// Weights for `tensors`, the table of a configuration.
    pub fn new(tensors: &[TensorSpec], seed: u64) -> Self {
        let shapes = tensors
            .iter()
            .map(|TensorSpec { key, shape }| (key.clone(), shape.clone()));
        Self {
            shapes: shapes.collect(),
            seed,
        }
    }
}

impl Weights for SyntheticWeights {
    fn open(&self, key: &str) -> Result<Box<dyn TensorReader + '_>, WeightsError> {
        let shape = self
            .shapes
            .get(key)
            .ok_or_else(|| WeightsError::UnknownTensor {
                key: key.to_owned(),
            })?;
        Ok(Box::new(SyntheticReader {
            recipe: ValueRecipe::of(key, shape),
            random: generator(self.seed, key),
            at: 0,
            len: shape.iter().product(),
        }))
    }
}

/// The generator of one tensor's stream.
fn generator(seed: u64, key: &str) -> Xoshiro256PlusPlus {
    let digest = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(key)
        .finalize();
    Xoshiro256PlusPlus::from_seed(digest.into())
}

struct SyntheticReader {
    recipe: ValueRecipe,
    random: Xoshiro256PlusPlus,
    at: usize,
    len: usize,
}

impl TensorReader for SyntheticReader {
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WeightsError> {
        let count = out.len().min(self.len - self.at);
        let out = &mut out[..count];
        self.recipe.fill(&mut self.random, self.at, out);
        round_to_bf16(out);
        self.at += count;
        Ok(count)
    }
}

/// Fills `out` from the standard normal distribution.
fn normal(random: &mut impl Rng, out: &mut [f32]) {
    for value in out {
        *value = StandardNormal.sample(random);
    }
}
