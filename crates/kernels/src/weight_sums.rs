//! Sums of a packed weight over its inputs, taken once when it is loaded.

use weights::{Format, Matrix, PANEL, Q8_MAX, Q16_MAX};

use crate::activations::{A_MAX, PLANE_OFFSET};
use crate::isa::Kernels;

/// Inputs whose q8 products fit into 32 bits, in fours.
pub(crate) const Q8_FOURS: usize = (i32::MAX / (Q8_MAX * A_MAX)) as usize / 4;
/// Inputs whose q16 products fit into 32 bits, in pairs, if all were as large as can be.
const Q16_PAIRS: usize = (i32::MAX / (Q16_MAX * A_MAX)) as usize / 2;
/// Magnitudes of weights, which times those of activations fit into 32 bits.
const Q16_SUM: u32 = (i32::MAX / A_MAX) as u32;

/// What products with a packed weight rest on.
#[derive(Clone, Debug, Default)]
pub struct WeightSums {
    /// Of q8: sums of each output's weights times what activations in planes have too much, with
    /// the sign changed, for every [`Q8_FOURS`] begun, `[panels, chunks, 16]`; empty where
    /// activations do not come in planes.
    pub(crate) weights: Vec<i32>,
    /// Of q16: pairs of inputs whose products fit into 32 bits, because weights are smaller than
    /// they could be.
    pairs: usize,
}

impl WeightSums {
    /// Whether these can be `matrix`'s, on processors that need the sums of weights or not.
    pub(crate) fn fit(&self, matrix: &Matrix, needed: bool) -> bool {
        !needed
            || matrix.format != Format::Q8
            || self.weights.len() == matrix.panels() * panel_weights(matrix)
    }

    /// What the sums of a panel's outputs begin with, if activations come in planes.
    pub(crate) fn of_panel(&self, matrix: &Matrix, panel: usize) -> *const i32 {
        let first = panel * panel_weights(matrix);
        self.weights.as_ptr().wrapping_add(first)
    }

    /// Pairs of inputs after which q16 products have to leave 32 bits.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs.max(Q16_PAIRS)
    }
}

/// Sums of weights of a q8 panel.
fn panel_weights(matrix: &Matrix) -> usize {
    (matrix.padded_inputs() / 4).div_ceil(Q8_FOURS) * PANEL
}

impl Kernels {
    /// Sums of a packed weight.
    ///
    /// # Panics
    ///
    /// If `values` are not [`Matrix::bytes`] bytes.
    pub fn weight_sums(self, matrix: &Matrix, values: &[u8]) -> WeightSums {
        assert_eq!(values.len(), matrix.bytes(), "bytes of a weight");
        let panels = values.chunks_exact(matrix.panel_bytes().max(1));
        let mut sums = WeightSums::default();
        match matrix.format {
            Format::Q8 if self.has_planes() => {
                (sums.weights).reserve(matrix.panels() * panel_weights(matrix));
                for panel in panels {
                    let chunks = panel.chunks(Q8_FOURS * 4 * PANEL);
                    let begin = chunks.flat_map(q8_sums).map(|sum| -sum * PLANE_OFFSET);
                    sums.weights.extend(begin);
                }
            }
            Format::Q16 => sums.pairs = panels.map(q16_pairs).min().unwrap_or_default(),
            _ => {}
        }
        sums
    }
}

/// The sums of each output's weights in a part of a q8 panel.
fn q8_sums(panel: &[u8]) -> [i32; PANEL] {
    let mut sums = [0; PANEL];
    // As many weights as fit into 16 bits.
    for fours in panel.chunks(256 * 4 * PANEL) {
        let mut narrow = [0_i16; 4 * PANEL];
        for four in fours.as_chunks::<{ 4 * PANEL }>().0 {
            for (sum, weight) in narrow.iter_mut().zip(four) {
                *sum += i16::from(*weight as i8);
            }
        }
        for (sum, parts) in sums.iter_mut().zip(narrow.as_chunks::<4>().0) {
            *sum += parts.iter().map(|part| i32::from(*part)).sum::<i32>();
        }
    }
    sums
}

/// The largest number of pairs, a power of two, of which no output's weights from any multiple
/// of it on have a sum of magnitudes above [`Q16_SUM`].
fn q16_pairs(panel: &[u8]) -> usize {
    let parts = panel.chunks(Q16_PAIRS * 4 * PANEL);
    let mut sums: Vec<[u32; PANEL]> = parts.map(q16_magnitudes).collect();
    let mut pairs = Q16_PAIRS;
    while sums.len() > 1 {
        let join = |two: &[[u32; PANEL]]| {
            let mut joined = two[0];
            for (sum, other) in joined.iter_mut().zip(two.get(1).unwrap_or(&[0; PANEL])) {
                *sum += other;
            }
            joined
        };
        sums = sums.chunks(2).map(join).collect();
        if sums.as_flattened().iter().any(|sum| *sum > Q16_SUM) {
            return pairs;
        }
        pairs *= 2;
    }
    pairs
}

/// The sums of each output's magnitudes in a part of a q16 panel.
fn q16_magnitudes(panel: &[u8]) -> [u32; PANEL] {
    let mut magnitudes = [0_u32; 2 * PANEL];
    for pair in panel.as_chunks::<{ 4 * PANEL }>().0 {
        for (sum, weight) in magnitudes.iter_mut().zip(pair.as_chunks::<2>().0) {
            *sum += u32::from(i16::from_le_bytes(*weight).unsigned_abs());
        }
    }
    let mut sums = [0; PANEL];
    for (sum, [a, b]) in sums.iter_mut().zip(magnitudes.as_chunks::<2>().0) {
        *sum = a + b;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(weight: &[f32]) -> usize {
        let matrix = Matrix {
            format: Format::Q16,
            inputs: weight.len(),
            outputs: 1,
        };
        let (values, _) = matrix.pack(weight);
        Kernels::detect().weight_sums(&matrix, &values).pairs()
    }

    #[test]
    fn the_smaller_the_weights_the_longer_are_exact_sums() {
        assert_eq!(pairs(&[]), Q16_PAIRS);
        assert_eq!(pairs(&[1.0; 128]), Q16_PAIRS);
        let mut weight = [0.25; 1024];
        weight[0] = 1.0;
        // A quarter and one large one: four times as many, but for that one.
        assert_eq!(pairs(&weight), 2 * Q16_PAIRS);
        weight[1..].fill(0.01);
        assert_eq!(pairs(&weight), 512);
    }
}
