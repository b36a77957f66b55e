//! Reads `W + scale * B A`, row by row.

use std::path::Path;

use super::settings::AdapterSettings;
use crate::{TensorReader, WeightsError};

/// Merges the factors of an adapter into a weight while it is read.
pub(super) struct MergingReader<'a> {
    base: Box<dyn TensorReader + 'a>,
    /// [rank, inputs]
    a: Vec<f32>,
    /// [outputs, rank]
    b: Vec<f32>,
    rank: usize,
    scale: f32,
    inputs: usize,
    at: usize,
    /// For the part of a row that is being read.
    change: Vec<f32>,
    origin: MergedTensor<'a>,
}

/// What an error names.
pub(super) struct MergedTensor<'a> {
    pub(super) path: &'a Path,
    pub(super) key: String,
}

impl<'a> MergingReader<'a> {
    /// The shapes of the factors match each other and the weight.
    pub(super) fn new(
        base: Box<dyn TensorReader + 'a>,
        a: Vec<f32>,
        b: Vec<f32>,
        AdapterSettings { rank, scale }: AdapterSettings,
        origin: MergedTensor<'a>,
    ) -> Self {
        Self {
            inputs: a.len().checked_div(rank).unwrap_or_default().max(1),
            base,
            a,
            b,
            rank,
            scale: scale as f32,
            at: 0,
            change: Vec::new(),
            origin,
        }
    }
}

impl TensorReader for MergingReader<'_> {
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WeightsError> {
        let count = self.base.read(out)?;
        let mut rest = &mut out[..count];
        while !rest.is_empty() {
            let (row, column) = (self.at / self.inputs, self.at % self.inputs);
            let (values, after) = rest.split_at_mut(rest.len().min(self.inputs - column));
            self.change.clear();
            self.change.resize(values.len(), 0.0);
            let factors = &self.b[row * self.rank..][..self.rank];
            for (index, factor) in factors.iter().enumerate() {
                let a = &self.a[index * self.inputs + column..][..values.len()];
                for (change, a) in self.change.iter_mut().zip(a) {
                    *change += factor * a;
                }
            }
            for (index, (value, change)) in values.iter_mut().zip(&self.change).enumerate() {
                *value += self.scale * change;
                if !value.is_finite() {
                    return Err(WeightsError::NotFinite {
                        path: self.origin.path.to_owned(),
                        key: self.origin.key.clone(),
                        index: self.at + index,
                    });
                }
            }
            self.at += values.len();
            rest = after;
        }
        Ok(count)
    }
}
