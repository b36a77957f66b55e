//! Made-up inputs: the same ones every time.

use bundle::ComponentName;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::StandardNormal;
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::RuntimeError;
use tensor::Tensor;

/// Draws the inputs of one component.
pub(crate) struct RandomInputs(Xoshiro256PlusPlus);

impl RandomInputs {
    /// The inputs of `component`, from the start.
    pub(crate) fn of(component: ComponentName) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(component as u64))
    }

    /// Normal numbers of this standard deviation.
    pub(crate) fn normal(
        &mut self,
        shape: impl Into<Vec<usize>>,
        deviation: f32,
    ) -> Result<Tensor, RuntimeError> {
        let shape = shape.into();
        let values = (0..shape.iter().product())
            .map(|_| self.0.sample::<f32, _>(StandardNormal) * deviation)
            .collect();
        Ok(Tensor::f32(shape, values)?)
    }

    /// Numbers from 0 to 1.
    pub(crate) fn uniform(&mut self, shape: impl Into<Vec<usize>>) -> Result<Tensor, RuntimeError> {
        let shape = shape.into();
        let count = shape.iter().product();
        let values = (0..count).map(|_| self.0.random()).collect();
        Ok(Tensor::f32(shape, values)?)
    }

    /// `count` token ids [1, count] from 0 to `largest`, both of which come first.
    pub(crate) fn token_ids(&mut self, count: usize, largest: i64) -> Result<Tensor, RuntimeError> {
        let mut ids = vec![0, largest];
        ids.resize_with(count.max(2), || self.0.random_range(0..=largest));
        ids.truncate(count);
        Ok(Tensor::i64([1, count], ids)?)
    }
}
