//! How the numbers of a cache are stored.

use weights::PANEL;

use super::{CACHE_BLOCK_ROWS, HeadShape, KvRole};
use crate::isa::CpuKernels;
use crate::quantised_rows::QuantInt;
use crate::size::size;

/// How cached rows are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheFormat {
    /// As f32 numbers.
    F32,
    /// As integers of 14 bits, with a scale for every row and head: half the memory.
    I16,
    /// As integers of 8 bits, with such scales: a quarter of it.
    I8,
}

/// The blocks of a cache.
#[derive(Clone, Debug)]
pub(crate) enum CacheStorage {
    F32(CacheBlocks<f32>),
    I16(CacheBlocks<i16>),
    I8(CacheBlocks<i8>),
}

impl CacheStorage {
    pub(crate) fn new(format: CacheFormat) -> Self {
        match format {
            CacheFormat::F32 => Self::F32(CacheBlocks::default()),
            CacheFormat::I16 => Self::I16(CacheBlocks::default()),
            CacheFormat::I8 => Self::I8(CacheBlocks::default()),
        }
    }

    pub(super) fn blocks(&self) -> &dyn BlockStore {
        match self {
            Self::F32(blocks) => blocks,
            Self::I16(blocks) => blocks,
            Self::I8(blocks) => blocks,
        }
    }

    pub(super) fn blocks_mut(&mut self) -> &mut dyn BlockStore {
        match self {
            Self::F32(blocks) => blocks,
            Self::I16(blocks) => blocks,
            Self::I8(blocks) => blocks,
        }
    }
}

/// Blocks of one format: `[blocks][num_kv_heads]`, each head packed as the panels of a weight.
#[derive(Clone, Debug, Default)]
pub(crate) struct CacheBlocks<T> {
    pub(crate) values: Vec<T>,
    /// `[blocks][num_kv_heads][16]`; unused with f32.
    pub(crate) scales: Vec<f32>,
    /// Room for one head of a row.
    row: Vec<T>,
}

/// What a cache does with its blocks. Heads are counted through all blocks.
pub(super) trait BlockStore {
    /// Removes heads at the end, or adds zeros, until there are `count`.
    fn resize(&mut self, heads: HeadShape, count: usize);

    /// Removes `count` heads at the front.
    fn evict(&mut self, heads: HeadShape, count: usize);

    /// Stores `x`.
    fn put(&mut self, kernels: CpuKernels, slot: RowSlot, x: &[f32]);

    /// Appends the numbers of a slot to `rows`.
    fn get(&self, slot: RowSlot, rows: &mut Vec<f32>);

    /// Products of `q` with the keys of all rows of the slot's head.
    fn products(&self, slot: RowSlot, q: &[f32]) -> [f32; CACHE_BLOCK_ROWS];
}

/// Where one head of a row is.
#[derive(Clone, Copy)]
pub(super) struct RowSlot {
    pub(super) heads: HeadShape,
    pub(super) role: KvRole,
    /// The head, counted through all blocks.
    pub(super) head: usize,
    /// The row in its block.
    pub(super) row: usize,
}

impl RowSlot {
    /// Index of channel `c`, where `interleave` inputs of a product are neighbours: a head's keys
    /// are `[channels][rows]`, its values `[panels of channels][rows][channels]`.
    fn index(self, interleave: usize, c: usize) -> usize {
        let (panel, input, output) = match self.role {
            KvRole::Keys => (0, c, self.row),
            KvRole::Values => (c / PANEL, self.row, c % PANEL),
        };
        let in_head = panel * CACHE_BLOCK_ROWS * PANEL
            + (input / interleave * PANEL + output) * interleave
            + input % interleave;
        self.head * self.heads.block_len() + in_head
    }

    /// Index of its scale.
    fn scale_index(self) -> usize {
        self.head * CACHE_BLOCK_ROWS + self.row
    }
}

/// A number of a cache.
pub(crate) trait CacheElement: Copy + Default {
    /// Inputs of a product that are neighbours.
    const INTERLEAVE: usize;

    /// Rounds `x`. Returns the scale.
    fn round(kernels: CpuKernels, x: &[f32], out: &mut [Self]) -> f32;

    /// The number, without the scale.
    fn to_f32(self) -> f32;
}

impl CacheElement for f32 {
    const INTERLEAVE: usize = 1;

    fn round(_: CpuKernels, x: &[f32], out: &mut [Self]) -> f32 {
        out.copy_from_slice(x);
        1.0
    }

    fn to_f32(self) -> f32 {
        self
    }
}

impl<T: QuantInt> CacheElement for T {
    const INTERLEAVE: usize = 2;

    fn round(kernels: CpuKernels, x: &[f32], out: &mut [Self]) -> f32 {
        kernels.quantise_to(T::MAX, x, out)
    }

    fn to_f32(self) -> f32 {
        self.into()
    }
}

impl<T: CacheElement> BlockStore for CacheBlocks<T> {
    fn resize(&mut self, heads: HeadShape, count: usize) {
        self.values
            .resize(size([count, heads.block_len()]), T::default());
        self.scales.resize(size([count, CACHE_BLOCK_ROWS]), 0.0);
    }

    fn evict(&mut self, heads: HeadShape, count: usize) {
        self.values.drain(..count * heads.block_len());
        self.scales.drain(..count * CACHE_BLOCK_ROWS);
    }

    fn put(&mut self, kernels: CpuKernels, slot: RowSlot, x: &[f32]) {
        self.row.resize(x.len(), T::default());
        self.scales[slot.scale_index()] = T::round(kernels, x, &mut self.row);
        let out = &mut self.values[slot.index(T::INTERLEAVE, 0)..];
        match slot.role {
            KvRole::Keys => {
                let out = out.chunks_mut(PANEL * T::INTERLEAVE);
                for (row, out) in self.row.chunks(T::INTERLEAVE).zip(out) {
                    out[..row.len()].copy_from_slice(row);
                }
            }
            KvRole::Values => {
                let out = out.chunks_mut(CACHE_BLOCK_ROWS * PANEL);
                for (row, out) in self.row.chunks(PANEL).zip(out) {
                    for (number, out) in row.iter().zip(out.iter_mut().step_by(T::INTERLEAVE)) {
                        *out = *number;
                    }
                }
            }
        }
    }

    fn get(&self, slot: RowSlot, rows: &mut Vec<f32>) {
        let scale = self.scales[slot.scale_index()];
        let number = |c| self.values[slot.index(T::INTERLEAVE, c)].to_f32() * scale;
        rows.extend((0..slot.heads.head_dim).map(number));
    }

    fn products(&self, slot: RowSlot, q: &[f32]) -> [f32; CACHE_BLOCK_ROWS] {
        let mut sums = [0.0; CACHE_BLOCK_ROWS];
        let channels = q.chunks(T::INTERLEAVE);
        let keys =
            self.values[slot.head * slot.heads.block_len()..].chunks_exact(PANEL * T::INTERLEAVE);
        for (q, keys) in channels.zip(keys) {
            for (sum, keys) in sums.iter_mut().zip(keys.chunks_exact(T::INTERLEAVE)) {
                for (q, key) in q.iter().zip(keys) {
                    *sum += q * key.to_f32();
                }
            }
        }
        for (sum, scale) in sums
            .iter_mut()
            .zip(&self.scales[slot.head * CACHE_BLOCK_ROWS..])
        {
            *sum *= scale;
        }
        sums
    }
}
