//! Attention of one query position over cached rows.

use crate::isa::{Kernel, Kernels};
use crate::math;
use crate::simd::Simd;

/// Geometry of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Query heads.
    pub queries: usize,
    /// Key and value heads; each serves `queries / keys` query heads, one behind the other.
    pub keys: usize,
    /// Width of a head.
    pub width: usize,
}

impl Heads {
    /// Values of one cached row.
    pub fn row(&self) -> usize {
        self.keys * self.width
    }
}

/// Cached keys or values, `[rows, keys, width]`.
#[derive(Clone, Copy, Debug)]
pub enum Cache<'a> {
    /// Singles.
    F32(&'a [f32]),
    /// Halves, as bits.
    F16(&'a [u16]),
}

impl Cache<'_> {
    /// Values.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Kernels {
    /// Twin of `F.scaled_dot_product_attention` for one position: `q` `[queries, width]`
    /// (scaled already) looks at all rows of `k` and `v`; `out` `[queries, width]`. `scores`
    /// is memory to work in.
    ///
    /// # Panics
    ///
    /// If lengths disagree, or `k` and `v` are of different formats.
    pub fn attend(
        self,
        heads: Heads,
        q: &[f32],
        k: Cache<'_>,
        v: Cache<'_>,
        scores: &mut Vec<f32>,
        out: &mut [f32],
    ) {
        let row = heads.row();
        assert!(row > 0 && heads.queries.is_multiple_of(heads.keys), "heads");
        assert_eq!(q.len(), heads.queries * heads.width, "queries");
        assert_eq!(out.len(), q.len(), "output");
        assert!(
            k.len() == v.len() && k.len().is_multiple_of(row),
            "cached rows"
        );
        let rows = k.len() / row;
        scores.clear();
        scores.resize(heads.queries * rows, 0.0);
        // SAFETY: all lengths were compared.
        unsafe {
            match (k, v) {
                (Cache::F32(k), Cache::F32(v)) => self.run(Attend {
                    heads,
                    rows,
                    q,
                    k: Singles(k.as_ptr()),
                    v: Singles(v.as_ptr()),
                    scores,
                    out,
                }),
                (Cache::F16(k), Cache::F16(v)) => self.run(Attend {
                    heads,
                    rows,
                    q,
                    k: Halves(k.as_ptr()),
                    v: Halves(v.as_ptr()),
                    scores,
                    out,
                }),
                _ => panic!("keys and values of one format"),
            }
        }
    }
}

/// Numbers of a cache.
trait Numbers: Copy {
    /// Sixteen from the `at`-th on.
    unsafe fn load<S: Simd>(self, at: usize) -> S::F;
    /// The `at`-th.
    unsafe fn get(self, at: usize) -> f32;
}

#[derive(Clone, Copy)]
struct Singles(*const f32);
#[derive(Clone, Copy)]
struct Halves(*const u16);

impl Numbers for Singles {
    #[inline(always)]
    unsafe fn load<S: Simd>(self, at: usize) -> S::F {
        // SAFETY: the caller's.
        unsafe { S::load(self.0.add(at)) }
    }
    #[inline(always)]
    unsafe fn get(self, at: usize) -> f32 {
        // SAFETY: the caller's.
        unsafe { *self.0.add(at) }
    }
}

impl Numbers for Halves {
    #[inline(always)]
    unsafe fn load<S: Simd>(self, at: usize) -> S::F {
        // SAFETY: the caller's.
        unsafe { S::load_f16(self.0.add(at)) }
    }
    #[inline(always)]
    unsafe fn get(self, at: usize) -> f32 {
        // SAFETY: the caller's.
        half::f16::from_bits(unsafe { *self.0.add(at) }).to_f32()
    }
}

/// Rows of values that are summed at a time.
const BLOCK: usize = 4;
/// Values of a vector.
const LANES: usize = 16;

struct Attend<'a, N> {
    heads: Heads,
    rows: usize,
    q: &'a [f32],
    k: N,
    v: N,
    /// `[queries, rows]`
    scores: &'a mut [f32],
    out: &'a mut [f32],
}

impl<N: Numbers> Kernel for Attend<'_, N> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        // SAFETY: `Kernels::attend` compared all lengths.
        unsafe {
            self.score::<S>();
            for scores in self.scores.chunks_exact_mut(self.rows.max(1)) {
                softmax(scores);
            }
            self.sum::<S>();
        }
    }
}

impl<N: Numbers> Attend<'_, N> {
    /// Products of queries and keys, row by row of the cache: memory is read in order.
    #[inline(always)]
    unsafe fn score<S: Simd>(&mut self) {
        let Heads {
            queries,
            keys,
            width,
        } = self.heads;
        // SAFETY: as `run`.
        unsafe {
            for row in 0..self.rows {
                for head in 0..queries {
                    let q = self.q.as_ptr().add(head * width);
                    let at = (row * keys + head / (queries / keys)) * width;
                    let mut sum = S::zero();
                    let mut i = 0;
                    while i + LANES <= width {
                        sum = S::mul_add_lanes(sum, S::load(q.add(i)), self.k.load::<S>(at + i));
                        i += LANES;
                    }
                    let mut score = S::sum(sum);
                    while i < width {
                        score += *q.add(i) * self.k.get(at + i);
                        i += 1;
                    }
                    *self.scores.get_unchecked_mut(head * self.rows + row) = score;
                }
            }
        }
    }

    /// Sums of values, weighted by the scores, some rows at a time.
    #[inline(always)]
    unsafe fn sum<S: Simd>(&mut self) {
        self.out.fill(0.0);
        let blocks = self.rows / BLOCK;
        // SAFETY: as `run`.
        unsafe {
            for block in 0..blocks {
                self.sum_rows::<S, BLOCK>(block * BLOCK);
            }
            for row in blocks * BLOCK..self.rows {
                self.sum_rows::<S, 1>(row);
            }
        }
    }

    #[inline(always)]
    unsafe fn sum_rows<S: Simd, const R: usize>(&mut self, row: usize) {
        let Heads {
            queries,
            keys,
            width,
        } = self.heads;
        // SAFETY: as `run`.
        unsafe {
            for head in 0..queries {
                let out = self.out.as_mut_ptr().add(head * width);
                let weights = self.scores.as_ptr().add(head * self.rows + row);
                let at = (row * keys + head / (queries / keys)) * width;
                let mut i = 0;
                while i + LANES <= width {
                    let mut sum = S::load(out.add(i));
                    for r in 0..R {
                        let v = self.v.load::<S>(at + r * keys * width + i);
                        sum = S::mul_add(sum, S::splat(*weights.add(r)), v);
                    }
                    S::store(sum, out.add(i));
                    i += LANES;
                }
                while i < width {
                    for r in 0..R {
                        *out.add(i) += *weights.add(r) * self.v.get(at + r * keys * width + i);
                    }
                    i += 1;
                }
            }
        }
    }
}

/// Exponentials over their sum.
#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let mut largest = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = scores.as_chunks::<LANES>();
    for chunk in chunks {
        for (largest, score) in largest.iter_mut().zip(chunk) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    let largest = largest
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let mut sums = [0.0; LANES];
    let (chunks, rest) = scores.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for (sum, score) in sums.iter_mut().zip(chunk) {
            *score = math::exp(*score - largest);
            *sum += *score;
        }
    }
    let mut sum: f32 = sums.iter().sum();
    for score in rest {
        *score = math::exp(*score - largest);
        sum += *score;
    }
    let factor = 1.0 / sum;
    for score in scores {
        *score *= factor;
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;
    use crate::Isa;

    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| (((i + seed) * 7919 % 1009) as f32) / 504.5 - 1.0)
            .collect()
    }

    fn reference(heads: Heads, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f64> {
        let (rows, group) = (k.len() / heads.row(), heads.queries / heads.keys);
        let mut out = vec![0.0; q.len()];
        for head in 0..heads.queries {
            let at = |row: usize| (row * heads.keys + head / group) * heads.width;
            let score = |row: usize| -> f64 {
                let pairs = q[head * heads.width..][..heads.width]
                    .iter()
                    .zip(&k[at(row)..]);
                pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            let weights: Vec<f64> = (0..rows).map(|row| score(row).exp()).collect();
            let total: f64 = weights.iter().sum();
            for (row, weight) in weights.iter().enumerate() {
                for i in 0..heads.width {
                    out[head * heads.width + i] += weight / total * f64::from(v[at(row) + i]);
                }
            }
        }
        out
    }

    #[test]
    fn attention_equals_the_reference() {
        let mut problems = Vec::new();
        for (queries, keys, width, rows) in [
            (1, 1, 4, 1),
            (3, 1, 32, 5),
            (2, 2, 12, 7),
            (4, 2, 20, 16),
            (2, 2, 64, 33),
        ] {
            let heads = Heads {
                queries,
                keys,
                width,
            };
            let q = noise(queries * width, 1);
            let (k, v) = (noise(rows * heads.row(), 2), noise(rows * heads.row(), 3));
            let halves = |x: &[f32]| {
                x.iter()
                    .map(|v| f16::from_f32(*v).to_bits())
                    .collect::<Vec<_>>()
            };
            let widened = |x: &[u16]| {
                x.iter()
                    .map(|v| f16::from_bits(*v).to_f32())
                    .collect::<Vec<_>>()
            };
            let (k16, v16) = (halves(&k), halves(&v));
            for isa in Isa::available() {
                let kernels = Kernels::new(isa).unwrap();
                for (k, v, exact) in [
                    (Cache::F32(&k), Cache::F32(&v), reference(heads, &q, &k, &v)),
                    (
                        Cache::F16(&k16),
                        Cache::F16(&v16),
                        reference(heads, &q, &widened(&k16), &widened(&v16)),
                    ),
                ] {
                    let mut out = vec![0.0; q.len()];
                    kernels.attend(heads, &q, k, v, &mut Vec::new(), &mut out);
                    let errors = out
                        .iter()
                        .zip(&exact)
                        .map(|(a, b)| (f64::from(*a) - b).abs());
                    let worst = errors.fold(0.0, f64::max);
                    if worst.is_nan() || worst > 2e-6 {
                        problems.push(format!("{isa:?} {heads:?} {rows} rows: {worst:e}"));
                    }
                }
            }
        }
        assert!(problems.is_empty(), "{problems:#?}");
    }
}
