//! Products with q6 and q4 weights, of which every [`BLOCK`] inputs have a scale of their own.
//! Sums of a block are exact integers.

use std::array::from_fn;
use std::marker::PhantomData;

use formats::{BLOCK, PANEL, Q4_OFFSET, Q6_OFFSET};

use super::integer::IntegerProduct;
use super::{AHEAD, Block, LINE, STREAMS, Turns, all_blocks, all_turns};
use crate::isa::Kernel;
use crate::simd::Simd;

/// Inputs that are unpacked at a time.
const GROUP: usize = 16;
/// Inputs that are multiplied at a time.
const FOUR: usize = 4;

/// Weights as they are stored: without a sign, plus an offset.
pub(super) trait Codes: Source {
    /// What is added to a weight.
    const OFFSET: i32;
    /// Bytes of [`GROUP`] inputs of a panel.
    const BYTES: usize;
}

/// A panel's codes, in whatever form.
pub(super) trait Source {
    /// Those of a half of a group, counted from `panel` on.
    unsafe fn load<S: Simd>(panel: *const u8, group: usize, half: usize) -> Group<S>;
}

/// Codes of [`GROUP`] inputs and half a panel, [`FOUR`] inputs each.
type Group<S> = [<S as Simd>::W4; GROUP / FOUR];

/// `[inputs / 16][3][16][4]` bytes.
pub(super) struct Q6;

impl Codes for Q6 {
    const OFFSET: i32 = Q6_OFFSET;
    const BYTES: usize = 3 * 4 * PANEL;
}

impl Source for Q6 {
    #[inline(always)]
    unsafe fn load<S: Simd>(panel: *const u8, group: usize, half: usize) -> Group<S> {
        // SAFETY: the caller's.
        unsafe { S::load_w4_sixes(panel.add(group * Self::BYTES + half * 2 * PANEL)) }
    }
}

/// `[inputs / 8][16][4]` bytes.
pub(super) struct Q4;

impl Codes for Q4 {
    const OFFSET: i32 = Q4_OFFSET;
    const BYTES: usize = 2 * 4 * PANEL;
}

impl Source for Q4 {
    #[inline(always)]
    unsafe fn load<S: Simd>(panel: *const u8, group: usize, half: usize) -> Group<S> {
        // SAFETY: the caller's.
        unsafe {
            let at = group * Self::BYTES + half * 2 * PANEL;
            let [a, b] = S::load_w4_nibbles(panel.add(at));
            let [c, d] = S::load_w4_nibbles(panel.add(at + 4 * PANEL));
            [a, b, c, d]
        }
    }
}

/// Codes as they are multiplied, [`UNPACKED`] bytes for an input: unpacked once for several rows.
struct Unpacked;

/// Two halves of a panel, in the widest of vectors.
pub(super) const UNPACKED: usize = 2 * 64 / FOUR;

impl Unpacked {
    #[inline(always)]
    fn group<S: Simd>(panel: *const u8, group: usize, half: usize) -> *const Group<S> {
        const { assert!(size_of::<Group<S>>() * 2 <= UNPACKED * GROUP) };
        panel.cast::<Group<S>>().wrapping_add(2 * group + half)
    }
}

impl Source for Unpacked {
    #[inline(always)]
    unsafe fn load<S: Simd>(panel: *const u8, group: usize, half: usize) -> Group<S> {
        // SAFETY: the caller's.
        unsafe { Self::group::<S>(panel, group, half).read_unaligned() }
    }
}

/// A product with codes.
pub(super) struct CodeProduct<'a, C> {
    pub(super) product: IntegerProduct<'a>,
    /// What sums of every row and block begin with, see [`crate::activations::CodeSums`].
    pub(super) begin: *const [i32; 2],
    /// Room for an [`Unpacked`] panel.
    pub(super) unpacked: *mut u8,
    pub(super) codes: PhantomData<C>,
}

impl<C: Codes> Kernel for CodeProduct<'_, C> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: whoever made the product checked its shapes.
        unsafe {
            if self.product.product.rows == 1 {
                all_turns::<S>(&self, &self.product);
            } else {
                all_blocks::<S>(&self, &self.product.product);
            }
        }
    }
}

impl<C: Codes> CodeProduct<'_, C> {
    /// Blocks of inputs.
    #[inline(always)]
    fn blocks(&self) -> usize {
        self.product.product.weight.matrix.padded_inputs() / BLOCK
    }

    /// The packed values of a panel, and the scales of its blocks.
    #[inline(always)]
    fn panel(&self, panel: usize) -> (*const u8, *const u16) {
        let weight = &self.product.product.weight;
        (weight.panel(panel), weight.panel_scales(panel).cast())
    }
}

impl<C: Codes> Block for CodeProduct<'_, C> {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&self, panel: usize) {
        let (values, _) = self.panel(panel);
        for group in 0..self.blocks() * BLOCK / GROUP {
            for half in 0..2 {
                // SAFETY: as the trait's.
                unsafe {
                    let codes = C::load::<S>(values, group, half);
                    let to = Unpacked::group::<S>(self.unpacked, group, half);
                    to.cast_mut().write_unaligned(codes);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize) {
        let blocks = self.blocks();
        // SAFETY: as the trait's.
        unsafe {
            let mut sums = [S::zero(); R];
            let strides = [self.product.stride, blocks];
            let x = self.product.x.add(row * strides[0]);
            let begin = self.begin.add(row * blocks);
            let (_, scales) = self.panel(panel);
            add_blocks::<S, R>(self.unpacked, scales, blocks, x, begin, strides, &mut sums);
            self.product.store::<S, R>(panel, row, sums);
        }
    }
}

impl<C: Codes> Turns for CodeProduct<'_, C> {
    #[inline(always)]
    unsafe fn turns<S: Simd>(&self, panels: [usize; STREAMS]) -> [S::F; STREAMS] {
        // SAFETY: as the trait's.
        unsafe {
            let mut sums = [[S::zero()]; STREAMS];
            let mut at = panels.map(|panel| self.panel(panel));
            for block in 0..self.blocks() {
                let (x, begin) = (self.product.x.add(block * BLOCK), self.begin.add(block));
                for ((values, scales), sums) in at.iter_mut().zip(&mut sums) {
                    if !S::PREFETCH_WAITS {
                        prefetch::<S, C>(*values);
                    }
                    add_block::<S, C>(*values, *scales, x, begin, sums);
                    *values = values.wrapping_add(BLOCK / GROUP * C::BYTES);
                    *scales = scales.wrapping_add(PANEL);
                }
            }
            sums.map(|[sums]| sums)
        }
    }
}

/// Asks for what is read soon after the block at `values`.
#[inline(always)]
unsafe fn prefetch<S: Simd, C: Codes>(values: *const u8) {
    for line in 0..BLOCK / GROUP * C::BYTES / LINE {
        // SAFETY: no memory needs to be there.
        unsafe { S::prefetch(values.wrapping_add(line * LINE + AHEAD)) };
    }
}

/// Adds the products of one row with a block.
///
/// # Safety
///
/// The numbers are there.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn add_block<S: Simd, C: Source>(
    values: *const u8,
    scales: *const u16,
    x: *const i16,
    begin: *const [i32; 2],
    sums: &mut [S::F; 1],
) {
    // SAFETY: see above.
    unsafe {
        let halves = products::<S, C, 1, 2>(values, [0, 0], x, begin, [0, 0]);
        add_sums::<S, 1>(halves, scales, sums);
    }
}

/// Adds the products of `R` rows with `blocks` of a panel. Rows and what their sums begin with
/// are `strides` apart.
///
/// # Safety
///
/// The numbers are there.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn add_blocks<S: Simd, const R: usize>(
    panel: *const u8,
    scales: *const u16,
    blocks: usize,
    x: *const i16,
    begin: *const [i32; 2],
    strides: [usize; 2],
    sums: &mut [S::F; R],
) {
    for block in 0..blocks {
        let group = block * (BLOCK / GROUP);
        // SAFETY: see above.
        unsafe {
            let (x, begin) = (x.add(block * BLOCK), begin.add(block));
            // Half a panel at a time where registers do not hold more.
            let halves = if S::WHOLE {
                products::<S, Unpacked, R, 2>(panel, [group, 0], x, begin, strides)
            } else {
                let lower = products::<S, Unpacked, R, 1>(panel, [group, 0], x, begin, strides);
                let upper = products::<S, Unpacked, R, 1>(panel, [group, 1], x, begin, strides);
                from_fn(|r| [lower[r][0], upper[r][0]])
            };
            add_sums::<S, R>(halves, scales.add(block * PANEL), sums);
        }
    }
}

/// The exact sums of a block for `R` rows and `HALVES` halves of a panel: from group and half `at`
/// on.
#[inline(always)]
unsafe fn products<S: Simd, C: Source, const R: usize, const HALVES: usize>(
    panel: *const u8,
    at: [usize; 2],
    x: *const i16,
    begin: *const [i32; 2],
    strides: [usize; 2],
) -> [[S::H; HALVES]; R] {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = from_fn(|r| [S::splat_h(begin.add(r * strides[1]).cast()); HALVES]);
        for group in 0..BLOCK / GROUP {
            let codes: [Group<S>; HALVES] =
                from_fn(|half| C::load::<S>(panel, at[0] + group, at[1] + half));
            for four in 0..GROUP / FOUR {
                for (r, sums) in sums.iter_mut().enumerate() {
                    let a = S::splat_a4(x.add(r * strides[0] + group * GROUP + FOUR * four));
                    for (sum, codes) in sums.iter_mut().zip(&codes) {
                        *sum = S::dot4_codes(*sum, a, codes[four]);
                    }
                }
            }
        }
        sums
    }
}

/// Adds exact sums times the scales of their block.
#[inline(always)]
unsafe fn add_sums<S: Simd, const R: usize>(
    halves: [[S::H; 2]; R],
    scales: *const u16,
    sums: &mut [S::F; R],
) {
    // SAFETY: the caller's.
    unsafe {
        let scales = S::load_f16(scales);
        for (sum, halves) in sums.iter_mut().zip(halves) {
            *sum = S::mul_add_lanes(*sum, S::halves_to_f32(halves), scales);
        }
    }
}
