//! Vectors as wide as a panel, for every instruction set.
//!
//! An operation is written once, over [`Simd`], as [`SimdOp::run`]. A value of a type that
//! implements `Simd` is a token: it exists only where its instructions do, because only detection
//! (or the target that the crate is compiled for) makes one. So arithmetic is safe;
//! what is `unsafe` is to read and write memory, and to call functions that are compiled for one
//! instruction set, which [`crate::isa`] does.

use std::hint::black_box;

use weights::PANEL;

use crate::QUANT_BLOCK;

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) mod wasm;

/// Bits of the lower half of an activation that is split in two.
pub(crate) const SPLIT_BITS: u32 = 7;
/// What is added to the upper half of such an activation, so that it has no sign.
pub(crate) const SPLIT_OFFSET: i32 = 1 << (13 - SPLIT_BITS);

/// Quants of four inputs of a panel, a byte each: `[16][4]`.
pub(crate) type PanelBytes4 = [u8; 4 * PANEL];

/// How often a loop is run. In a page it is not unrolled: V8 would run out of registers.
#[inline(always)]
pub(crate) fn not_unrolled(times: usize) -> usize {
    if cfg!(target_arch = "wasm32") {
        black_box(times)
    } else {
        times
    }
}

/// A loop over vectors, which is compiled once for every instruction set.
pub(crate) trait SimdOp {
    /// Does the work. Has to be `#[inline(always)]`, so that it becomes part of a function that is
    /// compiled for the instruction set.
    fn run<S: Simd>(self, simd: S);
}

/// A token that proves an instruction set, with its vector operations. All have to be
/// `#[inline(always)]`.
///
/// Pointers must be readable (or writable) for as many values as the method says. None needs to
/// be aligned.
pub(crate) trait Simd: Copy {
    /// 16 f32 numbers: one for each output of a panel.
    type F32x16: Copy;
    /// One f32 number in all lanes.
    type F32Splat: Copy;
    /// 16 i32 numbers.
    type I32x16: Copy;
    /// Two i32 sums for each output of half a panel.
    type HalfAcc: Copy;
    /// i16 weights of two inputs.
    type Weights2: Copy;
    /// 8-bit weights of four inputs and half a panel.
    type Weights4: Copy;
    /// i16 activations of two inputs, in all lanes.
    type Acts2: Copy;
    /// Activations of four inputs, in all lanes.
    type Acts4: Copy;

    /// Rows that a matrix product takes at a time, limited by registers; a power of 2.
    const ROWS: usize;
    /// The same where weights have a scale for every block: twice as many, or as many.
    const BLOCK_ROWS: usize = Self::ROWS;
    /// Whether the sums of both halves of a panel fit into registers, for all these rows.
    const FULL_PANEL_FITS: bool;
    /// Whether prefetching is a load, which eventually stalls other work.
    const PREFETCH_WAITS: bool = false;

    /// Zeros.
    fn zero(self) -> Self::F32x16;
    /// One number in all lanes.
    fn splat(self, value: f32) -> Self::F32Splat;
    /// `acc + a * b`, rounded once where the processor can.
    fn mul_add(self, acc: Self::F32x16, a: Self::F32Splat, b: Self::F32x16) -> Self::F32x16;
    /// Keeps lanes 0 to 3; the others are unspecified.
    #[inline(always)]
    fn keep_lanes_0_3(self, a: Self::F32x16) -> Self::F32x16 {
        a
    }
    /// Sum.
    fn add(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16;
    /// Product.
    fn mul(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16;
    /// Product with one number.
    fn scale(self, a: Self::F32x16, b: Self::F32Splat) -> Self::F32x16;

    /// Zeros.
    #[inline(always)]
    fn zero_i32(self) -> Self::I32x16 {
        self.splat_i32(0)
    }
    /// One number in all lanes.
    fn splat_i32(self, value: i32) -> Self::I32x16;
    /// Adds the products of two inputs.
    fn dot2(self, acc: Self::I32x16, a: Self::Acts2, w: Self::Weights2) -> Self::I32x16;
    /// Converts integers to f32.
    fn to_f32(self, value: Self::I32x16) -> Self::F32x16;
    /// Adds the products of four inputs.
    fn dot4(self, acc: Self::HalfAcc, a: Self::Acts4, w: Self::Weights4) -> Self::HalfAcc;
    /// The sums of both halves' outputs, as f32.
    fn halves_to_f32(self, halves: [Self::HalfAcc; 2]) -> Self::F32x16;

    /// 16 numbers.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load_f32(self, from: *const f32) -> Self::F32x16;
    /// 16 bf16 numbers, widened.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load_bf16(self, from: *const u16) -> Self::F32x16;
    /// 16 i8 numbers, as f32.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load_i8(self, from: *const i8) -> Self::F32x16;
    /// Writes 16 numbers.
    ///
    /// # Safety
    ///
    /// They can be written.
    unsafe fn store_f32(self, value: Self::F32x16, to: *mut f32);
    /// 32 i16 weights: `[16][2]`.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load_weights2(self, from: *const i16) -> Self::Weights2;
    /// 32 i8 weights: `[16][2]`.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load_weights2_i8(self, from: *const i8) -> Self::Weights2;
    /// Two activations.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn splat_acts2(self, from: *const i16) -> Self::Acts2;
    /// Zeros; where activations are split, sums of upper halves are the 8 numbers at `starts`.
    ///
    /// # Safety
    ///
    /// Where activations are split, the 8 numbers can be read.
    unsafe fn init_half_acc(self, starts: *const i32) -> Self::HalfAcc;
    /// 32 i8 weights, `[8][4]`.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn load_weights4(self, from: *const i8) -> Self::Weights4;
    /// Four activations, split ([`crate::quantised_rows::SplitActivations`]) or not.
    ///
    /// # Safety
    ///
    /// They can be read.
    unsafe fn splat_acts4(self, from: *const i16) -> Self::Acts4;

    /// Adds the products of four i8 activations with quants `[16][4]`: bytes below 64.
    ///
    /// # Safety
    ///
    /// 4 activations and 64 bytes can be read.
    unsafe fn dot_bytes(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16;
    /// The same of a block, for `R` rows: activations `[QUANT_BLOCK / 4, R]` and quants
    /// `[QUANT_BLOCK / 4]`. Products of two inputs of every four, added over `short_fours` fours, fit
    /// into 16 bits.
    ///
    /// # Safety
    ///
    /// The activations and the quants can be read.
    #[inline(always)]
    unsafe fn dot_block<const R: usize>(
        self,
        acc: &mut [Self::I32x16; R],
        a: *const [i8; 4],
        quants: *const PanelBytes4,
        _short_fours: usize,
    ) {
        for four in 0..not_unrolled(QUANT_BLOCK / 4) {
            // SAFETY: the caller has the numbers.
            unsafe {
                let quants = quants.add(four).cast();
                for (r, acc) in acc.iter_mut().enumerate() {
                    *acc = self.dot_bytes(*acc, a.add(four * R + r).cast(), quants);
                }
            }
        }
    }
    /// As [`Simd::dot_bytes`] of eight, whose quants `[16][4]` are the lower halves of bytes, then the upper
    /// ones.
    ///
    /// # Safety
    ///
    /// 8 activations and 64 bytes can be read.
    unsafe fn dot_nibbles(self, acc: Self::I32x16, a: *const i8, quants: *const u8)
    -> Self::I32x16;
    /// The same of sixteen, whose quants are in `[3][16][4]`: the lower six bits of bytes, then
    /// what is in the bits above.
    ///
    /// # Safety
    ///
    /// 16 activations and 192 bytes can be read.
    unsafe fn dot_q6(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16;

    /// Prefetches the cache line at `from`, where that is faster than to wait for it.
    ///
    /// # Safety
    ///
    /// Where [`Simd::PREFETCH_WAITS`], the byte can be read.
    #[inline(always)]
    unsafe fn prefetch(self, _: *const u8) {}
}
