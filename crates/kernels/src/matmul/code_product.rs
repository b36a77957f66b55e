//! Products with q6 and q4 weights, of which every [`BLOCK`] inputs have a scale of their own, as
//! activations beside them do. Sums of a block are exact integers.

use std::array::from_fn;
use std::hint::black_box;
use std::marker::PhantomData;

use weights::{PANEL, QUANT_BLOCK as BLOCK, power_of_two};

use super::codes::{Codes, Four, GROUP};
use super::{AHEAD, Block, LINE, Product, Rows, STREAMS, Turns, Weight, all_blocks, all_turns};
use crate::Scratch;
use crate::isa::{Kernel, Kernels};
use crate::simd::Simd;
use crate::size::size;

/// Blocks of a panel that are read before the next panel's.
const TURN: usize = 2;

/// A product with codes.
struct CodeProduct<'a, C> {
    product: Product<'a>,
    /// As [`crate::block_activations::BlockActivations`]'.
    x: *const i8,
    scales: *const f32,
    sums: *const i32,
    /// Room for a panel's codes: unpacked once for several rows.
    unpacked: *mut Four,
    codes: PhantomData<C>,
}

impl Kernels {
    /// A product with weights in codes.
    ///
    /// # Safety
    ///
    /// The rows are there.
    pub(super) unsafe fn code_matmul<C: Codes>(
        self,
        product: Product<'_>,
        x: Rows<'_>,
        scratch: &mut Scratch,
    ) {
        let Weight { matrix, .. } = product.weight;
        scratch.block_activations.quantise(self, x, matrix.inputs);
        // SAFETY: the caller's.
        unsafe { self.block_matmul::<C>(product, scratch) };
        if !product.weight.residual {
            return;
        }
        let mut residual = std::mem::take(&mut scratch.residual);
        (scratch.block_activations).residual(x, matrix.inputs, &mut residual);
        let rows = Rows::new(&residual, matrix.inputs);
        (scratch.block_activations).quantise(self, rows, matrix.inputs);
        scratch.residual = residual;
        let mut more = std::mem::take(&mut scratch.residual_products);
        more.resize(size([x.count, matrix.outputs]), 0.0);
        let product_of_rest = Product {
            weight: Weight {
                bias: None,
                ..product.weight
            },
            out: more.as_mut_ptr(),
            ..product
        };
        // SAFETY: the caller's; as much came out of both products.
        unsafe {
            self.block_matmul::<C>(product_of_rest, scratch);
            let out = std::slice::from_raw_parts_mut(product.out, more.len());
            for (out, more) in out.iter_mut().zip(&more) {
                *out += more;
            }
        }
        scratch.residual_products = more;
    }

    /// The product with the block activations in `scratch`.
    ///
    /// # Safety
    ///
    /// They are there.
    unsafe fn block_matmul<C: Codes>(self, product: Product<'_>, scratch: &mut Scratch) {
        // It never shrinks: what is taken away would be filled again by the next product.
        let fours = product.weight.matrix.padded_inputs() / 4;
        if scratch.codes.len() < fours {
            scratch.codes.resize(fours, [0; 4 * PANEL]);
        }
        // SAFETY: the caller's, and all rows are as wide as the weight says.
        unsafe {
            self.run_on_bytes(CodeProduct::<C> {
                product,
                x: scratch.block_activations.values.as_ptr(),
                scales: scratch.block_activations.scales.as_ptr(),
                sums: scratch.block_activations.sums.as_ptr(),
                unpacked: scratch.codes.as_mut_ptr(),
                codes: PhantomData,
            });
        }
    }
}

impl<C: Codes> Kernel for CodeProduct<'_, C> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: whoever made the product checked its shapes.
        unsafe {
            if self.product.rows == 1 {
                all_turns::<S>(&self, &self.product);
            } else {
                all_blocks::<S>(&self, &self.product);
            }
        }
    }
}

impl<C: Codes> CodeProduct<'_, C> {
    /// Bytes of a block of a panel.
    const BLOCK_BYTES: usize = BLOCK / GROUP * C::BYTES;

    /// Blocks of inputs.
    #[inline(always)]
    fn blocks(&self) -> usize {
        self.product.weight.matrix.padded_inputs() / BLOCK
    }

    /// The packed values of a panel, and the scales of its blocks.
    #[inline(always)]
    fn panel(&self, panel: usize) -> (*const u8, *const i8) {
        let weight = &self.product.weight;
        let scales = weight.panel_scales(panel).cast::<i8>();
        (weight.panel(panel), scales.wrapping_add(PANEL))
    }

    /// Adds the products of `BLOCKS` blocks, from `block` on, to the sums of several panels. What
    /// comes next of each is `at` its place.
    ///
    /// # Safety
    ///
    /// The blocks are there.
    #[inline(always)]
    unsafe fn turn<S: Simd, const BLOCKS: usize>(
        &self,
        block: usize,
        at: &mut [(*const u8, *const i8); STREAMS],
        sums: &mut [S::F; STREAMS],
    ) {
        // A turn has more instructions than a processor looks ahead: where asking is a load, it
        // lets memory work on all places at once, otherwise on those a page ahead.
        let ahead = if S::PREFETCH_WAITS { 0 } else { AHEAD };
        for (values, _) in &*at {
            for line in (0..BLOCKS * Self::BLOCK_BYTES).step_by(LINE) {
                // SAFETY: these are the turn's bytes; of what is behind them none need be there.
                unsafe { S::prefetch(values.wrapping_add(ahead + line)) };
            }
        }
        for ((values, scales), sums) in at.iter_mut().zip(sums) {
            for block in block..block + BLOCKS {
                // SAFETY: see above.
                unsafe {
                    let x = self.x.add(block * BLOCK);
                    let scale = *self.scales.add(block);
                    let begin = -C::OFFSET * *self.sums.add(block);
                    add_block::<S, C>(*values, *scales, x, scale, begin, sums);
                }
                *values = values.wrapping_add(Self::BLOCK_BYTES);
                *scales = scales.wrapping_add(PANEL);
            }
        }
    }

    /// Writes the sums of a panel for `row`.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, row: usize, panel: usize, sums: S::F) {
        let exponents = self.product.weight.panel_scales(panel);
        // SAFETY: the caller's.
        unsafe {
            let exponents = exponents.cast::<[i8; PANEL]>().read();
            let powers = S::load(exponents.map(power_of_two).as_ptr());
            self.product.store::<S>(row, panel, S::mul(sums, powers));
        }
    }
}

impl<C: Codes> Block for CodeProduct<'_, C> {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&self, panel: usize) {
        let (mut values, _) = self.panel(panel);
        for group in 0..self.blocks() * BLOCK / GROUP {
            // SAFETY: as the trait's.
            unsafe {
                let codes = self.unpacked.add(group * GROUP / 4);
                codes.cast::<[Four; GROUP / 4]>().write(C::unpack(values));
            }
            values = values.wrapping_add(C::BYTES);
        }
    }

    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize) {
        let blocks = self.blocks();
        // SAFETY: as the trait's.
        unsafe {
            let (_, scales) = self.panel(panel);
            let mut sums = [S::zero(); R];
            add_blocks::<S, C, R>(
                self.unpacked,
                scales,
                self.x.add(row * blocks * BLOCK),
                self.scales.add(row * blocks),
                self.sums.add(row * blocks),
                blocks,
                &mut sums,
            );
            for (i, sums) in sums.into_iter().enumerate() {
                self.store::<S>(row + i, panel, sums);
            }
        }
    }
}

impl<C: Codes> Turns for CodeProduct<'_, C> {
    #[inline(always)]
    unsafe fn turns<S: Simd>(&self, panels: [usize; STREAMS]) {
        // SAFETY: as the trait's.
        unsafe {
            let mut sums = [S::zero(); STREAMS];
            let mut at = panels.map(|panel| self.panel(panel));
            let rest = self.blocks() % TURN;
            for block in (0..self.blocks() - rest).step_by(TURN) {
                self.turn::<S, TURN>(block, &mut at, &mut sums);
            }
            for block in self.blocks() - rest..self.blocks() {
                self.turn::<S, 1>(block, &mut at, &mut sums);
            }
            for (panel, sums) in panels.into_iter().zip(sums) {
                self.store::<S>(0, panel, sums);
            }
        }
    }
}

/// Adds the products of one row with a block. Its activations are `x` times `scale`, and sums
/// begin with `begin`.
///
/// # Safety
///
/// The numbers are there.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn add_block<S: Simd, C: Codes>(
    values: *const u8,
    scales: *const i8,
    x: *const i8,
    scale: f32,
    begin: i32,
    sums: &mut S::F,
) {
    // SAFETY: see above.
    unsafe {
        let mut exact = S::splat_i(begin);
        for group in 0..BLOCK / GROUP {
            exact = C::dot::<S>(exact, x.add(group * GROUP), values.add(group * C::BYTES));
        }
        let scales = S::scale(S::load_i8(scales), S::splat(scale));
        *sums = S::mul_add_lanes(*sums, S::to_f32(exact), scales);
    }
}

/// Adds the products of `R` rows with `blocks` of an unpacked panel: of `blocks` in a row, `x` are
/// the activations, `row_scales` their scales, and `row_sums` their sums.
///
/// # Safety
///
/// The numbers are there.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn add_blocks<S: Simd, C: Codes, const R: usize>(
    panel: *const Four,
    scales: *const i8,
    x: *const i8,
    row_scales: *const f32,
    row_sums: *const i32,
    blocks: usize,
    sums: &mut [S::F; R],
) {
    // V8 has no registers for a loop that is written out.
    let fours = if cfg!(target_arch = "wasm32") {
        black_box(BLOCK / 4)
    } else {
        BLOCK / 4
    };
    for block in 0..blocks {
        // SAFETY: see above.
        unsafe {
            let begin = |r: usize| S::splat_i(-C::OFFSET * *row_sums.add(r * blocks + block));
            let mut exact: [S::I; R] = from_fn(begin);
            for four in 0..fours {
                let codes = panel.add(block * BLOCK / 4 + four).cast();
                for (r, exact) in exact.iter_mut().enumerate() {
                    let x = x.add((r * blocks + block) * BLOCK + 4 * four);
                    *exact = S::dot_bytes(*exact, x, codes);
                }
            }
            let scales = S::load_i8(scales.add(block * PANEL));
            for (r, (sums, exact)) in sums.iter_mut().zip(exact).enumerate() {
                let scale = S::splat(*row_scales.add(r * blocks + block));
                let exact = S::scale(S::to_f32(exact), scale);
                *sums = S::mul_add_lanes(*sums, exact, scales);
            }
        }
    }
}
