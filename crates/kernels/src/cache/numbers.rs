//! The numbers of a cache.

use weights::PANEL;

use super::{BLOCK, Heads, Side};
use crate::activations::Integer;
use crate::isa::Kernels;
use crate::size::size;

/// How cached rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheFormat {
    /// As they come.
    F32,
    /// As integers of 14 bits, with a scale for every row and head: half the memory.
    I16,
    /// As integers of 8 bits, with such scales: a quarter of it.
    I8,
}

/// Blocks of numbers.
#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    F32(Blocks<f32>),
    I16(Blocks<i16>),
    I8(Blocks<i8>),
}

impl Numbers {
    pub(crate) fn new(format: CacheFormat) -> Self {
        match format {
            CacheFormat::F32 => Self::F32(Blocks::default()),
            CacheFormat::I16 => Self::I16(Blocks::default()),
            CacheFormat::I8 => Self::I8(Blocks::default()),
        }
    }

    pub(super) fn store(&self) -> &dyn Store {
        match self {
            Self::F32(blocks) => blocks,
            Self::I16(blocks) => blocks,
            Self::I8(blocks) => blocks,
        }
    }

    pub(super) fn store_mut(&mut self) -> &mut dyn Store {
        match self {
            Self::F32(blocks) => blocks,
            Self::I16(blocks) => blocks,
            Self::I8(blocks) => blocks,
        }
    }
}

/// Numbers of one format: `[blocks][keys]`, each head as the panels of a weight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks<T> {
    pub(crate) values: Vec<T>,
    /// `[blocks][keys][16]`; of no use beside f32.
    pub(crate) scales: Vec<f32>,
    /// Room for a head of a row.
    row: Vec<T>,
}

/// What a cache does with its numbers. Heads are counted through all blocks.
pub(super) trait Store {
    /// Takes heads away at the end, or puts zeros there, until there are so many.
    fn resize(&mut self, heads: Heads, count: usize);

    /// Takes heads away at the front.
    fn forget(&mut self, heads: Heads, count: usize);

    /// Keeps `x` as row `row` of a head.
    fn put(&mut self, kernels: Kernels, at: Place, x: &[f32]);

    /// Adds row `row` of a head to `rows`.
    fn get(&self, at: Place, rows: &mut Vec<f32>);

    /// Products of `q` with all rows of a head's keys.
    fn products(&self, at: Place, q: &[f32]) -> [f32; BLOCK];
}

/// A row of a head.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) heads: Heads,
    pub(super) side: Side,
    pub(super) head: usize,
    pub(super) row: usize,
}

impl Place {
    /// Where channel `c` is, `together` inputs of a product side by side: in a head, keys lie as
    /// `[channels][rows]`, values as `[panels of channels][rows][channels]`.
    fn of(self, together: usize, c: usize) -> usize {
        let (panel, input, output) = match self.side {
            Side::Keys => (0, c, self.row),
            Side::Values => (c / PANEL, self.row, c % PANEL),
        };
        let of_head = panel * BLOCK * PANEL
            + (input / together * PANEL + output) * together
            + input % together;
        self.head * self.heads.block() + of_head
    }

    /// Where its scale is.
    fn scale(self) -> usize {
        self.head * BLOCK + self.row
    }
}

/// A format of numbers.
pub(crate) trait Number: Copy + Default {
    /// Inputs of a product that lie side by side.
    const TOGETHER: usize;

    /// Makes numbers and a scale of `x`.
    fn round(kernels: Kernels, x: &[f32], out: &mut [Self]) -> f32;

    /// The number, without the scale.
    fn to_f32(self) -> f32;
}

impl Number for f32 {
    const TOGETHER: usize = 1;

    fn round(_: Kernels, x: &[f32], out: &mut [Self]) -> f32 {
        out.copy_from_slice(x);
        1.0
    }

    fn to_f32(self) -> f32 {
        self
    }
}

impl<T: Integer> Number for T {
    const TOGETHER: usize = 2;

    fn round(kernels: Kernels, x: &[f32], out: &mut [Self]) -> f32 {
        kernels.quantise_to(T::MAX, x, out)
    }

    fn to_f32(self) -> f32 {
        self.into()
    }
}

impl<T: Number> Store for Blocks<T> {
    fn resize(&mut self, heads: Heads, count: usize) {
        self.values
            .resize(size([count, heads.block()]), T::default());
        self.scales.resize(size([count, BLOCK]), 0.0);
    }

    fn forget(&mut self, heads: Heads, count: usize) {
        self.values.drain(..count * heads.block());
        self.scales.drain(..count * BLOCK);
    }

    fn put(&mut self, kernels: Kernels, at: Place, x: &[f32]) {
        self.row.resize(x.len(), T::default());
        self.scales[at.scale()] = T::round(kernels, x, &mut self.row);
        let out = &mut self.values[at.of(T::TOGETHER, 0)..];
        match at.side {
            Side::Keys => {
                let out = out.chunks_mut(PANEL * T::TOGETHER);
                for (row, out) in self.row.chunks(T::TOGETHER).zip(out) {
                    out[..row.len()].copy_from_slice(row);
                }
            }
            Side::Values => {
                let out = out.chunks_mut(BLOCK * PANEL);
                for (row, out) in self.row.chunks(PANEL).zip(out) {
                    for (number, out) in row.iter().zip(out.iter_mut().step_by(T::TOGETHER)) {
                        *out = *number;
                    }
                }
            }
        }
    }

    fn get(&self, at: Place, rows: &mut Vec<f32>) {
        let scale = self.scales[at.scale()];
        let number = |c| self.values[at.of(T::TOGETHER, c)].to_f32() * scale;
        rows.extend((0..at.heads.width).map(number));
    }

    fn products(&self, at: Place, q: &[f32]) -> [f32; BLOCK] {
        let mut sums = [0.0; BLOCK];
        let channels = q.chunks(T::TOGETHER);
        let keys = self.values[at.head * at.heads.block()..].chunks_exact(PANEL * T::TOGETHER);
        for (q, keys) in channels.zip(keys) {
            for (sum, keys) in sums.iter_mut().zip(keys.chunks_exact(T::TOGETHER)) {
                for (q, key) in q.iter().zip(keys) {
                    *sum += q * key.to_f32();
                }
            }
        }
        for (sum, scale) in sums.iter_mut().zip(&self.scales[at.head * BLOCK..]) {
            *sum *= scale;
        }
        sums
    }
}
