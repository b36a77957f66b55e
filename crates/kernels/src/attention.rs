//! Attention of the newest positions over cached rows.

mod arithmetic;
mod float;
mod quantised;

use std::array::from_fn;
use std::ops::Range;

use crate::cache::{CACHE_BLOCK_ROWS, Cache, CacheStorage, HeadShape, KvRole};
use crate::isa::CpuKernels;
use crate::math::Functions;
use crate::matmul::row_tiles;
use crate::memory::MEM_STREAMS;
use crate::simd::{Simd, SimdOp};
use crate::size::size;
use crate::{Rows, Scratch};
use arithmetic::{CacheArithmetic, Probs, Tile};
use float::F32Attention;
use quantised::{QuantisedAttention, QuantisedScratch};

/// Rows of queries that are worked on at a time, at most.
const QUERY_ROWS: usize = 4;

impl CpuKernels {
    /// Counterpart of `F.scaled_dot_product_attention`, causal: the rows of `q`
    /// `[num_heads, head_dim]` (scaled already) belong to the last rows of the caches, and each
    /// looks at the rows up to its own, the last `context` of them if there is a limit. `out` is
    /// `[rows, num_heads, head_dim]`. A row's output is independent of the other rows.
    ///
    /// # Panics
    ///
    /// If lengths disagree, or the caches are not keys and values of one shape and format.
    pub fn attend(
        self,
        q: Rows<'_>,
        keys: &Cache,
        values: &Cache,
        context: Option<usize>,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        check(q, keys, values, out);
        if out.is_empty() {
            return;
        }
        let heads = keys.heads();
        let Scratch {
            quantised_rows,
            row_scales,
            scores,
            probs,
            sums,
            factors,
            ..
        } = scratch;
        let first_block = keys.range().start / CACHE_BLOCK_ROWS;
        let blocks = keys.range().end.div_ceil(CACHE_BLOCK_ROWS) - first_block;
        let seen = size([blocks, CACHE_BLOCK_ROWS]);
        scores.resize(size([QUERY_ROWS, heads.num_heads, seen]), 0.0);
        probs.resize(size([QUERY_ROWS, heads.num_heads, seen]), 0);
        sums.resize(size([QUERY_ROWS, heads.num_heads, heads.padded_dim()]), 0.0);
        factors.resize(size([QUERY_ROWS, heads.num_heads]), 0.0);
        let buffers = QuantisedScratch {
            queries: quantised_rows,
            scales: row_scales,
            probs,
        };
        let work = AttentionWork {
            heads,
            rows: keys.range(),
            context: context.unwrap_or(usize::MAX),
            count: q.count,
            scores,
            sums,
            factors,
            out,
        };
        match (&keys.storage, &values.storage) {
            (CacheStorage::F32(keys), CacheStorage::F32(values)) => {
                let arithmetic = F32Attention::new(q, [keys, values]);
                self.run(Attend { work, arithmetic });
            }
            (CacheStorage::I16(keys), CacheStorage::I16(values)) => {
                let arithmetic = QuantisedAttention::new(self, heads, q, [keys, values], buffers);
                self.run(Attend { work, arithmetic });
            }
            (CacheStorage::I8(keys), CacheStorage::I8(values)) => {
                let arithmetic = QuantisedAttention::new(self, heads, q, [keys, values], buffers);
                self.run(Attend { work, arithmetic });
            }
            (CacheStorage::F32(_) | CacheStorage::I16(_) | CacheStorage::I8(_), _) => {
                panic!("keys and values of one format")
            }
        }
    }
}

/// Compares lengths, as [`CpuKernels::attend`] says.
fn check(q: Rows<'_>, keys: &Cache, values: &Cache, out: &[f32]) {
    let heads = keys.heads();
    let groups = heads.num_heads.is_multiple_of(heads.num_kv_heads);
    assert!(heads.row_width() > 0 && groups, "heads");
    assert!(
        keys.role() == KvRole::Keys && values.role() == KvRole::Values && heads == values.heads(),
        "keys and values"
    );
    assert_eq!(keys.range(), values.range(), "cached rows");
    assert!(q.count <= keys.rows(), "a cached row for each query");
    let width = size([heads.num_heads, heads.head_dim]);
    assert_eq!(out.len(), size([q.count, width]), "output");
    let (given, needed) = (q.values.len(), q.needed(width));
    assert!(given >= needed, "queries: {given} < {needed}");
}

/// An attention, whatever the format of its caches.
struct AttentionWork<'a> {
    heads: HeadShape,
    /// Rows that are cached, counted from the first block.
    rows: Range<usize>,
    /// Rows that a query sees.
    context: usize,
    /// Rows of queries, one for each of the last cached rows.
    count: usize,
    /// Buffer for scores: `[QUERY_ROWS, num_heads, rows of all blocks]`.
    scores: &'a mut [f32],
    /// Buffer for sums: `[QUERY_ROWS, num_heads, padded head_dim]`.
    sums: &'a mut [f32],
    /// Buffer for the factors of the sums: `[QUERY_ROWS, num_heads]`.
    factors: &'a mut [f32],
    /// `[count, num_heads, head_dim]`
    out: &'a mut [f32],
}

/// The attention of `work`, with caches and queries as `arithmetic` has them: [`check`] compared
/// their lengths, and there is room for every row and head.
struct Attend<'a, A: CacheArithmetic> {
    work: AttentionWork<'a>,
    arithmetic: A,
}

impl<A: CacheArithmetic> SimdOp for Attend<'_, A> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        for [row, size] in row_tiles(self.work.count, S::ROWS.min(QUERY_ROWS)) {
            // SAFETY: `row_tiles` gives `size` rows from `row` on that `work` has.
            unsafe {
                match size {
                    4 if S::ROWS >= 4 => self.rows::<S, 4>(simd, row),
                    2 => self.rows::<S, 2>(simd, row),
                    _ => self.rows::<S, 1>(simd, row),
                }
            }
        }
    }
}

/// What `R` rows of queries see.
struct VisibleRows<const R: usize> {
    /// The first of the rows.
    row: usize,
    /// Cached rows that each of them sees.
    rows: [Range<usize>; R],
    /// The blocks in which those are.
    blocks: Range<usize>,
}

impl<const R: usize> VisibleRows<R> {
    /// What the rows from `row` on see.
    #[inline(always)]
    fn new(work: &AttentionWork<'_>, row: usize) -> Self {
        let cached = &work.rows;
        let rows: [Range<usize>; R] = from_fn(|r| {
            let end = cached.end - work.count + row + r + 1;
            cached.start.max(end.saturating_sub(work.context))..end
        });
        // A later row begins and ends later.
        let blocks = rows[0].start / CACHE_BLOCK_ROWS..rows[R - 1].end.div_ceil(CACHE_BLOCK_ROWS);
        Self { row, rows, blocks }
    }

    /// The first cached row of the first block.
    #[inline(always)]
    fn first(&self) -> usize {
        self.blocks.start * CACHE_BLOCK_ROWS
    }

    /// Scores of a query.
    #[inline(always)]
    fn scores(&self) -> usize {
        self.blocks.len() * CACHE_BLOCK_ROWS
    }

    /// `blocks` and these rows' queries of head `query_head`.
    #[inline(always)]
    fn tile(&self, heads: HeadShape, blocks: &Range<usize>, query_head: usize) -> Tile {
        let kv_head = query_head / (heads.num_heads / heads.num_kv_heads);
        Tile {
            heads,
            block: blocks.start * heads.num_kv_heads + kv_head,
            blocks: blocks.len(),
            row: self.row,
            query_head,
        }
    }
}

impl<A: CacheArithmetic> Attend<'_, A> {
    /// Computes `R` rows from `row` on.
    ///
    /// # Safety
    ///
    /// `work` has these rows.
    #[inline(always)]
    unsafe fn rows<S: Simd, const R: usize>(&mut self, simd: S, row: usize) {
        let seen = VisibleRows::<R>::new(&self.work, row);
        // SAFETY: the caller's rows see blocks that the caches have.
        unsafe {
            self.score::<S, R>(simd, &seen);
            self.normalise::<S, R>(simd, &seen);
            self.sum::<S, R>(simd, &seen);
        }
        let HeadShape {
            num_heads,
            head_dim,
            ..
        } = self.work.heads;
        let out = self.work.out[row * num_heads * head_dim..].chunks_exact_mut(head_dim);
        let sums = (self.work.sums).chunks_exact(self.work.heads.padded_dim());
        let factors = self.work.factors.iter().take(R * num_heads);
        for ((out, sums), factor) in out.zip(sums).zip(factors) {
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum * factor;
            }
        }
    }

    /// The scores of all heads with every row of the blocks that are seen.
    ///
    /// # Safety
    ///
    /// `work` has the rows, and the caches have the blocks.
    #[inline(always)]
    unsafe fn score<S: Simd, const R: usize>(&mut self, simd: S, seen: &VisibleRows<R>) {
        let heads = self.work.heads;
        let (length, stride) = (seen.scores(), heads.num_heads * seen.scores());
        let scores = self.work.scores.as_mut_ptr();
        for_block_groups(&seen.blocks, heads.num_heads, |blocks, query_head| {
            let index = query_head * length + blocks.start * CACHE_BLOCK_ROWS - seen.first();
            let tile = seen.tile(heads, &blocks, query_head);
            // SAFETY: the tile's blocks are the caller's, and there is room for their scores.
            unsafe { (self.arithmetic).score::<S, R>(simd, tile, scores.add(index), stride) };
        });
    }

    /// Softmax: turns scores into probabilities, and finds the factors of their sums.
    ///
    /// # Safety
    ///
    /// `work` has the rows, and the caches have the blocks.
    #[inline(always)]
    unsafe fn normalise<S: Simd, const R: usize>(&mut self, simd: S, seen: &VisibleRows<R>) {
        let heads = self.work.heads;
        let (first, length) = (seen.first(), seen.scores());
        for (r, rows) in seen.rows.iter().enumerate() {
            for query_head in 0..heads.num_heads {
                let head = r * heads.num_heads + query_head;
                let scores = &mut self.work.scores[head * length..][..length];
                let total = exponentials(scores, rows.start - first..rows.end - first);
                let tile = seen.tile(heads, &seen.blocks, query_head);
                // SAFETY: the scores are those of the caller's blocks.
                let scale =
                    unsafe { (self.arithmetic).quantise_probs(simd, tile, scores, head * length) };
                self.work.factors[head] = scale / total;
            }
        }
    }

    /// Sums of values, each times its probability.
    ///
    /// # Safety
    ///
    /// `work` has the rows, and the caches have the blocks.
    #[inline(always)]
    unsafe fn sum<S: Simd, const R: usize>(&mut self, simd: S, seen: &VisibleRows<R>) {
        let heads = self.work.heads;
        let (length, padded) = (seen.scores(), heads.padded_dim());
        self.work.sums[..R * heads.num_heads * padded].fill(0.0);
        let (scores, sums) = (self.work.scores.as_ptr(), self.work.sums.as_mut_ptr());
        for_block_groups(&seen.blocks, heads.num_heads, |blocks, query_head| {
            let probs = Probs {
                scores,
                index: query_head * length + blocks.start * CACHE_BLOCK_ROWS - seen.first(),
                stride: heads.num_heads * length,
            };
            let tile = seen.tile(heads, &blocks, query_head);
            // SAFETY: the tile's blocks are the caller's, and every head has its sums.
            unsafe {
                let sums = sums.add(query_head * padded);
                (self.arithmetic).sum::<S, R>(simd, tile, probs, sums, heads.num_heads * padded);
            }
        });
    }
}

/// Calls `work` with every query head and all blocks in their order, some at a time, which are read
/// interleaved.
#[inline(always)]
fn for_block_groups(
    blocks: &Range<usize>,
    num_heads: usize,
    mut work: impl FnMut(Range<usize>, usize),
) {
    for start in blocks.clone().step_by(MEM_STREAMS) {
        for query_head in 0..num_heads {
            work(start..blocks.end.min(start + MEM_STREAMS), query_head);
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
    let mut largest = [f32::NEG_INFINITY; CACHE_BLOCK_ROWS];
    for block in scores.as_chunks::<CACHE_BLOCK_ROWS>().0 {
        for (largest, score) in largest.iter_mut().zip(block) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let math = Functions::new();
    let mut totals = [0.0; CACHE_BLOCK_ROWS];
    for block in scores.as_chunks_mut::<CACHE_BLOCK_ROWS>().0 {
        for (total, score) in totals.iter_mut().zip(block) {
            *score = math.exp(*score - largest);
            *total += *score;
        }
    }
    // The smallest exponential is not 0, but adds nothing to the largest.
    scores[..seen.start].fill(0.0);
    scores[seen.end..].fill(0.0);
    totals.iter().sum()
}

#[cfg(test)]
mod tests;
