//! WebAssembly with 128-bit vectors: four registers a panel. Built with relaxed SIMD, products
//! and sums are rounded once where the processor can.

use std::arch::wasm32::*;
use std::array::from_fn;

use super::{SPLIT_BITS, Simd};

/// SIMD128, with or without relaxed SIMD, which the crate is compiled for: a module that runs has
/// it, so that it needs no proof. `DOT` says whether bytes are multiplied by relaxed SIMD's dot
/// product, whose second operand has 7 bits and no sign. Quants are such operands; activations of
/// q8 products are split into two of them, [`crate::quantised_rows::SplitActivations`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wasm<const DOT: bool>;

/// A constant that is loaded: V8 makes others by three instructions wherever one is used, in loops,
/// too.
#[repr(align(16))]
struct Mask([u8; 16]);

/// Every second byte.
static EVEN_BYTES: Mask = Mask([
    255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0,
]);
/// The lower six bits of every byte.
static LOWER_SIX: Mask = Mask([63; 16]);
/// The lower four.
static LOWER_FOUR: Mask = Mask([15; 16]);

impl Mask {
    #[inline(always)]
    fn load(&self) -> v128 {
        // SAFETY: there are 16 bytes, aligned as a vector is. What is read as volatile is no
        // constant to the compiler.
        unsafe { self.0.as_ptr().cast::<v128>().read_volatile() }
    }
}

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
    /// [`EVEN_BYTES`], where [`Self::dot_quants`] needs it.
    #[inline(always)]
    fn even_bytes() -> v128 {
        if DOT {
            i8x16_splat(0)
        } else {
            EVEN_BYTES.load()
        }
    }

    /// Adds the products of four activations with quants of four outputs.
    ///
    /// # Safety
    ///
    /// The activations can be read.
    #[inline(always)]
    unsafe fn dot_quants(acc: v128, a: *const i8, quants: v128, even_bytes: v128) -> v128 {
        // SAFETY: the caller has the activations.
        let a = unsafe { v128_load32_splat(a.cast()) };
        if DOT {
            return dot_bytes(acc, a, quants);
        }
        // As 16 bits, inputs 0 and 2, then 1 and 3.
        let even = i32x4_dot_i16x8(i16x8_shr(i16x8_shl(a, 8), 8), v128_and(quants, even_bytes));
        let odd = i32x4_dot_i16x8(i16x8_shr(a, 8), u16x8_shr(quants, 8));
        i32x4_add(acc, i32x4_add(even, odd))
    }
}

impl<const DOT: bool> Simd for Wasm<DOT> {
    type F32x16 = [v128; 4];
    type F32Splat = v128;
    type I32x16 = [v128; 4];
    /// Pairs of sums, or the sums over lower halves (0, 1) and over upper ones (2, 3).
    type HalfAcc = [v128; 4];
    type Weights2 = [v128; 4];
    type Weights4 = [v128; 4];
    type Acts2 = v128;
    type Acts4 = [v128; 2];

    const ROWS: usize = 2;
    const FULL_PANEL_FITS: bool = false;
    const PREFETCH_WAITS: bool = true;

    #[inline(always)]
    fn zero(self) -> Self::F32x16 {
        [f32x4_splat(0.0); 4]
    }
    #[inline(always)]
    unsafe fn load_f32(self, from: *const f32) -> Self::F32x16 {
        // SAFETY: the caller has the numbers.
        unsafe { from_fn(|i| v128_load(from.add(4 * i).cast())) }
    }
    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> Self::F32x16 {
        // SAFETY: the caller has the numbers.
        unsafe {
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
    }
    #[inline(always)]
    unsafe fn load_i8(self, from: *const i8) -> Self::F32x16 {
        // SAFETY: the caller has the numbers.
        unsafe {
            let [a, b] = from_fn(|i| i16x8_load_extend_i8x8(from.add(8 * i)));
            [
                i32x4_extend_low_i16x8(a),
                i32x4_extend_high_i16x8(a),
                i32x4_extend_low_i16x8(b),
                i32x4_extend_high_i16x8(b),
            ]
            .map(|numbers| f32x4_convert_i32x4(numbers))
        }
    }
    #[inline(always)]
    unsafe fn store_f32(self, value: Self::F32x16, to: *mut f32) {
        // SAFETY: the caller has the numbers.
        unsafe {
            for (i, value) in value.into_iter().enumerate() {
                v128_store(to.add(4 * i).cast(), value);
            }
        }
    }
    #[inline(always)]
    fn splat(self, value: f32) -> Self::F32Splat {
        f32x4_splat(value)
    }
    #[inline(always)]
    fn mul_add(self, acc: Self::F32x16, a: Self::F32Splat, b: Self::F32x16) -> Self::F32x16 {
        from_fn(|i| fused(acc[i], a, b[i]))
    }
    #[inline(always)]
    fn keep_lanes_0_3(self, a: Self::F32x16) -> Self::F32x16 {
        let mut narrow = self.zero();
        narrow[0] = a[0];
        narrow
    }
    #[inline(always)]
    fn add(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        from_fn(|i| f32x4_add(a[i], b[i]))
    }
    #[inline(always)]
    fn mul(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        from_fn(|i| f32x4_mul(a[i], b[i]))
    }
    #[inline(always)]
    fn scale(self, a: Self::F32x16, b: Self::F32Splat) -> Self::F32x16 {
        from_fn(|i| f32x4_mul(a[i], b))
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> Self::I32x16 {
        [i32x4_splat(value); 4]
    }
    #[inline(always)]
    unsafe fn load_weights2(self, from: *const i16) -> Self::Weights2 {
        // SAFETY: the caller has the numbers.
        unsafe { from_fn(|i| v128_load(from.add(8 * i).cast())) }
    }
    #[inline(always)]
    unsafe fn load_weights2_i8(self, from: *const i8) -> Self::Weights2 {
        // SAFETY: the caller has the numbers.
        unsafe { from_fn(|i| i16x8_load_extend_i8x8(from.add(8 * i))) }
    }
    #[inline(always)]
    unsafe fn splat_acts2(self, from: *const i16) -> Self::Acts2 {
        // SAFETY: the caller has the numbers.
        unsafe { v128_load32_splat(from.cast()) }
    }
    #[inline(always)]
    fn dot2(self, acc: Self::I32x16, a: Self::Acts2, w: Self::Weights2) -> Self::I32x16 {
        from_fn(|i| i32x4_add(acc[i], i32x4_dot_i16x8(a, w[i])))
    }
    #[inline(always)]
    fn to_f32(self, value: Self::I32x16) -> Self::F32x16 {
        value.map(|v| f32x4_convert_i32x4(v))
    }

    #[inline(always)]
    unsafe fn init_half_acc(self, starts: *const i32) -> Self::HalfAcc {
        // SAFETY: the caller has the numbers.
        unsafe {
            let zero = i32x4_splat(0);
            if DOT {
                let [a, b] = from_fn(|i| v128_load(starts.add(4 * i).cast()));
                [zero, zero, a, b]
            } else {
                [zero; 4]
            }
        }
    }
    #[inline(always)]
    unsafe fn load_weights4(self, from: *const i8) -> Self::Weights4 {
        // SAFETY: the caller has the numbers.
        unsafe {
            if DOT {
                let [a, b] = from_fn(|i| v128_load(from.add(16 * i).cast()));
                [a, b, a, b]
            } else {
                from_fn(|i| i16x8_load_extend_i8x8(from.add(8 * i)))
            }
        }
    }
    #[inline(always)]
    unsafe fn splat_acts4(self, from: *const i16) -> Self::Acts4 {
        // SAFETY: the caller has the numbers.
        unsafe {
            if DOT {
                from_fn(|i| v128_load32_splat(from.add(2 * i).cast()))
            } else {
                [v128_load64_splat(from.cast()); 2]
            }
        }
    }
    #[inline(always)]
    fn dot4(self, acc: Self::HalfAcc, a: Self::Acts4, w: Self::Weights4) -> Self::HalfAcc {
        if DOT {
            from_fn(|i| dot_bytes(acc[i], w[i % 2], a[i / 2]))
        } else {
            from_fn(|i| i32x4_add(acc[i], i32x4_dot_i16x8(a[0], w[i])))
        }
    }
    #[inline(always)]
    fn halves_to_f32(self, halves: [Self::HalfAcc; 2]) -> Self::F32x16 {
        from_fn(|i| {
            let (half, at) = (halves[i / 2], i % 2);
            let sums = if DOT {
                // Intermediate results may wrap around: the last one does not.
                i32x4_add(half[at], i32x4_shl(half[2 + at], SPLIT_BITS))
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
    unsafe fn prefetch(self, from: *const u8) {
        // SAFETY: the caller has the numbers.
        unsafe {
            // A load whose result is not used.
            from.read_volatile();
        }
    }
    #[inline(always)]
    unsafe fn dot_bytes(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: the caller has the numbers.
        unsafe {
            let even = Self::even_bytes();
            from_fn(|i| {
                let quants = v128_load(quants.add(16 * i).cast());
                Self::dot_quants(acc[i], a, quants, even)
            })
        }
    }
    #[inline(always)]
    unsafe fn dot_nibbles(
        self,
        acc: Self::I32x16,
        a: *const i8,
        quants: *const u8,
    ) -> Self::I32x16 {
        // SAFETY: the caller has the numbers.
        unsafe {
            let (low, even) = (LOWER_FOUR.load(), Self::even_bytes());
            from_fn(|i| {
                let bytes = v128_load(quants.add(16 * i).cast());
                let acc = Self::dot_quants(acc[i], a, v128_and(bytes, low), even);
                let upper = v128_and(u16x8_shr(bytes, 4), low);
                Self::dot_quants(acc, a.add(4), upper, even)
            })
        }
    }
    #[inline(always)]
    unsafe fn dot_q6(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: the caller has the numbers.
        unsafe {
            let (mask, even) = (LOWER_SIX.load(), Self::even_bytes());
            from_fn(|i| {
                let rows = [0, 64, 128].map(|row| v128_load(quants.add(row + 16 * i).cast()));
                let lower = rows.map(|row| v128_and(row, mask));
                // Bytes have nothing below their upper two bits then, so shifts keep them apart.
                let upper: [v128; 3] = from_fn(|k| v128_xor(rows[k], lower[k]));
                let last = v128_or(u16x8_shr(upper[0], 6), u16x8_shr(upper[1], 4));
                let last = v128_or(last, u16x8_shr(upper[2], 2));
                let acc = Self::dot_quants(acc[i], a, lower[0], even);
                let acc = Self::dot_quants(acc, a.add(4), lower[1], even);
                let acc = Self::dot_quants(acc, a.add(8), lower[2], even);
                Self::dot_quants(acc, a.add(12), last, even)
            })
        }
    }
}
