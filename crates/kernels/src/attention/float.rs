//! Attention over cached f32 numbers.

use weights::PANEL;

use super::arithmetic::{CacheArithmetic, Probs, Tile};
use crate::Rows;
use crate::cache::{CACHE_BLOCK_ROWS, CacheBlocks};
use crate::simd::Simd;

/// Queries and caches of f32 numbers.
pub(super) struct F32Attention<'a> {
    q: Rows<'a>,
    keys: &'a [f32],
    values: &'a [f32],
}

impl<'a> F32Attention<'a> {
    /// Takes queries and caches as they are.
    pub(super) fn new(q: Rows<'a>, [keys, values]: [&'a CacheBlocks<f32>; 2]) -> Self {
        Self {
            q,
            keys: &keys.values,
            values: &values.values,
        }
    }
}

impl CacheArithmetic for F32Attention<'_> {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn score<S: Simd, const R: usize>(
        &self,
        simd: S,
        tile: Tile,
        to: *mut f32,
        stride: usize,
    ) {
        // SAFETY: the caller's tile lies inside of the queries, the keys and the scores.
        unsafe {
            let first = tile.row * self.q.stride + tile.query_head * tile.heads.head_dim;
            let q = self.q.values.as_ptr().add(first);
            for (block, start) in tile.starts().enumerate() {
                let keys = self.keys.as_ptr().add(start.values);
                let mut scores = [simd.zero(); R];
                for channel in 0..tile.heads.head_dim {
                    let key = simd.load_f32(keys.add(channel * PANEL));
                    for (r, score) in scores.iter_mut().enumerate() {
                        let q = simd.splat(*q.add(r * self.q.stride + channel));
                        *score = simd.mul_add(*score, q, key);
                    }
                }
                for (r, score) in scores.into_iter().enumerate() {
                    simd.store_f32(score, to.add(r * stride + block * CACHE_BLOCK_ROWS));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn quantise_probs<S: Simd>(&mut self, _: S, _: Tile, _: &mut [f32], _: usize) -> f32 {
        1.0
    }

    #[inline(always)]
    unsafe fn add<S: Simd, const R: usize>(
        &self,
        simd: S,
        values: usize,
        probs: Probs,
        sums: &mut [S::F32x16; R],
    ) {
        // SAFETY: the caller's panel and probabilities have a value for each row of the block.
        unsafe {
            let values = self.values.as_ptr().add(values);
            let prob = probs.scores.add(probs.index);
            for row in 0..CACHE_BLOCK_ROWS {
                let value = simd.load_f32(values.add(row * PANEL));
                for (r, sum) in sums.iter_mut().enumerate() {
                    let prob = simd.splat(*prob.add(r * probs.stride + row));
                    *sum = simd.mul_add(*sum, prob, value);
                }
            }
        }
    }
}
