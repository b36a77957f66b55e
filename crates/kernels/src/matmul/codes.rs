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
pub(super) trait Codes: Copy {
    /// What is added to a weight.
    const OFFSET: i32;
    /// Bytes of [`GROUP`] inputs of a panel.
    const BYTES: usize;

    /// Those of [`GROUP`] inputs and half a panel.
    unsafe fn load<S: Simd>(from: *const u8) -> Group<S>;
}

/// Codes of [`GROUP`] inputs and half a panel, [`FOUR`] inputs each.
type Group<S> = [<S as Simd>::W4; GROUP / FOUR];

/// `[inputs / 16][3][16][4]` bytes.
#[derive(Clone, Copy)]
pub(super) struct Q6;

impl Codes for Q6 {
    const OFFSET: i32 = Q6_OFFSET;
    const BYTES: usize = 3 * 4 * PANEL;

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const u8) -> Group<S> {
        // SAFETY: the caller's.
        unsafe { S::load_w4_sixes(from) }
    }
}

/// `[inputs / 8][16][4]` bytes.
#[derive(Clone, Copy)]
pub(super) struct Q4;

impl Codes for Q4 {
    const OFFSET: i32 = Q4_OFFSET;
    const BYTES: usize = 2 * 4 * PANEL;

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const u8) -> Group<S> {
        // SAFETY: the caller's.
        unsafe {
            let [a, b] = S::load_w4_nibbles(from);
            let [c, d] = S::load_w4_nibbles(from.add(4 * PANEL));
            [a, b, c, d]
        }
    }
}

/// A product with codes.
pub(super) struct CodeProduct<'a, C> {
    pub(super) product: IntegerProduct<'a>,
    /// What sums of every row and block begin with, see [`crate::activations::CodeSums`].
    pub(super) begin: *const [i32; 2],
    /// A panel as it is multiplied with several rows: [`UNPACKED`] bytes for every input.
    pub(super) unpacked: *mut u8,
    pub(super) codes: PhantomData<C>,
}

/// Bytes of an unpacked input: two halves of a panel, in the widest of vectors.
pub(super) const UNPACKED: usize = 2 * 64 / FOUR;

/// A block of a panel: what gives its group `[group, half]`, and an f16 scale for each output.
struct CodeBlock<L> {
    load: L,
    scales: *const u16,
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

    /// The packed values of a block.
    #[inline(always)]
    fn values(&self, panel: usize, block: usize) -> *const u8 {
        let at = (panel * self.blocks() + block) * (BLOCK / GROUP) * C::BYTES;
        self.product.product.weight.values.as_ptr().wrapping_add(at)
    }

    #[inline(always)]
    fn scales(&self, panel: usize, block: usize) -> *const u16 {
        let scales = self.product.product.weight.scales.as_ptr().cast::<u16>();
        scales.wrapping_add((panel * self.blocks() + block) * PANEL)
    }

    /// Where the group is unpacked.
    #[inline(always)]
    fn unpacked<S: Simd>(&self, group: usize, half: usize) -> *mut Group<S> {
        const { assert!(size_of::<Group<S>>() * 2 <= UNPACKED * GROUP) };
        let unpacked = self.unpacked.cast::<Group<S>>();
        unpacked.wrapping_add(2 * group + half)
    }
}

/// Group `half` of group `group` of packed values.
#[inline(always)]
unsafe fn packed<S: Simd, C: Codes>(values: *const u8, [group, half]: [usize; 2]) -> Group<S> {
    // SAFETY: the caller's.
    unsafe { C::load::<S>(values.add(group * C::BYTES + half * 2 * PANEL)) }
}

impl<C: Codes> Block for CodeProduct<'_, C> {
    #[inline(always)]
    unsafe fn begin<S: Simd>(&self, panel: usize) {
        let values = self.values(panel, 0);
        for group in 0..self.blocks() * BLOCK / GROUP {
            for half in 0..2 {
                // SAFETY: as the trait's.
                unsafe {
                    let codes = packed::<S, C>(values, [group, half]);
                    self.unpacked::<S>(group, half).write_unaligned(codes);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize) {
        let (stride, blocks) = (self.product.stride, self.blocks());
        // SAFETY: as the trait's.
        unsafe {
            let mut sums = [S::zero(); R];
            for block in 0..blocks {
                let groups = self.unpacked::<S>(block * BLOCK / GROUP, 0);
                let block_of_panel = CodeBlock {
                    load: |[group, half]: [usize; 2]| groups.add(2 * group + half).read_unaligned(),
                    scales: self.scales(panel, block),
                };
                let x = self.product.x.add(row * stride + block * BLOCK);
                let begin = self.begin.add(row * blocks + block);
                block_of_panel.add::<S, R>(&mut sums, x, begin, [stride, blocks]);
            }
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
            for block in 0..self.blocks() {
                let (x, begin) = (self.product.x.add(block * BLOCK), self.begin.add(block));
                for (panel, sums) in panels.into_iter().zip(&mut sums) {
                    let values = self.values(panel, block);
                    if !S::PREFETCH_WAITS {
                        prefetch::<S, C>(values);
                    }
                    let block = CodeBlock {
                        load: |group| packed::<S, C>(values, group),
                        scales: self.scales(panel, block),
                    };
                    block.add::<S, 1>(sums, x, begin, [0, 0]);
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

impl<L> CodeBlock<L> {
    /// Adds the products of `R` rows, whose numbers and beginnings are `strides` apart.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn add<S: Simd, const R: usize>(
        self,
        sums: &mut [S::F; R],
        x: *const i16,
        begin: *const [i32; 2],
        strides: [usize; 2],
    ) where
        L: Fn([usize; 2]) -> Group<S>,
    {
        // SAFETY: the caller's.
        unsafe {
            let begin = from_fn(|r| S::splat_h(begin.add(r * strides[1]).cast()));
            // Half a panel at a time where registers do not hold more.
            let halves: [[S::H; 2]; R] = if S::WHOLE || R == 1 {
                self.halves::<S, R, 2>(0, begin, x, strides[0])
            } else {
                let lower = self.halves::<S, R, 1>(0, begin, x, strides[0]);
                let upper = self.halves::<S, R, 1>(1, begin, x, strides[0]);
                from_fn(|r| [lower[r][0], upper[r][0]])
            };
            let scale = S::load_f16(self.scales);
            for (sum, halves) in sums.iter_mut().zip(halves) {
                *sum = S::mul_add_lanes(*sum, S::halves_to_f32(halves), scale);
            }
        }
    }

    /// The sums of `HALVES` halves of a panel from `first` on.
    #[inline(always)]
    unsafe fn halves<S: Simd, const R: usize, const HALVES: usize>(
        &self,
        first: usize,
        begin: [S::H; R],
        x: *const i16,
        stride: usize,
    ) -> [[S::H; HALVES]; R]
    where
        L: Fn([usize; 2]) -> Group<S>,
    {
        let mut sums = begin.map(|begin| [begin; HALVES]);
        for group in 0..BLOCK / GROUP {
            let codes: [Group<S>; HALVES] = from_fn(|i| (self.load)([group, first + i]));
            for four in 0..GROUP / FOUR {
                for (r, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: the caller's.
                    unsafe {
                        let a = S::splat_a4(x.add(r * stride + group * GROUP + FOUR * four));
                        for (sum, codes) in sums.iter_mut().zip(&codes) {
                            *sum = S::dot4_codes(*sum, a, codes[four]);
                        }
                    }
                }
            }
        }
        sums
    }
}
