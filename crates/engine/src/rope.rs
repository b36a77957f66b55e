//! Counterpart of pocket-tts `modules/rope.py`: rotary position embedding.

/// Angular speed of each pair of values of a head.
#[derive(Clone, Debug)]
pub(crate) struct RotaryEmbedding {
    freqs: Vec<f32>,
}

/// Cosine and sine of each pair, position by position.
pub(crate) struct Rotation {
    pairs: usize,
    /// [time, pairs]
    angles: Vec<[f32; 2]>,
}

impl RotaryEmbedding {
    /// Every step rounds to f32 as upstream's does: positions multiply the error.
    pub(crate) fn new(dim_per_head: usize, max_period: f64) -> Self {
        let step = (-libm::log(max_period) * 2.0 / dim_per_head as f64) as f32;
        let speed = |i: usize| libm::exp(f64::from(i as f32 * step)) as f32;
        Self {
            freqs: (0..dim_per_head / 2).map(speed).collect(),
        }
    }

    /// Prepares `count` positions from `start` on.
    pub(crate) fn rotation(&self, start: i64, count: usize) -> Rotation {
        let mut angles = Vec::with_capacity(count * self.freqs.len());
        // One for each row, even where positions end.
        for position in (0..count as i64).map(|i| start.saturating_add(i)) {
            for freq in &self.freqs {
                let angle = f64::from(position as f32 * freq);
                angles.push([libm::cos(angle) as f32, libm::sin(angle) as f32]);
            }
        }
        Rotation {
            pairs: self.freqs.len(),
            angles,
        }
    }
}

impl Rotation {
    /// Rotates the pairs `(x[2i], x[2i + 1])` of all heads of one row at the `at`-th position.
    pub(crate) fn apply(&self, at: usize, heads: &mut [f32]) {
        let angles = &self.angles[at * self.pairs..][..self.pairs];
        for head in heads.chunks_exact_mut(2 * self.pairs) {
            for (pair, [cos, sin]) in head.as_chunks_mut::<2>().0.iter_mut().zip(angles) {
                let [re, im] = *pair;
                *pair = [re * cos - im * sin, re * sin + im * cos];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reference::{self, rows};
    use crate::testing::{assert_close, noise};

    #[test]
    fn heads_are_rotated_by_their_position() {
        for (head_dim, max_period) in [(2, 10_000.0), (6, 100.0), (64, 10_000.0)] {
            let rope = RotaryEmbedding::new(head_dim, max_period);
            for start in [0, 1, 17, 1000] {
                let rotation = rope.rotation(start, 3);
                for at in 0..3 {
                    let mut heads = noise(4 * head_dim, 1);
                    let position = start as usize + at;
                    let rotated = rows(&heads, head_dim);
                    let rotated = rotated.iter();
                    let expected = rotated.map(|head| reference::rope(head, position, max_period));
                    let expected: Vec<Vec<f64>> = expected.collect();
                    rotation.apply(at, &mut heads);
                    let what = format!("{head_dim} at {position}");
                    assert_close(&heads, &expected.concat(), &what);
                }
            }
        }
    }

    #[test]
    fn positions_end_at_the_last() {
        let rotation = RotaryEmbedding::new(4, 100.0).rotation(i64::MAX, 2);
        assert_eq!(rotation.angles[..2], rotation.angles[2..]);
    }
}
