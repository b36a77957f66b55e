//! Every processor: plain Rust, which the compiler turns into what the target has.

use std::array::from_fn;

use super::Simd;

/// No instruction set in particular; also the reference for the others.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

/// Adds the products of codes with four activations.
#[inline(always)]
unsafe fn dot(acc: [i32; 16], a: *const i8, codes: [u8; 64]) -> [i32; 16] {
    // SAFETY: the caller has the activations.
    let a = unsafe { a.cast::<[i8; 4]>().read() };
    from_fn(|i| {
        let product = |j: usize| i32::from(a[j]) * i32::from(codes[4 * i + j]);
        acc[i] + product(0) + product(1) + product(2) + product(3)
    })
}

#[allow(
    unsafe_op_in_unsafe_fn,
    reason = "the trait's contract covers every line"
)]
impl Simd for Scalar {
    type F = [f32; 16];
    type S = f32;
    type I = [i32; 16];
    type H = [i32; 16];
    type W2 = [i16; 32];
    type W4 = [i16; 32];
    type A2 = [i16; 2];
    type A4 = [i16; 4];

    const ROWS: usize = 2;
    const WHOLE: bool = false;

    #[inline(always)]
    unsafe fn zero() -> [f32; 16] {
        [0.0; 16]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 16] {
        from.cast::<[f32; 16]>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> [f32; 16] {
        let bits = from.cast::<[u16; 16]>().read_unaligned();
        bits.map(|bits| f32::from_bits(u32::from(bits) << 16))
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> [f32; 16] {
        from.cast::<[i8; 16]>().read().map(f32::from)
    }
    #[inline(always)]
    unsafe fn store(value: [f32; 16], to: *mut f32) {
        to.cast::<[f32; 16]>().write_unaligned(value);
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> f32 {
        value
    }
    #[inline(always)]
    unsafe fn mul_add(acc: [f32; 16], a: f32, b: [f32; 16]) -> [f32; 16] {
        from_fn(|i| acc[i] + a * b[i])
    }
    #[inline(always)]
    unsafe fn mul_add_lanes(acc: [f32; 16], a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|i| acc[i] + a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn scale(a: [f32; 16], b: f32) -> [f32; 16] {
        from_fn(|i| a[i] * b)
    }

    #[inline(always)]
    unsafe fn splat_i(value: i32) -> [i32; 16] {
        [value; 16]
    }
    #[inline(always)]
    unsafe fn load_w2(from: *const i16) -> [i16; 32] {
        from.cast::<[i16; 32]>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn load_w2_bytes(from: *const i8) -> [i16; 32] {
        Self::load_w4(from)
    }
    #[inline(always)]
    unsafe fn splat_a2(from: *const i16) -> [i16; 2] {
        from.cast::<[i16; 2]>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn dot2(acc: [i32; 16], a: [i16; 2], w: [i16; 32]) -> [i32; 16] {
        from_fn(|i| {
            let product = |j: usize| i32::from(a[j]) * i32::from(w[2 * i + j]);
            acc[i] + product(0) + product(1)
        })
    }
    #[inline(always)]
    unsafe fn to_f32(value: [i32; 16]) -> [f32; 16] {
        value.map(|v| v as f32)
    }

    #[inline(always)]
    unsafe fn begin_h(_: *const i32) -> [i32; 16] {
        [0; 16]
    }
    #[inline(always)]
    unsafe fn load_w4(from: *const i8) -> [i16; 32] {
        from.cast::<[i8; 32]>().read_unaligned().map(i16::from)
    }
    #[inline(always)]
    unsafe fn splat_a4(from: *const i16) -> [i16; 4] {
        from.cast::<[i16; 4]>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn dot4(acc: [i32; 16], a: [i16; 4], w: [i16; 32]) -> [i32; 16] {
        from_fn(|i| {
            let product = |j: usize| i32::from(a[2 * (i % 2) + j]) * i32::from(w[2 * i + j]);
            acc[i] + product(0) + product(1)
        })
    }
    #[inline(always)]
    unsafe fn halves_to_f32(halves: [[i32; 16]; 2]) -> [f32; 16] {
        from_fn(|i| {
            let half = &halves[i / 8];
            (half[i % 8 * 2] + half[i % 8 * 2 + 1]) as f32
        })
    }
    #[inline(always)]
    unsafe fn dot_bytes(acc: [i32; 16], a: *const i8, codes: *const u8) -> [i32; 16] {
        dot(acc, a, codes.cast::<[u8; 64]>().read())
    }
    #[inline(always)]
    unsafe fn dot_nibbles(acc: [i32; 16], a: *const i8, codes: *const u8) -> [i32; 16] {
        let bytes = codes.cast::<[u8; 64]>().read();
        let acc = dot(acc, a, bytes.map(|byte| byte & 15));
        dot(acc, a.add(4), bytes.map(|byte| byte >> 4))
    }
    #[inline(always)]
    unsafe fn dot_sixes(acc: [i32; 16], a: *const i8, codes: *const u8) -> [i32; 16] {
        let [x, y, z] = codes.cast::<[[u8; 64]; 3]>().read();
        let last = from_fn(|i| x[i] >> 6 | y[i] >> 6 << 2 | z[i] >> 6 << 4);
        let acc = dot(acc, a, x.map(|byte| byte & 63));
        let acc = dot(acc, a.add(4), y.map(|byte| byte & 63));
        let acc = dot(acc, a.add(8), z.map(|byte| byte & 63));
        dot(acc, a.add(12), last)
    }
}
