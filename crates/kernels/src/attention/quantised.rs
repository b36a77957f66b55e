//! Attention over cached integers with scales.

use weights::PANEL;

use super::arithmetic::{CacheArithmetic, Probs, Tile};
use crate::Rows;
use crate::cache::{CACHE_BLOCK_ROWS, CacheBlocks, HeadShape};
use crate::isa::CpuKernels;
use crate::matmul::pair_products;
use crate::memory::MEM_STREAMS;
use crate::quantised_rows::{A_MAX, QuantiseRow};
use crate::simd::{Simd, SimdOp};
use crate::size::size;

/// Pairs of channels of a block that are read for one query, before the next block's.
const INTERLEAVE_PAIRS: usize = 8;
/// The largest of a query's integer probabilities, which have no sign: products of a block's with
/// integers up to [`A_MAX`] fit into 32 bits.
pub(super) const PROB_MAX: i32 = 2 * A_MAX + 1;

/// Queries, probabilities and caches that are integers, the latter of type `T`.
pub(super) struct QuantisedAttention<'a, T> {
    q: &'a [i16],
    q_scales: &'a [f32],
    keys: &'a CacheBlocks<T>,
    values: &'a CacheBlocks<T>,
    probs: &'a mut [i16],
}

/// Buffers for what is quantised on the way.
pub(super) struct QuantisedScratch<'a> {
    pub(super) queries: &'a mut Vec<i16>,
    /// A scale for each.
    pub(super) scales: &'a mut Vec<f32>,
    /// A probability for each score.
    pub(super) probs: &'a mut [i16],
}

impl<'a, T> QuantisedAttention<'a, T> {
    /// Quantises the queries.
    pub(super) fn new(
        kernels: CpuKernels,
        heads: HeadShape,
        q: Rows<'_>,
        [keys, values]: [&'a CacheBlocks<T>; 2],
        buffers: QuantisedScratch<'a>,
    ) -> Self {
        let QuantisedScratch {
            queries: integers,
            scales,
            probs,
        } = buffers;
        let (padded, max) = (heads.padded_dim(), query_max(heads.head_dim));
        integers.resize(size([q.count, heads.num_heads, padded]), 0);
        scales.clear();
        let rows = q.values.chunks(q.stride).take(q.count);
        let width = heads.num_heads * heads.head_dim;
        let queries = rows.flat_map(|row| row[..width].chunks_exact(heads.head_dim));
        for (q, out) in queries.zip(integers.chunks_exact_mut(padded)) {
            let (out, padding) = out.split_at_mut(q.len());
            scales.push(kernels.quantise_to(max, q, out));
            padding.fill(0);
        }
        Self {
            q: integers,
            q_scales: scales,
            keys,
            values,
            probs,
        }
    }
}

/// The largest magnitude of a query's integers: products over a head have to fit into 32 bits.
pub(super) fn query_max(head_dim: usize) -> i32 {
    let head_dim = i32::try_from(head_dim).unwrap_or(i32::MAX);
    (i32::MAX / A_MAX / head_dim).min(A_MAX)
}

/// An integer of a cache, which products take as 16 bits.
pub(super) trait WidenToI16: Copy {
    /// 32 of them: `[16][2]`.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Weights2;
}

impl WidenToI16 for i16 {
    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Weights2 {
        // SAFETY: the caller has the 32 numbers.
        unsafe { simd.load_weights2(from) }
    }
}

impl WidenToI16 for i8 {
    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> S::Weights2 {
        // SAFETY: the caller has the 32 numbers.
        unsafe { simd.load_weights2_i8(from) }
    }
}

impl<T: WidenToI16> CacheArithmetic for QuantisedAttention<'_, T> {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn score<S: Simd, const R: usize>(
        &self,
        simd: S,
        tile: Tile,
        to: *mut f32,
        stride: usize,
    ) {
        let heads = tile.heads;
        let (head, padded) = (
            tile.row * heads.num_heads + tile.query_head,
            heads.padded_dim(),
        );
        let pairs = padded / 2;
        let part = if R == 1 { INTERLEAVE_PAIRS } else { pairs };
        // SAFETY: the caller's tile lies inside of the queries, the keys and the scores. A head
        // has a whole number of parts, for it is padded to whole panels.
        unsafe {
            let (q, q_stride) = (self.q.as_ptr().add(head * padded), heads.num_heads * padded);
            let mut exact = [[simd.zero_i32(); R]; MEM_STREAMS];
            for first in (0..pairs).step_by(part) {
                for (start, exact) in tile.starts().zip(&mut exact) {
                    let keys = self
                        .keys
                        .values
                        .as_ptr()
                        .add(start.values + first * 2 * PANEL);
                    add_products::<S, T, R>(simd, exact, keys, q.add(2 * first), q_stride, part);
                }
            }
            for ((block, start), exact) in tile.starts().enumerate().zip(exact) {
                let scales = simd.load_f32(self.keys.scales.as_ptr().add(start.scales));
                for (r, exact) in exact.into_iter().enumerate() {
                    let scale = simd.splat(*self.q_scales.as_ptr().add(head + r * heads.num_heads));
                    let scores = simd.scale(simd.mul(simd.to_f32(exact), scales), scale);
                    simd.store_f32(scores, to.add(r * stride + block * CACHE_BLOCK_ROWS));
                }
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn quantise_probs<S: Simd>(
        &mut self,
        simd: S,
        tile: Tile,
        scores: &mut [f32],
        index: usize,
    ) -> f32 {
        let blocks = scores.as_chunks_mut::<CACHE_BLOCK_ROWS>().0;
        for (start, scores) in tile.starts().zip(blocks) {
            // SAFETY: the caches have the caller's blocks, each with a scale for every row.
            unsafe {
                let scales = simd.load_f32(self.values.scales.as_ptr().add(start.scales));
                let weighted = simd.mul(simd.load_f32(scores.as_ptr()), scales);
                simd.store_f32(weighted, scores.as_mut_ptr());
            }
        }
        let mut scale = 0.0;
        let quantise = QuantiseRow {
            values: scores,
            max: PROB_MAX,
            out: &mut self.probs[index..][..scores.len()],
            scale: &mut scale,
        };
        quantise.run(simd);
        scale
    }

    #[inline(always)]
    unsafe fn add<S: Simd, const R: usize>(
        &self,
        simd: S,
        values: usize,
        probs: Probs,
        sums: &mut [S::F32x16; R],
    ) {
        let mut exact = [simd.zero_i32(); R];
        // SAFETY: the caller's panel and probabilities have a value for each row of the block.
        unsafe {
            let values = self.values.values.as_ptr().add(values);
            let prob = self.probs.as_ptr().add(probs.index);
            let pairs = CACHE_BLOCK_ROWS / 2;
            add_products::<S, T, R>(simd, &mut exact, values, prob, probs.stride, pairs);
        }
        for (sum, exact) in sums.iter_mut().zip(exact) {
            *sum = simd.add(*sum, simd.to_f32(exact));
        }
    }
}

/// [`pair_products`], as a function of its own where compilers run out of registers in large ones.
///
/// # Safety
///
/// The panel and every row have that many pairs.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn add_products<S: Simd, T: WidenToI16, const R: usize>(
    simd: S,
    sums: &mut [S::I32x16; R],
    panel: *const T,
    x: *const i16,
    stride: usize,
    pairs: usize,
) {
    // SAFETY: the caller's panel has every pair that is asked for.
    unsafe {
        let weight = |pair: usize| T::load(simd, panel.wrapping_add(pair * 2 * PANEL));
        pair_products::<S, R>(simd, sums, weight, x, stride, pairs);
    }
}
