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
        // As many as there are rows, whatever the position.
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
