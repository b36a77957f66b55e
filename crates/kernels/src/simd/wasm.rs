//! WebAssembly with 128-bit vectors: four registers a panel. Built with relaxed SIMD, products
//! and sums are rounded once where the processor can.

use std::arch::wasm32::*;
use std::array::from_fn;

use super::Simd;

/// SIMD128, with or without relaxed SIMD.
#[derive(Clone, Copy)]
pub(crate) struct Wasm;

#[inline(always)]
fn fused(acc: v128, a: v128, b: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return f32x4_relaxed_madd(a, b, acc);
    #[cfg(not(target_feature = "relaxed-simd"))]
    return f32x4_add(acc, f32x4_mul(a, b));
}

#[allow(
    unsafe_op_in_unsafe_fn,
    reason = "the trait's contract covers every line"
)]
impl Simd for Wasm {
    type F = [v128; 4];
    type S = v128;
    type I = [v128; 4];
    type P = [v128; 8];
    type W2 = [v128; 4];
    type W4 = [v128; 8];
    type A2 = v128;
    type A4 = v128;

    const ROWS: usize = 2;

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
    unsafe fn load_f16(from: *const u16) -> Self::F {
        from_fn(|i| {
            let bits = v128_load64_zero(from.add(4 * i).cast());
            let bits = u32x4_extend_low_u16x8(bits);
            let magnitude = u32x4_shl(v128_and(bits, i32x4_splat(0x7fff)), 13);
            let sign = u32x4_shl(v128_and(bits, i32x4_splat(0x8000)), 16);
            // The exponent's bias grows by 112; a product does so for subnormals too.
            let scaled = f32x4_mul(magnitude, f32x4_splat(f32::from_bits((127 + 112) << 23)));
            v128_or(scaled, sign)
        })
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
    unsafe fn sum(a: Self::F) -> f32 {
        let a = f32x4_add(f32x4_add(a[0], a[1]), f32x4_add(a[2], a[3]));
        let a = f32x4_add(a, i32x4_shuffle::<2, 3, 0, 1>(a, a));
        f32x4_extract_lane::<0>(a) + f32x4_extract_lane::<1>(a)
    }

    #[inline(always)]
    unsafe fn zero_i() -> Self::I {
        [i32x4_splat(0); 4]
    }
    #[inline(always)]
    unsafe fn load_w2(from: *const i16) -> Self::W2 {
        from_fn(|i| v128_load(from.add(8 * i).cast()))
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
    unsafe fn zero_p() -> Self::P {
        [i32x4_splat(0); 8]
    }
    #[inline(always)]
    unsafe fn load_w4(from: *const i8) -> Self::W4 {
        from_fn(|i| i16x8_load_extend_i8x8(from.add(8 * i)))
    }
    #[inline(always)]
    unsafe fn load_w4_nibbles(from: *const u8) -> [Self::W4; 2] {
        let (low, eight) = (u8x16_splat(15), u8x16_splat(8));
        let bytes: [v128; 4] = from_fn(|i| v128_load(from.add(16 * i).cast()));
        let lower = bytes.map(|b| i8x16_sub(v128_and(b, low), eight));
        let upper = bytes.map(|b| i8x16_sub(u8x16_shr(b, 4), eight));
        let widen = |v: [v128; 4]| {
            from_fn(|i| {
                if i % 2 == 0 {
                    i16x8_extend_low_i8x16(v[i / 2])
                } else {
                    i16x8_extend_high_i8x16(v[i / 2])
                }
            })
        };
        [widen(lower), widen(upper)]
    }
    #[inline(always)]
    unsafe fn splat_a4(from: *const i16) -> Self::A4 {
        v128_load64_splat(from.cast())
    }
    #[inline(always)]
    unsafe fn dot4(acc: Self::P, a: Self::A4, w: Self::W4) -> Self::P {
        from_fn(|i| i32x4_add(acc[i], i32x4_dot_i16x8(a, w[i])))
    }
    #[inline(always)]
    unsafe fn pairs_to_f32(value: Self::P) -> Self::F {
        from_fn(|i| {
            let (a, b) = (value[2 * i], value[2 * i + 1]);
            let even = i32x4_shuffle::<0, 2, 4, 6>(a, b);
            let odd = i32x4_shuffle::<1, 3, 5, 7>(a, b);
            f32x4_convert_i32x4(i32x4_add(even, odd))
        })
    }
}
