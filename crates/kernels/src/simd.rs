//! What a kernel asks of a processor: vectors as wide as a panel.
//!
//! A kernel is written once, over [`Simd`], as an `#[inline(always)]` function. [`crate::isa`]
//! wraps it in functions that are compiled for one instruction set each.

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

/// Vector operations of one instruction set.
///
/// # Safety
///
/// The processor must have the instruction set, and pointers must be readable (or writable)
/// for as many values as the method says. No pointer needs to be aligned.
pub(crate) trait Simd: Copy {
    /// 16 f32 numbers: one for each output of a panel.
    type F: Copy;
    /// One f32 number in all lanes.
    type S: Copy;
    /// 16 i32 numbers.
    type I: Copy;
    /// Two i32 sums for each output of half a panel.
    type H: Copy;
    /// i16 weights of two inputs.
    type W2: Copy;
    /// 8-bit weights of four inputs and half a panel.
    type W4: Copy;
    /// i16 activations of two inputs, in all lanes.
    type A2: Copy;
    /// Activations of four inputs, in all lanes.
    type A4: Copy;

    /// Rows that a matrix product takes at a time, limited by registers; a power of 2.
    const ROWS: usize;
    /// Whether the sums of both halves of a panel fit into registers, for all these rows.
    const WHOLE: bool;

    /// Whether asking for memory is a load, which other work has to wait for in the end.
    const PREFETCH_WAITS: bool = false;

    /// Zeros.
    unsafe fn zero() -> Self::F;
    /// 16 numbers.
    unsafe fn load(from: *const f32) -> Self::F;
    /// 16 bf16 numbers, widened.
    unsafe fn load_bf16(from: *const u16) -> Self::F;
    /// 16 i8 numbers, as f32.
    unsafe fn load_i8(from: *const i8) -> Self::F;
    /// 16 numbers.
    unsafe fn store(value: Self::F, to: *mut f32);
    /// One number in all lanes.
    unsafe fn splat(value: f32) -> Self::S;
    /// `acc + a * b`, rounded once where the processor can.
    unsafe fn mul_add(acc: Self::F, a: Self::S, b: Self::F) -> Self::F;
    /// `acc + a * b` of two vectors.
    unsafe fn mul_add_lanes(acc: Self::F, a: Self::F, b: Self::F) -> Self::F;
    /// The first four numbers; the others are whatever needs no computing.
    #[inline(always)]
    unsafe fn narrow(a: Self::F) -> Self::F {
        a
    }
    /// Sum.
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    /// Product.
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    /// Product with one number.
    unsafe fn scale(a: Self::F, b: Self::S) -> Self::F;

    /// Zeros.
    #[inline(always)]
    unsafe fn zero_i() -> Self::I {
        // SAFETY: as the trait's.
        unsafe { Self::splat_i(0) }
    }
    /// One number in all lanes.
    unsafe fn splat_i(value: i32) -> Self::I;
    /// 32 i16 weights: `[16][2]`.
    unsafe fn load_w2(from: *const i16) -> Self::W2;
    /// The same of 32 i8 numbers.
    unsafe fn load_w2_bytes(from: *const i8) -> Self::W2;
    /// Two activations.
    unsafe fn splat_a2(from: *const i16) -> Self::A2;
    /// Adds the products of two inputs.
    unsafe fn dot2(acc: Self::I, a: Self::A2, w: Self::W2) -> Self::I;
    /// As f32.
    unsafe fn to_f32(value: Self::I) -> Self::F;

    /// Zeros; where activations come in planes, upper sums are the 8 numbers at `sums`.
    unsafe fn begin_h(sums: *const i32) -> Self::H;
    /// 32 i8 weights, `[8][4]`.
    unsafe fn load_w4(from: *const i8) -> Self::W4;
    /// Four activations: numbers, or their [`crate::activations::Planes`].
    unsafe fn splat_a4(from: *const i16) -> Self::A4;
    /// Adds the products of four inputs.
    unsafe fn dot4(acc: Self::H, a: Self::A4, w: Self::W4) -> Self::H;
    /// The sums of both halves' outputs, as f32.
    unsafe fn halves_to_f32(halves: [Self::H; 2]) -> Self::F;

    /// Adds the products of four i8 activations with codes `[16][4]`: bytes below 64.
    unsafe fn dot_bytes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I;
    /// The same of eight, whose codes `[16][4]` are the lower halves of bytes, then the upper ones.
    unsafe fn dot_nibbles(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I;
    /// The same of sixteen, whose codes are in `[3][16][4]`: the lower six bits, then what is in
    /// the bits above.
    unsafe fn dot_sixes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I;

    /// Asks for the memory at `from`, which is soon read, if that is faster than to wait for it.
    /// Unless [`Simd::PREFETCH_WAITS`], no memory needs to be there.
    #[inline(always)]
    unsafe fn prefetch(_: *const u8) {}
}
