//! Attention of the newest positions over cached rows.

use std::array::from_fn;
use std::ops::Range;

use formats::PANEL;

use crate::activations::{A_MAX, Quantise};
use crate::cache::{BLOCK, Cache, Heads, Numbers, Side};
use crate::isa::{Kernel, Kernels};
use crate::math;
use crate::simd::Simd;
use crate::{Rows, Scratch};

/// Blocks of the cache that are read by turns. Finding the next page of memory takes longer
/// than reading it, so it is done for several at once.
const STREAMS: usize = 4;
/// Pairs of channels that are read of a block for one query, before the next block's.
const TURN: usize = 8;
/// Queries that are worked on at a time, at most.
const QUERIES: usize = 4;
/// The largest of a query's integer weights, which have no sign: products of a block's with
/// integers up to [`A_MAX`] fit into 32 bits.
const W_MAX: i32 = 2 * A_MAX + 1;

impl Kernels {
    /// Twin of `F.scaled_dot_product_attention`, causal: the rows of `q` `[queries, width]`
    /// (scaled already) belong to the last rows of the caches, and each looks at the rows up to
    /// its own, the last `context` of them if there is a limit. `out` `[rows, queries, width]`.
    /// What comes out of a row does not depend on the others.
    ///
    /// # Panics
    ///
    /// If lengths disagree, or the caches are not keys and values of one geometry and format.
    pub fn attend(
        self,
        q: Rows<'_>,
        keys: &Cache,
        values: &Cache,
        context: Option<usize>,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let heads = keys.heads();
        let width = heads.queries * heads.width;
        assert!(
            heads.row() > 0 && heads.queries.is_multiple_of(heads.keys),
            "heads"
        );
        assert!(
            keys.side() == Side::Keys && values.side() == Side::Values && heads == values.heads(),
            "keys and values"
        );
        assert_eq!(keys.range(), values.range(), "cached rows");
        assert!(q.count <= keys.rows(), "a cached row for each query");
        assert_eq!(out.len(), q.count * width, "output");
        if q.count == 0 {
            return;
        }
        let needed = (q.count - 1) * q.stride + width;
        assert!(
            q.values.len() >= needed,
            "queries: {} < {needed}",
            q.values.len()
        );
        let Scratch {
            activations,
            activation_scales,
            scores,
            weights,
            sums,
            factors,
        } = scratch;
        let seen = (keys.range().end.div_ceil(BLOCK) - keys.range().start / BLOCK) * BLOCK;
        scores.resize(QUERIES * heads.queries * seen, 0.0);
        sums.resize(QUERIES * heads.queries * heads.padded(), 0.0);
        factors.resize(QUERIES * heads.queries, 0.0);
        let work = Work {
            heads,
            rows: keys.range(),
            context: context.unwrap_or(usize::MAX),
            count: q.count,
            scores,
            sums,
            factors,
            out,
        };
        match (&keys.numbers, &values.numbers) {
            (Numbers::F32(keys), Numbers::F32(values)) => {
                let numbers = Singles {
                    q: q.values.as_ptr(),
                    stride: q.stride,
                    keys: keys.as_ptr(),
                    values: values.as_ptr(),
                };
                // SAFETY: all lengths were compared.
                unsafe { self.run(Attend { work, numbers }) };
            }
            (
                Numbers::I16 {
                    values: keys,
                    scales: key_scales,
                },
                Numbers::I16 {
                    values,
                    scales: value_scales,
                },
            ) => {
                let (padded, max) = (heads.padded(), query_max(heads.width));
                activations.resize(q.count * heads.queries * padded, 0);
                activation_scales.clear();
                let rows = q.values.chunks(q.stride).take(q.count);
                let queries = rows.flat_map(|row| row[..width].chunks_exact(heads.width));
                for (q, out) in queries.zip(activations.chunks_exact_mut(padded)) {
                    let (out, filling) = out.split_at_mut(q.len());
                    activation_scales.push(self.quantise_to(max, q, out));
                    filling.fill(0);
                }
                weights.resize(QUERIES * heads.queries * seen, 0);
                let numbers = Integers {
                    q: activations.as_ptr(),
                    q_scales: activation_scales.as_ptr(),
                    keys: keys.as_ptr(),
                    key_scales: key_scales.as_ptr(),
                    values: values.as_ptr(),
                    value_scales: value_scales.as_ptr(),
                    weights: weights.as_mut_ptr(),
                };
                // SAFETY: all lengths were compared.
                unsafe { self.run(Attend { work, numbers }) };
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

/// What is to be done, in whatever numbers.
struct Work<'a> {
    heads: Heads,
    /// Rows that are remembered, counted from the first block.
    rows: Range<usize>,
    /// Rows that a query sees.
    context: usize,
    /// Queries, one for each of the last rows.
    count: usize,
    /// Room for scores: `[QUERIES, queries, rows of all blocks]`.
    scores: &'a mut [f32],
    /// Room for sums: `[QUERIES, queries, padded width]`.
    sums: &'a mut [f32],
    /// Room for what they are multiplied with: `[QUERIES, queries]`.
    factors: &'a mut [f32],
    /// `[count, queries, width]`
    out: &'a mut [f32],
}

struct Attend<'a, N: Numeric> {
    work: Work<'a>,
    numbers: N,
}

/// A head of some blocks, and some rows' queries that look at it.
#[derive(Clone, Copy)]
struct Place {
    heads: Heads,
    /// The head of the first block, counted through all blocks.
    block: usize,
    /// Blocks, [`STREAMS`] at most.
    blocks: usize,
    /// The first of the rows.
    row: usize,
    /// The head of each row.
    query: usize,
}

impl Place {
    /// Where the numbers of each block begin, and its scales.
    #[inline(always)]
    fn starts(self) -> impl Iterator<Item = [usize; 2]> {
        let head = move |i| self.block + i * self.heads.keys;
        (0..self.blocks).map(move |i| [head(i) * self.heads.block(), head(i) * BLOCK])
    }
}

/// Numbers of caches, and of what they are multiplied with.
trait Numeric {
    /// Stores the scores of the place's rows, those of each query `stride` behind the last's.
    unsafe fn score<S: Simd, const R: usize>(&self, at: Place, to: *mut f32, stride: usize);

    /// Makes weights, from the `index`-th on, of one query's scores, all of which are positive.
    /// They belong to blocks from `at` on. Returns what the sums are to be multiplied with.
    unsafe fn weigh<S: Simd>(&self, at: Place, scores: &mut [f32], index: usize) -> f32;

    /// Adds the weighted values of the place's rows to sums. Weights are from the `index`-th
    /// on, those of each query `stride` behind the last's; so are the sums.
    unsafe fn sum<S: Simd, const R: usize>(
        &self,
        at: Place,
        weights: Weights,
        sums: *mut f32,
        stride: usize,
    );
}

/// Where weights are.
#[derive(Clone, Copy)]
struct Weights {
    /// The scores they were made of.
    scores: *const f32,
    /// The first.
    index: usize,
    /// From one query to the next.
    stride: usize,
}

struct Singles {
    q: *const f32,
    stride: usize,
    keys: *const f32,
    values: *const f32,
}

struct Integers {
    q: *const i16,
    q_scales: *const f32,
    keys: *const i16,
    key_scales: *const f32,
    values: *const i16,
    value_scales: *const f32,
    weights: *mut i16,
}

impl Numeric for Singles {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn score<S: Simd, const R: usize>(&self, at: Place, to: *mut f32, stride: usize) {
        // SAFETY: the caller's.
        unsafe {
            let q = (self.q).add(at.row * self.stride + at.query * at.heads.width);
            for (block, [start, _]) in at.starts().enumerate() {
                let keys = self.keys.add(start);
                let mut scores = [S::zero(); R];
                for channel in 0..at.heads.width {
                    let key = S::load(keys.add(channel * PANEL));
                    for (r, score) in scores.iter_mut().enumerate() {
                        let q = S::splat(*q.add(r * self.stride + channel));
                        *score = S::mul_add(*score, q, key);
                    }
                }
                for (r, score) in scores.into_iter().enumerate() {
                    S::store(score, to.add(r * stride + block * BLOCK));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn weigh<S: Simd>(&self, _: Place, _: &mut [f32], _: usize) -> f32 {
        1.0
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn sum<S: Simd, const R: usize>(
        &self,
        at: Place,
        weights: Weights,
        sums: *mut f32,
        stride: usize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let weight = weights.scores.add(weights.index);
            for panel in 0..at.heads.padded() / PANEL {
                let sums = sums.add(panel * PANEL);
                let mut sum: [S::F; R] = from_fn(|r| S::load(sums.add(r * stride)));
                for (block, [start, _]) in at.starts().enumerate() {
                    let values = self.values.add(start + panel * BLOCK * PANEL);
                    for row in 0..BLOCK {
                        let value = S::load(values.add(row * PANEL));
                        for (r, sum) in sum.iter_mut().enumerate() {
                            let weight = weight.add(r * weights.stride + block * BLOCK + row);
                            *sum = S::mul_add(*sum, S::splat(*weight), value);
                        }
                    }
                }
                for (r, sum) in sum.into_iter().enumerate() {
                    S::store(sum, sums.add(r * stride));
                }
            }
        }
    }
}

impl Numeric for Integers {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn score<S: Simd, const R: usize>(&self, at: Place, to: *mut f32, stride: usize) {
        // SAFETY: the caller's.
        unsafe {
            let (head, queries) = (at.row * at.heads.queries + at.query, at.heads.queries);
            let (q, q_stride) = (
                self.q.add(head * at.heads.padded()),
                queries * at.heads.padded(),
            );
            let pairs = at.heads.padded() / 2;
            let turn = if R == 1 { TURN } else { pairs };
            let mut exact = [[S::zero_i(); R]; STREAMS];
            for first in (0..pairs).step_by(turn) {
                for ([start, _], exact) in at.starts().zip(&mut exact) {
                    let keys = self.keys.add(start + first * 2 * PANEL);
                    products::<S, R>(exact, keys, q.add(2 * first), q_stride, turn);
                }
            }
            for ((block, [_, scales]), exact) in at.starts().enumerate().zip(exact) {
                let scales = S::load(self.key_scales.add(scales));
                for (r, exact) in exact.into_iter().enumerate() {
                    let scale = S::splat(*self.q_scales.add(head + r * queries));
                    let scores = S::scale(S::mul(S::to_f32(exact), scales), scale);
                    S::store(scores, to.add(r * stride + block * BLOCK));
                }
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn weigh<S: Simd>(&self, at: Place, scores: &mut [f32], index: usize) -> f32 {
        // SAFETY: the caller's.
        unsafe {
            for (i, scores) in scores.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
                let block = at.block + i * at.heads.keys;
                let scales = self.value_scales.add(block * BLOCK);
                let weights = S::mul(S::load(scores.as_ptr()), S::load(scales));
                S::store(weights, scores.as_mut_ptr());
            }
            let mut scale = 0.0;
            let out = std::slice::from_raw_parts_mut(self.weights.add(index), scores.len());
            Quantise {
                values: scores,
                max: W_MAX,
                out,
                scale: &mut scale,
            }
            .run::<S>();
            scale
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn sum<S: Simd, const R: usize>(
        &self,
        at: Place,
        weights: Weights,
        sums: *mut f32,
        stride: usize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let weight = self.weights.add(weights.index);
            for panel in 0..at.heads.padded() / PANEL {
                let sums = sums.add(panel * PANEL);
                let mut sum: [S::F; R] = from_fn(|r| S::load(sums.add(r * stride)));
                for (block, [start, _]) in at.starts().enumerate() {
                    let values = self.values.add(start + panel * BLOCK * PANEL);
                    let weight = weight.add(block * BLOCK);
                    let mut exact = [S::zero_i(); R];
                    products::<S, R>(&mut exact, values, weight, weights.stride, BLOCK / 2);
                    for (sum, exact) in sum.iter_mut().zip(exact) {
                        *sum = S::add(*sum, S::to_f32(exact));
                    }
                }
                for (r, sum) in sum.into_iter().enumerate() {
                    S::store(sum, sums.add(r * stride));
                }
            }
        }
    }
}

/// Adds the products of `R` rows, `stride` apart, with a panel's `pairs` of inputs.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn products<S: Simd, const R: usize>(
    sums: &mut [S::I; R],
    panel: *const i16,
    rows: *const i16,
    stride: usize,
    pairs: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        for pair in 0..pairs {
            let w = S::load_w2(panel.add(pair * 2 * PANEL));
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = S::dot2(*sum, S::splat_a2(rows.add(r * stride + 2 * pair)), w);
            }
        }
    }
}

impl<N: Numeric> Kernel for Attend<'_, N> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let (mut row, mut size) = (0, S::ROWS.min(QUERIES));
        while row < self.work.count {
            while size > self.work.count - row {
                size /= 2;
            }
            // SAFETY: `Kernels::attend` compared all lengths.
            unsafe {
                match size {
                    4 if S::ROWS >= 4 => self.rows::<S, 4>(row),
                    2 => self.rows::<S, 2>(row),
                    _ => self.rows::<S, 1>(row),
                }
            }
            row += size;
        }
    }
}

impl<N: Numeric> Attend<'_, N> {
    /// `R` rows from `row` on.
    #[inline(always)]
    unsafe fn rows<S: Simd, const R: usize>(&mut self, row: usize) {
        let Work { heads, count, .. } = self.work;
        let (queries, padded) = (heads.queries, heads.padded());
        let remembered = self.work.rows.clone();
        let seen: [Range<usize>; R] = from_fn(|r| {
            let end = remembered.end - count + row + r + 1;
            remembered.start.max(end.saturating_sub(self.work.context))..end
        });
        // A later row begins and ends later.
        let blocks = seen[0].start / BLOCK..seen[R - 1].end.div_ceil(BLOCK);
        let first = blocks.start * BLOCK;
        // Scores of a query.
        let length = blocks.len() * BLOCK;
        let place = |blocks: Range<usize>, query: usize| Place {
            heads,
            block: blocks.start * heads.keys + query / (queries / heads.keys),
            blocks: blocks.len(),
            row,
            query,
        };
        // SAFETY: `Kernels::attend` compared all lengths.
        unsafe {
            let scores = self.work.scores.as_mut_ptr();
            by_turns(blocks.clone(), queries, |some, query| {
                let index = query * length + some.start * BLOCK - first;
                let to = scores.add(index);
                (self.numbers).score::<S, R>(place(some, query), to, queries * length);
            });
            for (r, seen) in seen.iter().enumerate() {
                for query in 0..queries {
                    let head = r * queries + query;
                    let scores = &mut self.work.scores[head * length..][..length];
                    let total = exponentials(scores, seen.start - first..seen.end - first);
                    let place = place(blocks.clone(), query);
                    let scale = self.numbers.weigh::<S>(place, scores, head * length);
                    self.work.factors[head] = scale / total;
                }
            }
            self.work.sums[..R * queries * padded].fill(0.0);
            let sums = self.work.sums.as_mut_ptr();
            by_turns(blocks, queries, |some, query| {
                let weights = Weights {
                    scores,
                    index: query * length + some.start * BLOCK - first,
                    stride: queries * length,
                };
                let sums = sums.add(query * padded);
                (self.numbers).sum::<S, R>(place(some, query), weights, sums, queries * padded);
            });
        }
        let out = self.work.out[row * queries * heads.width..].chunks_exact_mut(heads.width);
        let sums = self.work.sums.chunks_exact(padded).take(R * queries);
        for ((out, sums), factor) in out.zip(sums).zip(&*self.work.factors) {
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum * factor;
            }
        }
    }
}

/// Calls `work` with every query and all blocks in their order, some at a time.
#[inline(always)]
fn by_turns(blocks: Range<usize>, queries: usize, mut work: impl FnMut(Range<usize>, usize)) {
    for start in blocks.clone().step_by(STREAMS) {
        for query in 0..queries {
            work(start..blocks.end.min(start + STREAMS), query);
        }
    }
}

/// Exponentials of the scores that are seen, less the largest; 0 in place of the others. Returns
/// their sum. There are whole blocks.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn exponentials(scores: &mut [f32], seen: Range<usize>) -> f32 {
    scores[..seen.start].fill(f32::NEG_INFINITY);
    scores[seen.end..].fill(f32::NEG_INFINITY);
    let mut largest = [f32::NEG_INFINITY; BLOCK];
    for block in scores.as_chunks::<BLOCK>().0 {
        for (largest, score) in largest.iter_mut().zip(block) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut totals = [0.0; BLOCK];
    for block in scores.as_chunks_mut::<BLOCK>().0 {
        for (total, score) in totals.iter_mut().zip(block) {
            *score = math::exp(*score - largest);
            *total += *score;
        }
    }
    // The smallest exponential is not 0, but nothing beside the largest.
    scores[..seen.start].fill(0.0);
    scores[seen.end..].fill(0.0);
    totals.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;
    use crate::self_test::{attention, attention_weights};

    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| (((i + seed) * 7919 % 1009) as f32) / 504.5 - 1.0)
            .collect()
    }

    fn caches(kernels: Kernels, heads: Heads, integers: bool, rows: usize) -> [Cache; 2] {
        [Side::Keys, Side::Values].map(|side| {
            let mut cache = Cache::new(heads, side, integers);
            cache.push(kernels, &noise(rows * heads.row(), 2 + side as usize));
            cache
        })
    }

    /// Queries as the kernel rounds them.
    fn rounded(kernels: Kernels, width: usize, q: &[f32]) -> Vec<f32> {
        let mut integers = vec![0; width];
        let head = |head: &[f32]| {
            let scale = kernels.quantise_to(query_max(width), head, &mut integers);
            integers.iter().map(|i| f32::from(*i) * scale).collect()
        };
        q.chunks(width).flat_map::<Vec<f32>, _>(head).collect()
    }

    /// Query heads, key heads, width, rows, queries, rows seen.
    const CASES: [[usize; 6]; 7] = [
        [1, 1, 4, 1, 1, 9],
        [3, 1, 32, 5, 1, 5],
        [2, 2, 12, 7, 7, 3],
        [4, 2, 20, 16, 2, 15],
        [2, 2, 64, 33, 3, 40],
        [1, 1, 16, 70, 11, 17],
        [2, 1, 18, 90, 1, 33],
    ];

    #[test]
    fn attention_equals_the_reference() {
        let mut problems = Vec::new();
        for [queries, keys, width, rows, count, context] in CASES {
            let heads = Heads {
                queries,
                keys,
                width,
            };
            let q = noise(count * queries * width, 1);
            for kernels in Isa::available().into_iter().filter_map(Kernels::new) {
                for integers in [false, true] {
                    let [mut k, mut v] = caches(kernels, heads, integers, rows);
                    let (all_k, all_v) = (k.get(), v.get());
                    for cache in [&mut k, &mut v] {
                        cache.keep_last(count + context);
                    }
                    let q_used = if integers {
                        rounded(kernels, width, &q)
                    } else {
                        q.clone()
                    };
                    let mut exact = Vec::new();
                    let mut largest = 0.0_f64;
                    for (i, q) in q_used.chunks(queries * width).enumerate() {
                        let end = rows - count + i + 1;
                        let seen = end.saturating_sub(context) * heads.row()..end * heads.row();
                        let (k, v) = (&all_k[seen.clone()], &all_v[seen]);
                        exact.extend(attention(heads, q, k, v));
                        let weights = attention_weights(heads, q, k);
                        largest = weights.into_iter().fold(largest, f64::max);
                    }
                    let mut out = vec![0.0; q.len()];
                    let mut scratch = Scratch::default();
                    let q = Rows::new(&q, queries * width);
                    kernels.attend(q, &k, &v, Some(context), &mut scratch, &mut out);
                    let differences = out.iter().zip(&exact);
                    let errors = differences.map(|(a, b)| (f64::from(*a) - b).abs());
                    let worst =
                        errors.fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a });
                    // Weights are rounded by half a step, and values are up to 1.
                    let step = if integers {
                        largest / f64::from(W_MAX)
                    } else {
                        0.0
                    };
                    let rounding = context.min(rows) as f64 * step / 2.0;
                    if worst.is_nan() || worst > 2e-6 + rounding {
                        let isa = kernels.isa();
                        problems.push(format!("{isa:?} {heads:?} {rows} rows: {worst:e}"));
                    }
                }
            }
        }
        assert!(problems.is_empty(), "{problems:#?}");
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let heads = Heads {
            queries: 2,
            keys: 2,
            width: 20,
        };
        let (rows, count) = (50, 9);
        let q = noise(count * 40, 1);
        for kernels in Isa::available().into_iter().filter_map(Kernels::new) {
            for integers in [false, true] {
                let mut scratch = Scratch::default();
                let [k, v] = caches(kernels, heads, integers, rows);
                let mut together = vec![0.0; q.len()];
                let all = Rows::new(&q, 40);
                kernels.attend(all, &k, &v, Some(30), &mut scratch, &mut together);
                for (i, together) in together.chunks(40).enumerate() {
                    let rows = rows - count + i + 1;
                    let [mut k, mut v] = caches(kernels, heads, integers, 0);
                    for (cache, seed) in [(&mut k, 2), (&mut v, 3)] {
                        for row in noise(rows * 40, seed).chunks(40) {
                            cache.push(kernels, row);
                            cache.keep_last(30);
                        }
                    }
                    let mut alone = vec![0.0; 40];
                    let one = Rows::new(&q[i * 40..][..40], 40);
                    kernels.attend(one, &k, &v, None, &mut scratch, &mut alone);
                    assert_eq!(alone, together, "{:?} {i}", kernels.isa());
                }
            }
        }
    }
}
