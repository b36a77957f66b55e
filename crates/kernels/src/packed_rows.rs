//! Rows of a product in the order in which its tiles read them: what several rows have of the same
//! inputs lies together. So a tile reads one stream of memory, whatever its rows are apart.

use crate::QUANT_BLOCK;
use crate::block_quantised_rows::BlockQuantisedRows;
use crate::isa::CpuKernels;
use crate::matmul::even_tiles;
use crate::simd::{Simd, SimdOp};
use crate::size::size;

/// Rows in blocks, for the tiles of an instruction set. A tile of `R` rows has
/// `[blocks, QUANT_BLOCK / 4, R, 4]` values, and `[blocks, R]` scales and starts.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackedBlocks {
    pub(crate) values: Vec<[i8; 4]>,
    pub(crate) scales: Vec<f32>,
    /// What sums begin with, so that the offset of quants cancels.
    pub(crate) starts: Vec<i32>,
}

impl PackedBlocks {
    /// Replaces these by `rows`, each of `blocks` blocks, for quants with `offset`.
    pub(crate) fn pack(
        &mut self,
        kernels: CpuKernels,
        rows: &BlockQuantisedRows,
        blocks: usize,
        offset: i32,
    ) {
        self.values.resize(rows.values.len() / 4, [0; 4]);
        self.scales.resize(rows.scales.len(), 0.0);
        self.starts.resize(rows.sums.len(), 0);
        kernels.run(PackBlocks {
            rows,
            blocks,
            offset,
            out: self,
        });
    }
}

struct PackBlocks<'a> {
    rows: &'a BlockQuantisedRows,
    /// Blocks of a row.
    blocks: usize,
    offset: i32,
    /// The result, whose size is right already.
    out: &'a mut PackedBlocks,
}

impl SimdOp for PackBlocks<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self {
            rows,
            blocks,
            offset,
            out,
        } = self;
        let source = rows.values.as_chunks::<4>().0;
        for [row, size] in even_tiles(rows.scales.len() / blocks.max(1), S::BLOCK_ROWS) {
            let parts = row * blocks..(row + size) * blocks;
            let fours = parts.start * QUANT_BLOCK / 4..parts.end * QUANT_BLOCK / 4;
            interleave(&source[fours.clone()], size, &mut out.values[fours]);
            interleave(
                &rows.scales[parts.clone()],
                size,
                &mut out.scales[parts.clone()],
            );
            interleave(
                &rows.sums[parts.clone()],
                size,
                &mut out.starts[parts.clone()],
            );
            for start in &mut out.starts[parts] {
                *start *= -offset;
            }
        }
    }
}

/// Integers of rows for the tiles of an instruction set, in groups of four: `[inputs / 4, R, 4]` of
/// a tile of `R` rows.
pub(crate) struct PackRows<'a> {
    /// The rows, `stride` apart.
    pub(crate) x: &'a [i16],
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    /// A multiple of four.
    pub(crate) inputs: usize,
    pub(crate) out: &'a mut Vec<i16>,
}

impl SimdOp for PackRows<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.out.resize(size([self.rows, self.inputs]), 0);
        for [row, size] in even_tiles(self.rows, S::ROWS) {
            let tile = &mut self.out[row * self.inputs..(row + size) * self.inputs];
            let tile = tile.as_chunks_mut::<4>().0;
            for i in 0..size {
                let row = &self.x[(row + i) * self.stride..][..self.inputs];
                spread(row.as_chunks::<4>().0, size, i, tile);
            }
        }
    }
}

/// Writes `count` rows, which lie one after the other in `rows`, interleaved.
#[inline(always)]
fn interleave<T: Copy>(rows: &[T], count: usize, out: &mut [T]) {
    for (i, row) in rows.chunks_exact((rows.len() / count).max(1)).enumerate() {
        spread(row, count, i, out);
    }
}

/// Writes a row as number `at` of `count` that are interleaved.
#[inline(always)]
fn spread<T: Copy>(row: &[T], count: usize, at: usize, out: &mut [T]) {
    for (together, value) in out.chunks_exact_mut(count).zip(row) {
        together[at] = *value;
    }
}
