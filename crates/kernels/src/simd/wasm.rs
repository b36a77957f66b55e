//! WebAssembly with 128-bit vectors: four registers a panel. Built with relaxed SIMD, products
//! and sums are rounded once where the processor can.

use std::arch::wasm32::*;
use std::array::from_fn;

use super::Simd;
use crate::activations::PLANE_BITS;

/// SIMD128, with or without relaxed SIMD. `DOT` says whether bytes are multiplied by relaxed
/// SIMD's dot product, whose second operand has 7 bits and no sign. Codes are such operands;
/// beside q8 weights, activations come in two planes of 7 bits, [`crate::activations::Planes`].
#[derive(Clone, Copy)]
pub(crate) struct Wasm<const DOT: bool>;

/// Adds dot products of four signed bytes `a` and four bytes `b` below 128.
#[inline(always)]
fn dot_bytes(acc: v128, a: v128, b: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return i32x4_relaxed_dot_i8x16_i7x16_add(a, b, acc);
    #[cfg(not(target_feature = "relaxed-simd"))]
    {
        let _ = (a, b);
        acc
    }
}

#[inline(always)]
fn fused(acc: v128, a: v128, b: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return f32x4_relaxed_madd(a, b, acc);
    #[cfg(not(target_feature = "relaxed-simd"))]
    return f32x4_add(acc, f32x4_mul(a, b));
}

impl<const DOT: bool> Wasm<DOT> {
    /// Adds the products of four activations with codes of four outputs.
    #[inline(always)]
    unsafe fn dot(acc: v128, a: *const i8, codes: v128) -> v128 {
        // SAFETY: the caller has the activations.
        let a = unsafe { v128_load32_splat(a.cast()) };
        if DOT {
            return dot_bytes(acc, a, codes);
        }
        // As 16 bits, inputs 0 and 2, then 1 and 3.
        let even = i32x4_dot_i16x8(
            i16x8_shr(i16x8_shl(a, 8), 8),
            v128_and(codes, i16x8_splat(255)),
        );
        let odd = i32x4_dot_i16x8(i16x8_shr(a, 8), u16x8_shr(codes, 8));
        i32x4_add(acc, i32x4_add(even, odd))
    }
}

#[allow(
    unsafe_op_in_unsafe_fn,
    reason = "the trait's contract covers every line"
)]
impl<const DOT: bool> Simd for Wasm<DOT> {
    type F = [v128; 4];
    type S = v128;
    type I = [v128; 4];
    /// Pairs of sums, or the sums over lower planes (0, 1) and over upper ones (2, 3).
    type H = [v128; 4];
    type W2 = [v128; 4];
    type W4 = [v128; 4];
    type A2 = v128;
    type A4 = [v128; 2];

    const ROWS: usize = 2;
    const WHOLE: bool = false;
    const PREFETCH_WAITS: bool = true;

    #[inline(always)]
    unsafe fn zero() -> Self::F {
        [f32x4_splat(0.0); 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        from_fn(|i| v128_load(from.add(4 * i).cast()))
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        let zero = i16x8_splat(0);
        let a = v128_load(from.cast());
        let b = v128_load(from.add(8).cast());
        // Zeros below each number make it a single.
        [
            i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(zero, a),
            i16x8_shuffle::<0, 12, 1, 13, 2, 14, 3, 15>(zero, a),
            i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(zero, b),
            i16x8_shuffle::<0, 12, 1, 13, 2, 14, 3, 15>(zero, b),
        ]
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self::F {
        let [a, b] = from_fn(|i| i16x8_load_extend_i8x8(from.add(8 * i)));
        [
            i32x4_extend_low_i16x8(a),
            i32x4_extend_high_i16x8(a),
            i32x4_extend_low_i16x8(b),
            i32x4_extend_high_i16x8(b),
        ]
        .map(|numbers| f32x4_convert_i32x4(numbers))
    }
    #[inline(always)]
    unsafe fn store(value: Self::F, to: *mut f32) {
        for (i, value) in value.into_iter().enumerate() {
            v128_store(to.add(4 * i).cast(), value);
        }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::S {
        f32x4_splat(value)
    }
    #[inline(always)]
    unsafe fn mul_add(acc: Self::F, a: Self::S, b: Self::F) -> Self::F {
        from_fn(|i| fused(acc[i], a, b[i]))
    }
    #[inline(always)]
    unsafe fn mul_add_lanes(acc: Self::F, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| fused(acc[i], a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn narrow(a: Self::F) -> Self::F {
        let mut narrow = Self::zero();
        narrow[0] = a[0];
        narrow
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| f32x4_add(a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| f32x4_mul(a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn scale(a: Self::F, b: Self::S) -> Self::F {
        from_fn(|i| f32x4_mul(a[i], b))
    }

    #[inline(always)]
    unsafe fn splat_i(value: i32) -> Self::I {
        [i32x4_splat(value); 4]
    }
    #[inline(always)]
    unsafe fn load_w2(from: *const i16) -> Self::W2 {
        from_fn(|i| v128_load(from.add(8 * i).cast()))
    }
    #[inline(always)]
    unsafe fn load_w2_bytes(from: *const i8) -> Self::W2 {
        from_fn(|i| i16x8_load_extend_i8x8(from.add(8 * i)))
    }
    #[inline(always)]
    unsafe fn splat_a2(from: *const i16) -> Self::A2 {
        v128_load32_splat(from.cast())
    }
    #[inline(always)]
    unsafe fn dot2(acc: Self::I, a: Self::A2, w: Self::W2) -> Self::I {
        from_fn(|i| i32x4_add(acc[i], i32x4_dot_i16x8(a, w[i])))
    }
    #[inline(always)]
    unsafe fn to_f32(value: Self::I) -> Self::F {
        value.map(|v| f32x4_convert_i32x4(v))
    }

    #[inline(always)]
    unsafe fn begin_h(sums: *const i32) -> Self::H {
        let zero = i32x4_splat(0);
        if DOT {
            let [a, b] = from_fn(|i| v128_load(sums.add(4 * i).cast()));
            [zero, zero, a, b]
        } else {
            [zero; 4]
        }
    }
    #[inline(always)]
    unsafe fn load_w4(from: *const i8) -> Self::W4 {
        if DOT {
            let [a, b] = from_fn(|i| v128_load(from.add(16 * i).cast()));
            [a, b, a, b]
        } else {
            from_fn(|i| i16x8_load_extend_i8x8(from.add(8 * i)))
        }
    }
    #[inline(always)]
    unsafe fn splat_a4(from: *const i16) -> Self::A4 {
        if DOT {
            from_fn(|i| v128_load32_splat(from.add(2 * i).cast()))
        } else {
            [v128_load64_splat(from.cast()); 2]
        }
    }
    #[inline(always)]
    unsafe fn dot4(acc: Self::H, a: Self::A4, w: Self::W4) -> Self::H {
        if DOT {
            from_fn(|i| dot_bytes(acc[i], w[i % 2], a[i / 2]))
        } else {
            from_fn(|i| i32x4_add(acc[i], i32x4_dot_i16x8(a[0], w[i])))
        }
    }
    #[inline(always)]
    unsafe fn halves_to_f32(halves: [Self::H; 2]) -> Self::F {
        from_fn(|i| {
            let (half, at) = (halves[i / 2], i % 2);
            let sums = if DOT {
                // Intermediate results may wrap around: the last one does not.
                i32x4_add(half[at], i32x4_shl(half[2 + at], PLANE_BITS))
            } else {
                let (a, b) = (half[2 * at], half[2 * at + 1]);
                let even = i32x4_shuffle::<0, 2, 4, 6>(a, b);
                let odd = i32x4_shuffle::<1, 3, 5, 7>(a, b);
                i32x4_add(even, odd)
            };
            f32x4_convert_i32x4(sums)
        })
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        // A load that nobody waits for.
        from.read_volatile();
    }
    #[inline(always)]
    unsafe fn dot_bytes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        from_fn(|i| Self::dot(acc[i], a, v128_load(codes.add(16 * i).cast())))
    }
    #[inline(always)]
    unsafe fn dot_nibbles(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        let low = u8x16_splat(15);
        from_fn(|i| {
            let bytes = v128_load(codes.add(16 * i).cast());
            let acc = Self::dot(acc[i], a, v128_and(bytes, low));
            Self::dot(acc, a.add(4), v128_and(u16x8_shr(bytes, 4), low))
        })
    }
    #[inline(always)]
    unsafe fn dot_sixes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        from_fn(|i| {
            let rows = [0, 64, 128].map(|row| v128_load(codes.add(row + 16 * i).cast()));
            let lower = rows.map(|row| v128_and(row, u8x16_splat(63)));
            // Bytes have nothing below their upper two bits then, so shifts keep them apart.
            let upper: [v128; 3] = from_fn(|k| v128_xor(rows[k], lower[k]));
            let last = v128_or(u16x8_shr(upper[0], 6), u16x8_shr(upper[1], 4));
            let last = v128_or(last, u16x8_shr(upper[2], 2));
            let acc = Self::dot(acc[i], a, lower[0]);
            let acc = Self::dot(acc, a.add(4), lower[1]);
            let acc = Self::dot(acc, a.add(8), lower[2]);
            Self::dot(acc, a.add(12), last)
        })
    }
}
