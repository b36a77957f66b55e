//! 64-bit Arm: four registers a panel.

use std::arch::aarch64::*;
use std::array::from_fn;

use super::Simd;

/// NEON, which every 64-bit Arm has.
#[derive(Clone, Copy)]
pub(crate) struct Neon;

/// Products of neighbours, summed.
#[inline(always)]
unsafe fn dot(acc: int32x4_t, a: int16x8_t, w: int16x8_t) -> int32x4_t {
    // SAFETY: the caller has NEON.
    unsafe {
        let low = vmull_s16(vget_low_s16(a), vget_low_s16(w));
        let high = vmull_high_s16(a, w);
        vaddq_s32(acc, vpaddq_s32(low, high))
    }
}

/// Adds the products of codes with four activations. Two of them fit into 16 bits.
#[inline(always)]
unsafe fn dot_codes(acc: int32x4_t, codes: uint8x16_t, a: *const i8) -> int32x4_t {
    // SAFETY: the caller has NEON and the activations.
    unsafe {
        let a = vreinterpretq_s8_s32(vdupq_n_s32(a.cast::<i32>().read_unaligned()));
        let codes = vreinterpretq_s8_u8(codes);
        let low = vmull_s8(vget_low_s8(a), vget_low_s8(codes));
        let high = vmull_high_s8(a, codes);
        vpadalq_s16(acc, vpaddq_s16(low, high))
    }
}

#[allow(
    unsafe_op_in_unsafe_fn,
    reason = "the trait's contract covers every line"
)]
impl Simd for Neon {
    type F = [float32x4_t; 4];
    type S = float32x4_t;
    type I = [int32x4_t; 4];
    type H = [int32x4_t; 4];
    type W2 = [int16x8_t; 4];
    type W4 = [int16x8_t; 4];
    type A2 = int16x8_t;
    type A4 = int16x8_t;

    const ROWS: usize = 4;
    const WHOLE: bool = false;

    #[inline(always)]
    unsafe fn zero() -> Self::F {
        [vdupq_n_f32(0.0); 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        from_fn(|i| vld1q_f32(from.add(4 * i)))
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        from_fn(|i| vreinterpretq_f32_u32(vshlq_n_u32::<16>(vmovl_u16(vld1_u16(from.add(4 * i))))))
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self::F {
        let bytes = vld1q_s8(from);
        let [a, b] = [vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes)];
        [
            vmovl_s16(vget_low_s16(a)),
            vmovl_high_s16(a),
            vmovl_s16(vget_low_s16(b)),
            vmovl_high_s16(b),
        ]
        .map(|numbers| vcvtq_f32_s32(numbers))
    }
    #[inline(always)]
    unsafe fn store(value: Self::F, to: *mut f32) {
        for (i, value) in value.into_iter().enumerate() {
            vst1q_f32(to.add(4 * i), value);
        }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::S {
        vdupq_n_f32(value)
    }
    #[inline(always)]
    unsafe fn mul_add(acc: Self::F, a: Self::S, b: Self::F) -> Self::F {
        from_fn(|i| vfmaq_f32(acc[i], a, b[i]))
    }
    #[inline(always)]
    unsafe fn mul_add_lanes(acc: Self::F, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| vfmaq_f32(acc[i], a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| vaddq_f32(a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| vmulq_f32(a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn scale(a: Self::F, b: Self::S) -> Self::F {
        from_fn(|i| vmulq_f32(a[i], b))
    }

    #[inline(always)]
    unsafe fn splat_i(value: i32) -> Self::I {
        [vdupq_n_s32(value); 4]
    }
    #[inline(always)]
    unsafe fn load_w2(from: *const i16) -> Self::W2 {
        from_fn(|i| vld1q_s16(from.add(8 * i)))
    }
    #[inline(always)]
    unsafe fn load_w2_bytes(from: *const i8) -> Self::W2 {
        Self::load_w4(from)
    }
    #[inline(always)]
    unsafe fn splat_a2(from: *const i16) -> Self::A2 {
        vreinterpretq_s16_s32(vdupq_n_s32(from.cast::<i32>().read_unaligned()))
    }
    #[inline(always)]
    unsafe fn dot2(acc: Self::I, a: Self::A2, w: Self::W2) -> Self::I {
        from_fn(|i| dot(acc[i], a, w[i]))
    }
    #[inline(always)]
    unsafe fn to_f32(value: Self::I) -> Self::F {
        value.map(|v| vcvtq_f32_s32(v))
    }

    #[inline(always)]
    unsafe fn begin_h(_: *const i32) -> Self::H {
        [vdupq_n_s32(0); 4]
    }
    #[inline(always)]
    unsafe fn load_w4(from: *const i8) -> Self::W4 {
        from_fn(|i| vmovl_s8(vld1_s8(from.add(8 * i))))
    }
    #[inline(always)]
    unsafe fn splat_a4(from: *const i16) -> Self::A4 {
        vreinterpretq_s16_s64(vdupq_n_s64(from.cast::<i64>().read_unaligned()))
    }
    #[inline(always)]
    unsafe fn dot4(acc: Self::H, a: Self::A4, w: Self::W4) -> Self::H {
        from_fn(|i| dot(acc[i], a, w[i]))
    }
    #[inline(always)]
    unsafe fn halves_to_f32(halves: [Self::H; 2]) -> Self::F {
        from_fn(|i| {
            let [a, b] = [halves[i / 2][i % 2 * 2], halves[i / 2][i % 2 * 2 + 1]];
            vcvtq_f32_s32(vpaddq_s32(a, b))
        })
    }
    #[inline(always)]
    unsafe fn dot_bytes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        from_fn(|i| dot_codes(acc[i], vld1q_u8(codes.add(16 * i)), a))
    }
    #[inline(always)]
    unsafe fn dot_nibbles(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        from_fn(|i| {
            let bytes = vld1q_u8(codes.add(16 * i));
            let acc = dot_codes(acc[i], vandq_u8(bytes, vdupq_n_u8(15)), a);
            dot_codes(acc, vshrq_n_u8::<4>(bytes), a.add(4))
        })
    }
    #[inline(always)]
    unsafe fn dot_sixes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        from_fn(|i| {
            let rows = [0, 64, 128].map(|row| vld1q_u8(codes.add(row + 16 * i)));
            // The upper bits of each below those of the next.
            let [x, y, z] = rows.map(|row| vshrq_n_u8::<6>(row));
            let last = vsliq_n_u8::<2>(x, vsliq_n_u8::<2>(y, z));
            let lower = rows.map(|row| vandq_u8(row, vdupq_n_u8(63)));
            let acc = dot_codes(acc[i], lower[0], a);
            let acc = dot_codes(acc, lower[1], a.add(4));
            let acc = dot_codes(acc, lower[2], a.add(8));
            dot_codes(acc, last, a.add(12))
        })
    }
}
