//! Attention of the newest positions over cached rows.

mod numeric;

use std::array::from_fn;
use std::ops::Range;

use crate::cache::{BLOCK, Cache, Heads, Numbers, Side};
use crate::isa::{Kernel, Kernels};
use crate::math;
use crate::matmul::row_blocks;
use crate::simd::Simd;
use crate::size::size;
use crate::{Rows, Scratch};
use numeric::{Integers, Numeric, Place, Rounded, Singles, Weights};

/// Blocks of the cache that are read by turns. Finding the next page of memory takes longer
/// than reading it, so it is done for several at once.
const STREAMS: usize = 4;
/// Queries that are worked on at a time, at most.
const QUERIES: usize = 4;

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
        let width = size([heads.queries, heads.width]);
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
        assert_eq!(out.len(), size([q.count, width]), "output");
        if out.is_empty() {
            return;
        }
        let needed = size([q.count - 1, q.stride]).saturating_add(width);
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
            ..
        } = scratch;
        let seen = (keys.range().end.div_ceil(BLOCK) - keys.range().start / BLOCK) * BLOCK;
        scores.resize(size([QUERIES, heads.queries, seen]), 0.0);
        sums.resize(size([QUERIES, heads.queries, heads.padded()]), 0.0);
        factors.resize(size([QUERIES, heads.queries]), 0.0);
        weights.resize(size([QUERIES, heads.queries, seen]), 0);
        let rounded = Rounded {
            queries: activations,
            scales: activation_scales,
            weights,
        };
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
                    keys: keys.values.as_ptr(),
                    values: values.values.as_ptr(),
                };
                // SAFETY: all lengths were compared.
                unsafe { self.run(Attend { work, numbers }) };
            }
            (Numbers::I16(keys), Numbers::I16(values)) => {
                let numbers = Integers::new(self, heads, q, [keys, values], rounded);
                // SAFETY: all lengths were compared.
                unsafe { self.run(Attend { work, numbers }) };
            }
            (Numbers::I8(keys), Numbers::I8(values)) => {
                let numbers = Integers::new(self, heads, q, [keys, values], rounded);
                // SAFETY: all lengths were compared.
                unsafe { self.run(Attend { work, numbers }) };
            }
            _ => panic!("keys and values of one format"),
        }
    }
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

impl<N: Numeric> Kernel for Attend<'_, N> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        for [row, size] in row_blocks(self.work.count, S::ROWS.min(QUERIES)) {
            // SAFETY: `Kernels::attend` compared all lengths.
            unsafe {
                match size {
                    4 if S::ROWS >= 4 => self.rows::<S, 4>(row),
                    2 => self.rows::<S, 2>(row),
                    _ => self.rows::<S, 1>(row),
                }
            }
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
            let (scores, sums) = (self.work.scores.as_ptr(), self.work.sums.as_mut_ptr());
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
mod tests;
