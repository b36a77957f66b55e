//! Every processor: plain Rust, which the compiler turns into what the target has.

use std::array::from_fn;

use super::Simd;

/// No instruction set in particular, so that it proves nothing; also the reference for the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar;

/// Adds the products of quants with four activations.
///
/// # Safety
///
/// The activations can be read.
#[inline(always)]
unsafe fn dot_quants(acc: [i32; 16], a: *const i8, quants: [u8; 64]) -> [i32; 16] {
    // SAFETY: the caller has the activations.
    let a = unsafe { a.cast::<[i8; 4]>().read() }.map(i32::from);
    let mut sums = acc;
    for (sum, quants) in sums.iter_mut().zip(quants.as_chunks::<4>().0) {
        let [b, c, d, e] = quants.map(i32::from);
        *sum += a[0] * b + a[1] * c + a[2] * d + a[3] * e;
    }
    sums
}

impl Simd for Scalar {
    type F32x16 = [f32; 16];
    type F32Splat = f32;
    type I32x16 = [i32; 16];
    type HalfAcc = [i32; 16];
    type Weights2 = [i16; 32];
    type Weights4 = [i16; 32];
    type Acts2 = [i16; 2];
    type Acts4 = [i16; 4];

    const ROWS: usize = 2;
    const FULL_PANEL_FITS: bool = false;

    #[inline(always)]
    fn zero(self) -> [f32; 16] {
        [0.0; 16]
    }
    #[inline(always)]
    unsafe fn load_f32(self, from: *const f32) -> [f32; 16] {
        // SAFETY: the caller has the numbers.
        unsafe { from.cast::<[f32; 16]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> [f32; 16] {
        // SAFETY: the caller has the numbers.
        unsafe {
            let bits = from.cast::<[u16; 16]>().read_unaligned();
            bits.map(|bits| f32::from_bits(u32::from(bits) << 16))
        }
    }
    #[inline(always)]
    unsafe fn load_i8(self, from: *const i8) -> [f32; 16] {
        // SAFETY: the caller has the numbers.
        unsafe { from.cast::<[i8; 16]>().read().map(f32::from) }
    }
    #[inline(always)]
    unsafe fn store_f32(self, value: [f32; 16], to: *mut f32) {
        // SAFETY: the caller has the numbers.
        unsafe {
            to.cast::<[f32; 16]>().write_unaligned(value);
        }
    }
    #[inline(always)]
    fn splat(self, value: f32) -> f32 {
        value
    }
    #[inline(always)]
    fn mul_add(self, acc: [f32; 16], a: f32, b: [f32; 16]) -> [f32; 16] {
        from_fn(|i| acc[i] + a * b[i])
    }
    #[inline(always)]
    fn add(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn mul(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn scale(self, a: [f32; 16], b: f32) -> [f32; 16] {
        from_fn(|i| a[i] * b)
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> [i32; 16] {
        [value; 16]
    }
    #[inline(always)]
    unsafe fn load_weights2(self, from: *const i16) -> [i16; 32] {
        // SAFETY: the caller has the numbers.
        unsafe { from.cast::<[i16; 32]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_weights2_i8(self, from: *const i8) -> [i16; 32] {
        // SAFETY: the caller has the numbers.
        unsafe { self.load_weights4(from) }
    }
    #[inline(always)]
    unsafe fn splat_acts2(self, from: *const i16) -> [i16; 2] {
        // SAFETY: the caller has the numbers.
        unsafe { from.cast::<[i16; 2]>().read_unaligned() }
    }
    #[inline(always)]
    fn dot2(self, acc: [i32; 16], a: [i16; 2], w: [i16; 32]) -> [i32; 16] {
        from_fn(|i| {
            let product = |j: usize| i32::from(a[j]) * i32::from(w[2 * i + j]);
            acc[i] + product(0) + product(1)
        })
    }
    #[inline(always)]
    fn to_f32(self, value: [i32; 16]) -> [f32; 16] {
        value.map(|v| v as f32)
    }

    #[inline(always)]
    unsafe fn init_half_acc(self, _: *const i32) -> [i32; 16] {
        [0; 16]
    }
    #[inline(always)]
    unsafe fn load_weights4(self, from: *const i8) -> [i16; 32] {
        // SAFETY: the caller has the numbers.
        unsafe { from.cast::<[i8; 32]>().read_unaligned().map(i16::from) }
    }
    #[inline(always)]
    unsafe fn splat_acts4(self, from: *const i16) -> [i16; 4] {
        // SAFETY: the caller has the numbers.
        unsafe { from.cast::<[i16; 4]>().read_unaligned() }
    }
    #[inline(always)]
    fn dot4(self, acc: [i32; 16], a: [i16; 4], w: [i16; 32]) -> [i32; 16] {
        from_fn(|i| {
            let product = |j: usize| i32::from(a[2 * (i % 2) + j]) * i32::from(w[2 * i + j]);
            acc[i] + product(0) + product(1)
        })
    }
    #[inline(always)]
    fn halves_to_f32(self, halves: [[i32; 16]; 2]) -> [f32; 16] {
        from_fn(|i| {
            let half = &halves[i / 8];
            (half[i % 8 * 2] + half[i % 8 * 2 + 1]) as f32
        })
    }
    #[inline(always)]
    unsafe fn dot_bytes(self, acc: [i32; 16], a: *const i8, quants: *const u8) -> [i32; 16] {
        // SAFETY: the caller has the numbers.
        unsafe { dot_quants(acc, a, quants.cast::<[u8; 64]>().read()) }
    }
    #[inline(always)]
    unsafe fn dot_nibbles(self, acc: [i32; 16], a: *const i8, quants: *const u8) -> [i32; 16] {
        // SAFETY: the caller has the numbers.
        unsafe {
            let bytes = quants.cast::<[u8; 64]>().read();
            let acc = dot_quants(acc, a, bytes.map(|byte| byte & 15));
            dot_quants(acc, a.add(4), bytes.map(|byte| byte >> 4))
        }
    }
    #[inline(always)]
    unsafe fn dot_q6(self, acc: [i32; 16], a: *const i8, quants: *const u8) -> [i32; 16] {
        // SAFETY: the caller has the numbers.
        unsafe {
            let [x, y, z] = quants.cast::<[[u8; 64]; 3]>().read();
            let last = from_fn(|i| x[i] >> 6 | y[i] >> 6 << 2 | z[i] >> 6 << 4);
            let acc = dot_quants(acc, a, x.map(|byte| byte & 63));
            let acc = dot_quants(acc, a.add(4), y.map(|byte| byte & 63));
            let acc = dot_quants(acc, a.add(8), z.map(|byte| byte & 63));
            dot_quants(acc, a.add(12), last)
        }
    }
}
