//! 64-bit Arm: four registers a panel.

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};
use std::array::from_fn;

use super::{SPLIT_BITS, Simd, SimdOp};

/// Proves NEON, which every 64-bit Arm has, and with `DOT` the dot product of bytes. Where there
/// is one, activations of q8 products are split in two, [`crate::quantised_rows::SplitActivations`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon<const DOT: bool>(());

impl Neon<false> {
    /// The token.
    pub(crate) const TOKEN: Self = Self(());
}

impl Neon<true> {
    /// The token, if the processor has the instruction.
    pub(crate) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("dotprod").then_some(Self(()))
    }

    /// Runs `op`, compiled for these instructions.
    #[inline]
    pub(crate) fn run(self, op: impl SimdOp) {
        #[target_feature(enable = "neon,dotprod")]
        fn run(simd: Neon<true>, op: impl SimdOp) {
            op.run(simd);
        }
        // SAFETY: `self` proves NEON and the dot product.
        unsafe { run(self, op) }
    }
}

/// Adds the products of four signed bytes each. The intrinsic for it is not stable yet.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn sdot(mut acc: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: the function is compiled for the instruction, which touches nothing but its
    // registers.
    unsafe {
        asm!(
            "sdot {acc:v}.4s, {a:v}.16b, {b:v}.16b",
            acc = inout(vreg) acc,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    acc
}

#[allow(clippy::unused_self, reason = "the token is a proof")]
impl<const DOT: bool> Neon<DOT> {
    /// Products of neighbours, summed.
    #[inline(always)]
    fn dot_pairs(self, acc: int32x4_t, a: int16x8_t, w: int16x8_t) -> int32x4_t {
        // SAFETY: `self` proves NEON.
        unsafe {
            let low = vmull_s16(vget_low_s16(a), vget_low_s16(w));
            let high = vmull_high_s16(a, w);
            vaddq_s32(acc, vpaddq_s32(low, high))
        }
    }

    /// Adds the products of 16 quants below 128 with four activations. Without dot products, two
    /// products fit into 16 bits.
    ///
    /// # Safety
    ///
    /// The activations can be read.
    #[inline(always)]
    unsafe fn dot_quants(self, acc: int32x4_t, quants: uint8x16_t, a: *const i8) -> int32x4_t {
        // SAFETY: `self` proves NEON; the caller has the activations.
        unsafe {
            let a = vreinterpretq_s8_s32(vdupq_n_s32(a.cast::<i32>().read_unaligned()));
            let quants = vreinterpretq_s8_u8(quants);
            if DOT {
                return sdot(acc, quants, a);
            }
            let low = vmull_s8(vget_low_s8(a), vget_low_s8(quants));
            let high = vmull_high_s8(a, quants);
            vpadalq_s16(acc, vpaddq_s16(low, high))
        }
    }
}

impl<const DOT: bool> Simd for Neon<DOT> {
    type F32x16 = [float32x4_t; 4];
    type F32Splat = float32x4_t;
    type I32x16 = [int32x4_t; 4];
    /// Pairs of sums, or the sums over lower halves (0, 1) and over upper ones (2, 3).
    type HalfAcc = [int32x4_t; 4];
    type Weights2 = [int16x8_t; 4];
    type Weights4 = [int16x8_t; 4];
    type Acts2 = int16x8_t;
    type Acts4 = [int16x8_t; 2];

    const ROWS: usize = 4;
    const FULL_PANEL_FITS: bool = false;

    #[inline(always)]
    fn zero(self) -> Self::F32x16 {
        // SAFETY: `self` proves NEON.
        unsafe { [vdupq_n_f32(0.0); 4] }
    }
    #[inline(always)]
    unsafe fn load_f32(self, from: *const f32) -> Self::F32x16 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe { from_fn(|i| vld1q_f32(from.add(4 * i))) }
    }
    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> Self::F32x16 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe {
            from_fn(|i| {
                vreinterpretq_f32_u32(vshlq_n_u32::<16>(vmovl_u16(vld1_u16(from.add(4 * i)))))
            })
        }
    }
    #[inline(always)]
    unsafe fn load_i8(self, from: *const i8) -> Self::F32x16 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe {
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
    }
    #[inline(always)]
    unsafe fn store_f32(self, value: Self::F32x16, to: *mut f32) {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe {
            for (i, value) in value.into_iter().enumerate() {
                vst1q_f32(to.add(4 * i), value);
            }
        }
    }
    #[inline(always)]
    fn splat(self, value: f32) -> Self::F32Splat {
        // SAFETY: `self` proves NEON.
        unsafe { vdupq_n_f32(value) }
    }
    #[inline(always)]
    fn mul_add(self, acc: Self::F32x16, a: Self::F32Splat, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves NEON.
        unsafe { from_fn(|i| vfmaq_f32(acc[i], a, b[i])) }
    }
    #[inline(always)]
    fn add(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves NEON.
        unsafe { from_fn(|i| vaddq_f32(a[i], b[i])) }
    }
    #[inline(always)]
    fn mul(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves NEON.
        unsafe { from_fn(|i| vmulq_f32(a[i], b[i])) }
    }
    #[inline(always)]
    fn scale(self, a: Self::F32x16, b: Self::F32Splat) -> Self::F32x16 {
        // SAFETY: `self` proves NEON.
        unsafe { from_fn(|i| vmulq_f32(a[i], b)) }
    }

    #[inline(always)]
    fn splat_i32(self, value: i32) -> Self::I32x16 {
        // SAFETY: `self` proves NEON.
        unsafe { [vdupq_n_s32(value); 4] }
    }
    #[inline(always)]
    unsafe fn load_weights2(self, from: *const i16) -> Self::Weights2 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe { from_fn(|i| vld1q_s16(from.add(8 * i))) }
    }
    #[inline(always)]
    unsafe fn load_weights2_i8(self, from: *const i8) -> Self::Weights2 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe { from_fn(|i| vmovl_s8(vld1_s8(from.add(8 * i)))) }
    }
    #[inline(always)]
    unsafe fn splat_acts2(self, from: *const i16) -> Self::Acts2 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe { vreinterpretq_s16_s32(vdupq_n_s32(from.cast::<i32>().read_unaligned())) }
    }
    #[inline(always)]
    fn dot2(self, acc: Self::I32x16, a: Self::Acts2, w: Self::Weights2) -> Self::I32x16 {
        from_fn(|i| self.dot_pairs(acc[i], a, w[i]))
    }
    #[inline(always)]
    fn to_f32(self, value: Self::I32x16) -> Self::F32x16 {
        // SAFETY: `self` proves NEON.
        unsafe { value.map(|v| vcvtq_f32_s32(v)) }
    }

    #[inline(always)]
    unsafe fn init_half_acc(self, starts: *const i32) -> Self::HalfAcc {
        // SAFETY: `self` proves NEON; where activations are split, the caller has the numbers.
        unsafe {
            let zero = vdupq_n_s32(0);
            if DOT {
                [zero, zero, vld1q_s32(starts), vld1q_s32(starts.add(4))]
            } else {
                [zero; 4]
            }
        }
    }
    #[inline(always)]
    unsafe fn load_weights4(self, from: *const i8) -> Self::Weights4 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe {
            if DOT {
                let [a, b] = from_fn(|i| vreinterpretq_s16_s8(vld1q_s8(from.add(16 * i))));
                [a, b, a, b]
            } else {
                self.load_weights2_i8(from)
            }
        }
    }
    #[inline(always)]
    unsafe fn splat_acts4(self, from: *const i16) -> Self::Acts4 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe {
            if DOT {
                from_fn(|i| self.splat_acts2(from.add(2 * i)))
            } else {
                [vreinterpretq_s16_s64(vdupq_n_s64(from.cast::<i64>().read_unaligned())); 2]
            }
        }
    }
    #[inline(always)]
    fn dot4(self, acc: Self::HalfAcc, a: Self::Acts4, w: Self::Weights4) -> Self::HalfAcc {
        if DOT {
            // SAFETY: `self` proves NEON and the dot product.
            let dot =
                |acc, w, a| unsafe { sdot(acc, vreinterpretq_s8_s16(w), vreinterpretq_s8_s16(a)) };
            from_fn(|i| dot(acc[i], w[i], a[i / 2]))
        } else {
            from_fn(|i| self.dot_pairs(acc[i], a[0], w[i]))
        }
    }
    #[inline(always)]
    fn halves_to_f32(self, halves: [Self::HalfAcc; 2]) -> Self::F32x16 {
        // SAFETY: `self` proves NEON.
        unsafe {
            from_fn(|i| {
                let (half, at) = (halves[i / 2], i % 2);
                let sums = if DOT {
                    // Intermediate results may wrap around: the last one does not.
                    vaddq_s32(half[at], vshlq_n_s32::<{ SPLIT_BITS as i32 }>(half[2 + at]))
                } else {
                    vpaddq_s32(half[2 * at], half[2 * at + 1])
                };
                vcvtq_f32_s32(sums)
            })
        }
    }
    #[inline(always)]
    unsafe fn dot_bytes(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe { from_fn(|i| self.dot_quants(acc[i], vld1q_u8(quants.add(16 * i)), a)) }
    }
    #[inline(always)]
    unsafe fn dot_nibbles(
        self,
        acc: Self::I32x16,
        a: *const i8,
        quants: *const u8,
    ) -> Self::I32x16 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe {
            from_fn(|i| {
                let bytes = vld1q_u8(quants.add(16 * i));
                let acc = self.dot_quants(acc[i], vandq_u8(bytes, vdupq_n_u8(15)), a);
                self.dot_quants(acc, vshrq_n_u8::<4>(bytes), a.add(4))
            })
        }
    }
    #[inline(always)]
    unsafe fn dot_q6(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: `self` proves NEON; the caller has the numbers.
        unsafe {
            from_fn(|i| {
                let rows = [0, 64, 128].map(|row| vld1q_u8(quants.add(row + 16 * i)));
                // The upper bits of each below those of the next.
                let [x, y, z] = rows.map(|row| vshrq_n_u8::<6>(row));
                let last = vsliq_n_u8::<2>(x, vsliq_n_u8::<2>(y, z));
                let lower = rows.map(|row| vandq_u8(row, vdupq_n_u8(63)));
                let acc = self.dot_quants(acc[i], lower[0], a);
                let acc = self.dot_quants(acc, lower[1], a.add(4));
                let acc = self.dot_quants(acc, lower[2], a.add(8));
                self.dot_quants(acc, last, a.add(12))
            })
        }
    }
}
