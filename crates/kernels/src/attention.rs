//! Attention of one query position over cached rows.

use crate::Scratch;
use crate::activations::A_MAX;
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
    /// What [`Kernels::quantise`] makes of each row's heads.
    I16 {
        /// The integers.
        values: &'a [i16],
        /// Their scales, `[rows, keys]`.
        scales: &'a [f32],
    },
}

impl Cache<'_> {
    /// Rows of such heads, if there is nothing but whole ones.
    fn rows(&self, heads: Heads) -> Option<usize> {
        let values = match self {
            Self::F32(values) => values.len(),
            Self::I16 { values, .. } => values.len(),
        };
        let rows = values / heads.row();
        let whole = match self {
            Self::I16 { scales, .. } => scales.len() == rows * heads.keys,
            Self::F32(_) => true,
        };
        (whole && rows * heads.row() == values).then_some(rows)
    }
}

impl Kernels {
    /// Twin of `F.scaled_dot_product_attention` for one position: `q` `[queries, width]`
    /// (scaled already) looks at all rows of `k` and `v`; `out` `[queries, width]`.
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
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        assert!(
            heads.row() > 0 && heads.queries.is_multiple_of(heads.keys),
            "heads"
        );
        assert_eq!(q.len(), heads.queries * heads.width, "queries");
        assert_eq!(out.len(), q.len(), "output");
        let rows = k.rows(heads);
        assert!(rows.is_some() && rows == v.rows(heads), "cached rows");
        let rows = rows.unwrap_or_default();
        let Scratch {
            activations,
            activation_scales,
            scores,
        } = scratch;
        scores.clear();
        scores.resize(heads.queries * rows, 0.0);
        match (k, v) {
            (Cache::F32(k), Cache::F32(v)) => {
                let attend = Attend {
                    heads,
                    rows,
                    q: q.as_ptr(),
                    k: Singles(k.as_ptr()),
                    v: Singles(v.as_ptr()),
                    scores,
                    out,
                };
                // SAFETY: all lengths were compared.
                unsafe { self.run(attend) };
            }
            (
                Cache::I16 {
                    values: k,
                    scales: k_scales,
                },
                Cache::I16 {
                    values: v,
                    scales: v_scales,
                },
            ) => {
                activations.clear();
                activations.resize(q.len(), 0);
                activation_scales.clear();
                let queries = q.chunks_exact(heads.width);
                for (q, out) in queries.zip(activations.chunks_exact_mut(heads.width)) {
                    activation_scales.push(self.quantise_to(query_max(heads.width), q, out));
                }
                let attend = Attend {
                    heads,
                    rows,
                    q: Integers::new(activations, activation_scales),
                    k: Integers::new(k, k_scales),
                    v: Integers::new(v, v_scales),
                    scores,
                    out,
                };
                // SAFETY: all lengths were compared.
                unsafe { self.run(attend) };
            }
            _ => panic!("keys and values of one format"),
        }
    }
}

/// The largest magnitude of a query's integers: products over a head have to fit into 32 bits.
fn query_max(width: usize) -> i32 {
    let width = i32::try_from(width).unwrap_or(i32::MAX);
    (i32::MAX / A_MAX / width).min(A_MAX)
}

/// Rows that are read at a time, from as many parts of the cache: finding the next page of
/// memory takes longer than reading it, so it is done for several at once.
const STREAMS: usize = 4;
/// Values of a vector.
const LANES: usize = 16;

/// Numbers of a cache.
trait Numbers: Copy {
    /// Numbers of queries.
    type Query: Copy;

    /// Products of a query, the head `head`, with four rows' heads: their numbers in a
    /// `[rows, keys]` table.
    unsafe fn dots<S: Simd>(
        self,
        query: Self::Query,
        head: usize,
        width: usize,
        rows: [usize; STREAMS],
    ) -> [f32; STREAMS];
    /// Sixteen numbers from the `at`-th on, without their scale.
    unsafe fn load<S: Simd>(self, at: usize) -> S::F;
    /// The `at`-th, without its scale.
    unsafe fn get(self, at: usize) -> f32;
    /// The scale of a row's head.
    unsafe fn scale(self, row: usize) -> f32;
}

#[derive(Clone, Copy)]
struct Singles(*const f32);

#[derive(Clone, Copy)]
struct Integers {
    values: *const i16,
    scales: *const f32,
}

impl Integers {
    fn new(values: &[i16], scales: &[f32]) -> Self {
        Self {
            values: values.as_ptr(),
            scales: scales.as_ptr(),
        }
    }
}

impl Numbers for Singles {
    type Query = *const f32;

    #[inline(always)]
    unsafe fn dots<S: Simd>(
        self,
        query: *const f32,
        head: usize,
        width: usize,
        rows: [usize; STREAMS],
    ) -> [f32; STREAMS] {
        // SAFETY: the caller's.
        unsafe {
            let query = query.add(head * width);
            let mut folded = [S::fold(S::zero()); STREAMS];
            for (folded, row) in folded.iter_mut().zip(rows) {
                let mut sum = S::zero();
                let mut i = 0;
                while i + LANES <= width {
                    let k = self.load::<S>(row * width + i);
                    sum = S::mul_add_lanes(sum, S::load(query.add(i)), k);
                    i += LANES;
                }
                *folded = S::fold(sum);
            }
            let mut sums = S::sums(folded);
            for (sum, row) in sums.iter_mut().zip(rows) {
                for i in width / LANES * LANES..width {
                    *sum += *query.add(i) * self.get(row * width + i);
                }
            }
            sums
        }
    }
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
    #[inline(always)]
    unsafe fn scale(self, _: usize) -> f32 {
        1.0
    }
}

impl Numbers for Integers {
    type Query = Self;

    #[inline(always)]
    unsafe fn dots<S: Simd>(
        self,
        query: Self,
        head: usize,
        width: usize,
        rows: [usize; STREAMS],
    ) -> [f32; STREAMS] {
        // SAFETY: the caller's.
        unsafe {
            let (scale, query) = (query.scale(head), query.values.add(head * width));
            let mut partial = [S::zero_d(); STREAMS];
            for (sum, row) in partial.iter_mut().zip(rows) {
                let mut i = 0;
                while i + LANES <= width {
                    let k = S::load_i16(self.values.add(row * width + i));
                    *sum = S::dot_i16(*sum, S::load_i16(query.add(i)), k);
                    i += LANES;
                }
            }
            let exact = S::sums_i32(partial);
            let mut sums = [0.0; STREAMS];
            for ((sum, mut exact), row) in sums.iter_mut().zip(exact).zip(rows) {
                for i in width / LANES * LANES..width {
                    let k = *self.values.add(row * width + i);
                    exact += i32::from(*query.add(i)) * i32::from(k);
                }
                *sum = exact as f32 * (scale * self.scale(row));
            }
            sums
        }
    }
    #[inline(always)]
    unsafe fn load<S: Simd>(self, at: usize) -> S::F {
        // SAFETY: the caller's.
        unsafe { S::load_widened(self.values.add(at)) }
    }
    #[inline(always)]
    unsafe fn get(self, at: usize) -> f32 {
        // SAFETY: the caller's.
        f32::from(unsafe { *self.values.add(at) })
    }
    #[inline(always)]
    unsafe fn scale(self, row: usize) -> f32 {
        // SAFETY: the caller's.
        unsafe { *self.scales.add(row) }
    }
}

struct Attend<'a, N: Numbers> {
    heads: Heads,
    rows: usize,
    q: N::Query,
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
    /// Products of queries and keys.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn score<S: Simd>(&mut self) {
        let part = self.rows / STREAMS;
        // SAFETY: as `run`.
        unsafe {
            for row in 0..part {
                self.score_rows::<S>([row, part + row, 2 * part + row, 3 * part + row]);
            }
            for row in part * STREAMS..self.rows {
                self.score_rows::<S>([row; STREAMS]);
            }
        }
    }

    #[inline(always)]
    unsafe fn score_rows<S: Simd>(&mut self, rows: [usize; STREAMS]) {
        let Heads {
            queries,
            keys,
            width,
        } = self.heads;
        // SAFETY: as `run`.
        unsafe {
            for head in 0..queries {
                let key = head / (queries / keys);
                let [a, b, c, d] = rows;
                let heads = [
                    a * keys + key,
                    b * keys + key,
                    c * keys + key,
                    d * keys + key,
                ];
                let scores = self.k.dots::<S>(self.q, head, width, heads);
                for (row, score) in rows.into_iter().zip(scores) {
                    *self.scores.get_unchecked_mut(head * self.rows + row) = score;
                }
            }
        }
    }

    /// Sums of values, weighted by the scores.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn sum<S: Simd>(&mut self) {
        self.out.fill(0.0);
        let part = self.rows / STREAMS;
        // SAFETY: as `run`.
        unsafe {
            for row in 0..part {
                self.sum_rows::<S, STREAMS>([row, part + row, 2 * part + row, 3 * part + row]);
            }
            for row in part * STREAMS..self.rows {
                self.sum_rows::<S, 1>([row]);
            }
        }
    }

    #[inline(always)]
    unsafe fn sum_rows<S: Simd, const R: usize>(&mut self, rows: [usize; R]) {
        let Heads {
            queries,
            keys,
            width,
        } = self.heads;
        // SAFETY: as `run`.
        unsafe {
            for head in 0..queries {
                let out = self.out.as_mut_ptr().add(head * width);
                let (mut at, mut weights) = ([0; R], [0.0; R]);
                for ((at, weight), row) in at.iter_mut().zip(&mut weights).zip(rows) {
                    let key = row * keys + head / (queries / keys);
                    *at = key * width;
                    let score = *self.scores.get_unchecked(head * self.rows + row);
                    *weight = score * self.v.scale(key);
                }
                let mut i = 0;
                while i + LANES <= width {
                    let mut sum = S::load(out.add(i));
                    for (at, weight) in at.into_iter().zip(weights) {
                        sum = S::mul_add(sum, S::splat(weight), self.v.load::<S>(at + i));
                    }
                    S::store(sum, out.add(i));
                    i += LANES;
                }
                for i in width / LANES * LANES..width {
                    for (at, weight) in at.into_iter().zip(weights) {
                        *out.add(i) += weight * self.v.get(at + i);
                    }
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
    use super::*;
    use crate::Isa;
    use crate::self_test::attention;

    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| (((i + seed) * 7919 % 1009) as f32) / 504.5 - 1.0)
            .collect()
    }

    /// Heads as integers.
    struct Rounded {
        width: usize,
        values: Vec<i16>,
        scales: Vec<f32>,
    }

    impl Rounded {
        fn new(max: i32, width: usize, x: &[f32]) -> Self {
            let mut values = vec![0; x.len()];
            let rows = x.chunks(width).zip(values.chunks_mut(width));
            let scales = rows.map(|(row, out)| Kernels::detect().quantise_to(max, row, out));
            let scales = scales.collect();
            Self {
                width,
                values,
                scales,
            }
        }

        fn cache(&self) -> Cache<'_> {
            Cache::I16 {
                values: &self.values,
                scales: &self.scales,
            }
        }

        fn widened(&self) -> Vec<f32> {
            let scale = |i: usize| self.scales[i / self.width];
            let values = self.values.iter().enumerate();
            values.map(|(i, v)| f32::from(*v) * scale(i)).collect()
        }
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
            let (ki, vi) = (
                Rounded::new(A_MAX, width, &k),
                Rounded::new(A_MAX, width, &v),
            );
            let qi = Rounded::new(query_max(width), width, &q);
            for isa in Isa::available() {
                let kernels = Kernels::new(isa).unwrap();
                for (k, v, exact) in [
                    (Cache::F32(&k), Cache::F32(&v), attention(heads, &q, &k, &v)),
                    (
                        ki.cache(),
                        vi.cache(),
                        attention(heads, &qi.widened(), &ki.widened(), &vi.widened()),
                    ),
                ] {
                    let mut out = vec![0.0; q.len()];
                    kernels.attend(heads, &q, k, v, &mut Scratch::default(), &mut out);
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
