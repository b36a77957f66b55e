//! Counterpart of `torch._weight_norm` with `dim=0`: a tensor stored as directions and lengths.

use crate::safetensors::FloatTensor;
use crate::{TensorReader, WeightsError};

/// Reads `v * (g / ||v||)`, where the norm is that of a whole row `v[i, ...]`.
///
/// Computed in `f32` and rounded to the format that `v` is stored in. Both
/// passes over a row read the file, so memory stays small however long it is.
#[derive(Debug)]
pub(crate) struct WeightNormReader<'a> {
    g: FloatTensor<'a>,
    v: FloatTensor<'a>,
    row: usize,
    at: usize,
    scale: f32,
}

impl<'a> WeightNormReader<'a> {
    /// `g` has one value for each row of `v`.
    pub(crate) fn new(g: FloatTensor<'a>, v: FloatTensor<'a>) -> Self {
        let rows = v.shape.first();
        Self {
            row: rows.map_or(0, |&rows| v.len().checked_div(rows).unwrap_or(0)),
            g,
            v,
            at: 0,
            scale: 0.0,
        }
    }

    /// `g / ||v||` of row `index`.
    fn scale(&self, index: usize) -> Result<f32, WeightsError> {
        let mut block = [0.0; 512];
        let mut squares = 0.0;
        let mut at = index * self.row;
        let end = at + self.row;
        while at < end {
            let block = &mut block[..(end - at).min(512)];
            self.v.widen(at, block)?;
            squares += block.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
            at += block.len();
        }
        let mut g = [0.0];
        self.g.widen(index, &mut g)?;
        Ok(g[0] / squares.sqrt() as f32)
    }
}

impl TensorReader for WeightNormReader<'_> {
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WeightsError> {
        let count = out.len().min(self.v.len() - self.at);
        let mut rest = &mut out[..count];
        while !rest.is_empty() {
            let column = self.at % self.row;
            if column == 0 {
                self.scale = self.scale(self.at / self.row)?;
            }
            let (values, after) = rest.split_at_mut(rest.len().min(self.row - column));
            self.v.widen(self.at, values)?;
            for (index, value) in values.iter_mut().enumerate() {
                *value = self.v.format.round(*value * self.scale);
                if !value.is_finite() {
                    return Err(self.v.not_finite(self.at + index));
                }
            }
            self.at += values.len();
            rest = after;
        }
        Ok(count)
    }
}
