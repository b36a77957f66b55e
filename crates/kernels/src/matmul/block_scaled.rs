//! Products with weights in which every [`QUANT_BLOCK`] inputs have a scale of their own. Their
//! activations are rounded in the same blocks. Sums of a block are exact integers. What they are
//! with their scales is rounded before it is added, in the order of blocks, because not every
//! processor does both at once: so all get the same result, whatever the number of rows.
//!
//! Quants are weights as they are stored: integers without a sign, which an offset was added to.

use std::array::from_fn;
use std::cell::Cell;
use std::marker::PhantomData;

use weights::{PANEL, power_of_two};

use super::tiles::{InterleavedPanels, RowTile, run_tiles_or_interleaved};
use super::{Product, Weight};
use crate::block_quantised_rows::BlockQuantisedRows;
use crate::isa::CpuKernels;
use crate::memory::{CACHE_LINE, Streams};
use crate::packed_rows::PackedBlocks;
use crate::simd::{PanelBytes4, Simd, SimdOp, not_unrolled};
use crate::size::size;
use crate::{QUANT_BLOCK, Rows, Scratch};

/// Inputs that are packed together, and multiplied at a time.
pub(super) const PACKED_INPUTS: usize = 16;
/// Blocks of a panel that are read before the next panel's.
const INTERLEAVE_BLOCKS: usize = 4;

/// How a format packs quants.
pub(super) trait PackedQuants {
    /// What is added to a rounded weight, so that its quant has no sign.
    const OFFSET: i32;
    /// Bytes of [`PACKED_INPUTS`] inputs of a panel.
    const PACKED_BYTES: usize;
    /// Fours of inputs whose products, in two sums for each four, fit into 16 bits. A block has a
    /// multiple of it.
    const SHORT_FOURS: usize;

    /// Adds the products of the packed inputs and their activations.
    ///
    /// # Safety
    ///
    /// `a` has [`PACKED_INPUTS`] activations, and `packed` [`Self::PACKED_BYTES`] bytes.
    unsafe fn dot<S: Simd>(simd: S, acc: S::I32x16, a: *const i8, packed: *const u8) -> S::I32x16;

    /// The quants of the packed inputs at `from`.
    ///
    /// # Safety
    ///
    /// `from` has [`Self::PACKED_BYTES`] bytes.
    unsafe fn unpack(from: *const u8) -> [PanelBytes4; PACKED_INPUTS / 4];
}

/// A product with quants of type `Q`, and rows of as many blocks as it needs.
struct BlockScaledProduct<'a, Q> {
    product: Product<'a>,
    rows: &'a BlockQuantisedRows,
    /// The rows in the order of tiles.
    packed: &'a PackedBlocks,
    /// Buffer for a panel's quants: unpacked once for several rows.
    unpacked: &'a [Cell<PanelBytes4>],
    quants: PhantomData<Q>,
}

/// Where the next block of a panel is.
#[derive(Clone, Copy)]
struct BlockCursor {
    values: *const u8,
    scales: *const i8,
}

/// Computes `product`, whose rows are `x`, with quants of type `Q`.
pub(super) fn multiply<Q: PackedQuants>(
    kernels: CpuKernels,
    product: Product<'_>,
    x: Rows<'_>,
    scratch: &mut Scratch,
) {
    let inputs = product.weight.matrix.inputs;
    scratch.block_quantised_rows.quantise(kernels, x, inputs);
    multiply_quantised::<Q>(kernels, product, scratch);
    if !product.weight.two_term_activations {
        return;
    }
    let mut errors = std::mem::take(&mut scratch.rounding_errors);
    (scratch.block_quantised_rows).rounding_errors(x, inputs, &mut errors);
    let rows = Rows::new(&errors, inputs);
    (scratch.block_quantised_rows).quantise(kernels, rows, inputs);
    scratch.rounding_errors = errors;
    let mut second = std::mem::take(&mut scratch.second_products);
    second.resize(size([x.count, product.weight.matrix.outputs]), 0.0);
    let second_product = Product {
        weight: Weight {
            bias: None,
            ..product.weight
        },
        out: Cell::from_mut(&mut second[..]).as_slice_of_cells(),
        ..product
    };
    multiply_quantised::<Q>(kernels, second_product, scratch);
    for (out, second) in product.out.iter().zip(&second) {
        out.set(out.get() + second);
    }
    scratch.second_products = second;
}

/// The product with the rows that were quantised in `scratch`, of which there are as many as
/// `product` has.
fn multiply_quantised<Q: PackedQuants>(
    kernels: CpuKernels,
    product: Product<'_>,
    scratch: &mut Scratch,
) {
    let rows = &scratch.block_quantised_rows;
    // One row is read as it is, and panels are unpacked for tiles only.
    if product.rows != 1 {
        // Never shrunk: a later product would have to fill it with zeros again.
        let fours = product.padded_inputs / 4;
        if scratch.unpacked_panel.len() < fours {
            scratch.unpacked_panel.resize(fours, [0; 4 * PANEL]);
        }
        let blocks = product.padded_inputs / QUANT_BLOCK;
        (scratch.packed_blocks).pack(kernels, rows, blocks, Q::OFFSET);
    }
    kernels.run_on_bytes(BlockScaledProduct::<Q> {
        product,
        rows,
        packed: &scratch.packed_blocks,
        unpacked: Cell::from_mut(&mut scratch.unpacked_panel[..]).as_slice_of_cells(),
        quants: PhantomData,
    });
}

impl<Q: PackedQuants> SimdOp for BlockScaledProduct<'_, Q> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        run_tiles_or_interleaved(simd, &self);
    }
}

impl<Q: PackedQuants> BlockScaledProduct<'_, Q> {
    /// Bytes of a block of a panel.
    const BLOCK_BYTES: usize = QUANT_BLOCK / PACKED_INPUTS * Q::PACKED_BYTES;

    /// Blocks of inputs.
    #[inline(always)]
    fn blocks(&self) -> usize {
        self.product.padded_inputs / QUANT_BLOCK
    }

    /// The first block of a panel.
    #[inline(always)]
    fn first_block(&self, panel: usize) -> BlockCursor {
        let scales = self.product.panel_scales(panel).cast::<i8>();
        BlockCursor {
            values: self.product.panel(panel),
            // Exponents come before the blocks' scales.
            scales: scales.wrapping_add(PANEL),
        }
    }

    /// Adds the products of `BLOCKS` blocks, from `block` on, to the sums of several panels, and
    /// moves their cursors on.
    ///
    /// # Safety
    ///
    /// The cursors point at these blocks, and the one row has them.
    #[inline(always)]
    unsafe fn interleave<S: Simd, const BLOCKS: usize>(
        &self,
        simd: S,
        block: usize,
        cursors: &mut [BlockCursor],
        sums: &mut [S::F32x16],
    ) {
        // These blocks have more instructions than a processor looks ahead. Where prefetching is a
        // load, it lets slow memory, which four panels at a time are for, work on all of them at
        // once; faster memory is kept waiting by it. Otherwise it is of what is read later.
        let is_useful = !S::PREFETCH_WAITS || matches!(self.product.order.streams, Streams::Four);
        let ahead = if S::PREFETCH_WAITS {
            0
        } else {
            self.product.order.distance
        };
        let prefetched = if is_useful { &*cursors } else { &[] };
        for cursor in prefetched {
            for line in (0..BLOCKS * Self::BLOCK_BYTES).step_by(CACHE_LINE) {
                // SAFETY: where prefetching waits, these are bytes of the blocks; otherwise it
                // reads no memory.
                unsafe { simd.prefetch(cursor.values.wrapping_add(ahead + line)) };
            }
        }
        for (cursor, sums) in cursors.iter_mut().zip(sums) {
            // SAFETY: the caller's row and panels have these blocks.
            unsafe {
                let row = OneRow {
                    x: self.rows.values.as_ptr().add(block * QUANT_BLOCK),
                    scales: self.rows.scales.as_ptr().add(block),
                    sums: self.rows.sums.as_ptr().add(block),
                };
                add_to_row::<S, Q>(simd, *cursor, row, BLOCKS, sums);
            }
            cursor.values = cursor.values.wrapping_add(BLOCKS * Self::BLOCK_BYTES);
            cursor.scales = cursor.scales.wrapping_add(BLOCKS * PANEL);
        }
    }

    /// Writes the sums of a panel for `row`.
    ///
    /// # Safety
    ///
    /// The product has that row and that panel.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, simd: S, row: usize, panel: usize, sums: S::F32x16) {
        let exponents = self.product.panel_scales(panel);
        // SAFETY: the scales of the caller's panel begin with an exponent for each output.
        unsafe {
            let exponents = exponents.cast::<[i8; PANEL]>().read();
            let powers = simd.load_f32(exponents.map(power_of_two).as_ptr());
            self.product.store(simd, row, panel, simd.mul(sums, powers));
        }
    }
}

impl<Q: PackedQuants> RowTile for BlockScaledProduct<'_, Q> {
    const HAS_BLOCKS: bool = true;

    #[inline(always)]
    fn product(&self) -> &Product<'_> {
        &self.product
    }

    #[inline(always)]
    unsafe fn start_panel<S: Simd>(&self, _: S, panel: usize) {
        let mut values = self.first_block(panel).values;
        for i in 0..self.blocks() * QUANT_BLOCK / PACKED_INPUTS {
            // SAFETY: the caller's panel has these inputs, and there is room for a whole panel.
            unsafe {
                let quants = self.unpacked.as_ptr().add(i * PACKED_INPUTS / 4);
                let quants = quants.cast::<[PanelBytes4; PACKED_INPUTS / 4]>().cast_mut();
                quants.write(Q::unpack(values));
            }
            values = values.wrapping_add(Q::PACKED_BYTES);
        }
    }

    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize>(&self, simd: S, panel: usize, row: usize) {
        let blocks = self.blocks();
        let mut sums = [simd.zero(); R];
        // SAFETY: the caller's panel and rows are the product's, and the panel was unpacked when
        // it was started.
        unsafe {
            let first = row * blocks;
            let rows = RowBlocks {
                x: (self.packed.values.as_ptr()).add(first * QUANT_BLOCK / 4),
                scales: self.packed.scales.as_ptr().add(first),
                starts: self.packed.starts.as_ptr().add(first),
                blocks,
            };
            let unpacked = UnpackedPanel {
                quants: self.unpacked.as_ptr().cast(),
                scales: self.first_block(panel).scales,
                short_fours: Q::SHORT_FOURS,
            };
            add_blocks::<S, R>(simd, unpacked, rows, &mut sums);
            for (i, sums) in sums.into_iter().enumerate() {
                self.store(simd, row + i, panel, sums);
            }
        }
    }
}

impl<Q: PackedQuants> InterleavedPanels for BlockScaledProduct<'_, Q> {
    const SHARES_CODE: bool = cfg!(target_arch = "wasm32");

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn interleaved<S: Simd, const N: usize>(
        &self,
        simd: S,
        panels: [usize; N],
        count: usize,
    ) {
        let mut all_sums = [simd.zero(); N];
        let mut all_cursors = panels.map(|panel| self.first_block(panel));
        let (sums, cursors) = (&mut all_sums[..count], &mut all_cursors[..count]);
        let rest = self.blocks() % INTERLEAVE_BLOCKS;
        // SAFETY: the caller's panels and row have all blocks, which come one after the other.
        unsafe {
            for block in (0..self.blocks() - rest).step_by(INTERLEAVE_BLOCKS) {
                self.interleave::<S, INTERLEAVE_BLOCKS>(simd, block, cursors, sums);
            }
            for block in self.blocks() - rest..self.blocks() {
                self.interleave::<S, 1>(simd, block, cursors, sums);
            }
            for (panel, sums) in panels.into_iter().zip(all_sums).take(count) {
                self.store(simd, 0, panel, sums);
            }
        }
    }
}

/// Blocks of the one row of a product.
#[derive(Clone, Copy)]
struct OneRow {
    x: *const i8,
    scales: *const f32,
    /// The sum of each block's activations.
    sums: *const i32,
}

/// A panel whose quants are bytes.
#[derive(Clone, Copy)]
struct UnpackedPanel {
    quants: *const PanelBytes4,
    /// One for each block and output.
    scales: *const i8,
    /// [`PackedQuants::SHORT_FOURS`]
    short_fours: usize,
}

/// Packed blocks of some rows, see [`PackedBlocks`].
#[derive(Clone, Copy)]
struct RowBlocks {
    x: *const [i8; 4],
    scales: *const f32,
    starts: *const i32,
    /// Blocks of a row.
    blocks: usize,
}

/// Adds the products of one row with some blocks. The sums are written at the end only: a compiler
/// that cannot tell them from weights loads all of a block's weights before it writes, and runs out
/// of registers.
///
/// # Safety
///
/// Row and panel have the blocks.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn add_to_row<S: Simd, Q: PackedQuants>(
    simd: S,
    panel: BlockCursor,
    row: OneRow,
    blocks: usize,
    sums: &mut S::F32x16,
) {
    let mut total = *sums;
    let parts = not_unrolled(QUANT_BLOCK / PACKED_INPUTS);
    // SAFETY: the packed inputs lie inside of the caller's blocks.
    unsafe {
        for block in 0..blocks {
            // Quants have an offset, which cancels.
            let mut exact = simd.splat_i32(-Q::OFFSET * *row.sums.add(block));
            for i in 0..parts {
                let i = block * (QUANT_BLOCK / PACKED_INPUTS) + i;
                let (x, quants) = (
                    row.x.add(i * PACKED_INPUTS),
                    panel.values.add(i * Q::PACKED_BYTES),
                );
                exact = Q::dot(simd, exact, x, quants);
            }
            let scales = simd.load_i8(panel.scales.add(block * PANEL));
            let scales = simd.scale(scales, simd.splat(*row.scales.add(block)));
            total = simd.add(total, simd.mul(simd.to_f32(exact), scales));
        }
    }
    *sums = total;
}

/// Adds the products of `R` packed rows with all blocks of an unpacked panel.
///
/// # Safety
///
/// Rows and panel have the blocks.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn add_blocks<S: Simd, const R: usize>(
    simd: S,
    panel: UnpackedPanel,
    rows: RowBlocks,
    sums: &mut [S::F32x16; R],
) {
    for block in 0..rows.blocks {
        let first = block * QUANT_BLOCK / 4;
        // SAFETY: the block is one of the caller's.
        unsafe {
            let start = |r| simd.splat_i32(*rows.starts.add(block * R + r));
            let mut exact: [S::I32x16; R] = from_fn(start);
            let (x, quants) = (rows.x.add(first * R), panel.quants.add(first));
            simd.dot_block(&mut exact, x, quants, panel.short_fours);
            let scales = simd.load_i8(panel.scales.add(block * PANEL));
            for (r, (sums, exact)) in sums.iter_mut().zip(exact).enumerate() {
                let scales = simd.scale(scales, simd.splat(*rows.scales.add(block * R + r)));
                *sums = simd.add(*sums, simd.mul(simd.to_f32(exact), scales));
            }
        }
    }
}
