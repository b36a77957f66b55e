//! The products of an attention: one implementation for each format of caches.

use std::array::from_fn;

use weights::PANEL;

use crate::cache::{CACHE_BLOCK_ROWS, HeadShape};
use crate::simd::Simd;

/// One head of some blocks of the cache, and some rows' queries that look at it.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) heads: HeadShape,
    /// The head of the first block, counted through all blocks.
    pub(super) block: usize,
    /// Blocks; for scores [`MEM_STREAMS`](crate::memory::MEM_STREAMS) at most.
    pub(super) blocks: usize,
    /// The first of the rows.
    pub(super) row: usize,
    /// The head of each row.
    pub(super) query_head: usize,
}

/// Where a head of a block is.
#[derive(Clone, Copy)]
pub(super) struct BlockStart {
    /// Its first number.
    pub(super) values: usize,
    /// Its first row's scale.
    pub(super) scales: usize,
}

impl Tile {
    /// Where each block's head is.
    #[inline(always)]
    pub(super) fn starts(self) -> impl Iterator<Item = BlockStart> {
        let head = move |i| self.block + i * self.heads.num_kv_heads;
        (0..self.blocks).map(move |i| BlockStart {
            values: head(i) * self.heads.block_len(),
            scales: head(i) * CACHE_BLOCK_ROWS,
        })
    }
}

/// Probabilities of some rows.
#[derive(Clone, Copy)]
pub(super) struct Probs {
    /// The scores they were made of.
    pub(super) scores: *const f32,
    /// Index of the first probability.
    pub(super) index: usize,
    /// Probabilities from the start of one row to the start of the next.
    pub(super) stride: usize,
}

/// Products of an attention, for one format of caches.
pub(super) trait CacheArithmetic {
    /// Stores the scores of a tile's rows, which are `stride` apart.
    ///
    /// # Safety
    ///
    /// The caches have the tile's blocks, and there are as many queries and scores.
    unsafe fn score<S: Simd, const R: usize>(
        &self,
        simd: S,
        tile: Tile,
        to: *mut f32,
        stride: usize,
    );

    /// Quantises one row's softmax numerators, which are not negative, as the probabilities from
    /// the `index`-th on. Returns the factor for the sums of values.
    ///
    /// # Safety
    ///
    /// The caches have the tile's blocks, to which the scores belong.
    unsafe fn quantise_probs<S: Simd>(
        &mut self,
        simd: S,
        tile: Tile,
        scores: &mut [f32],
        index: usize,
    ) -> f32;

    /// Adds a block's 16 rows of values, each times its probability, to `sums`: those of a panel
    /// of channels, which begins at `values`.
    ///
    /// # Safety
    ///
    /// The caches have this panel, and `R` rows of probabilities for the block.
    unsafe fn add<S: Simd, const R: usize>(
        &self,
        simd: S,
        values: usize,
        probs: Probs,
        sums: &mut [S::F32x16; R],
    );

    /// Adds values, each times its probability, to the sums of a tile's rows, which are `stride`
    /// apart.
    ///
    /// # Safety
    ///
    /// The caches have the tile's blocks, and there are as many probabilities and sums.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn sum<S: Simd, const R: usize>(
        &self,
        simd: S,
        tile: Tile,
        probs: Probs,
        sums: *mut f32,
        stride: usize,
    ) {
        for panel in 0..tile.heads.padded_dim() / PANEL {
            // SAFETY: a head has this panel, and the caller's rows have its sums.
            unsafe {
                let sums = sums.add(panel * PANEL);
                let mut sum: [S::F32x16; R] = from_fn(|r| simd.load_f32(sums.add(r * stride)));
                for (block, start) in tile.starts().enumerate() {
                    let probs = Probs {
                        index: probs.index + block * CACHE_BLOCK_ROWS,
                        ..probs
                    };
                    let values = start.values + panel * CACHE_BLOCK_ROWS * PANEL;
                    self.add::<S, R>(simd, values, probs, &mut sum);
                }
                for (r, sum) in sum.into_iter().enumerate() {
                    simd.store_f32(sum, sums.add(r * stride));
                }
            }
        }
    }
}
