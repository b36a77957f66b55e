//! x86-64 with AVX2 and FMA: two registers a panel.

use std::arch::x86_64::*;

use super::{PanelBytes4, Simd, SimdOp};
use crate::QUANT_BLOCK;

/// Proves that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

#[allow(clippy::unused_self, reason = "the token is a proof")]
impl Avx2 {
    /// The token, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Self> {
        // Miri interprets no vectors of this kind.
        let found =
            !cfg!(miri) && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self(()))
    }

    /// Runs `op`, compiled for these instructions.
    #[inline]
    pub(crate) fn run(self, op: impl SimdOp) {
        #[target_feature(enable = "avx2,fma")]
        fn run(simd: Avx2, op: impl SimdOp) {
            op.run(simd);
        }
        // SAFETY: `self` proves AVX2 and FMA.
        unsafe { run(self, op) }
    }

    /// The products of 32 quants below 128 with four activations, in 16 bits: two added for each.
    ///
    /// # Safety
    ///
    /// The activations can be read.
    #[inline(always)]
    unsafe fn short_products(self, quants: __m256i, a: *const i8) -> __m256i {
        // SAFETY: `self` proves AVX2; the caller has the activations.
        unsafe {
            let a = _mm256_set1_epi32(a.cast::<i32>().read_unaligned());
            _mm256_maddubs_epi16(quants, a)
        }
    }

    /// Adds sums of 16 bits, two of them to each of 32 bits.
    #[inline(always)]
    fn add_short_sums(self, acc: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_add_epi32(acc, _mm256_madd_epi16(sums, _mm256_set1_epi16(1))) }
    }

    /// One half of [`Simd::dot_nibbles`]'s outputs.
    ///
    /// # Safety
    ///
    /// 8 activations and 32 bytes can be read.
    #[inline(always)]
    unsafe fn dot_nibbles_half(self, acc: __m256i, a: *const i8, quants: *const u8) -> __m256i {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            let low = _mm256_set1_epi8(15);
            let bytes = _mm256_loadu_si256(quants.cast());
            let lower = self.short_products(_mm256_and_si256(bytes, low), a);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low);
            let upper = self.short_products(upper, a.add(4));
            self.add_short_sums(acc, _mm256_add_epi16(lower, upper))
        }
    }

    /// One half of [`Simd::dot_q6`]'s outputs.
    ///
    /// # Safety
    ///
    /// 16 activations, and 32 bytes of each of the three rows can be read.
    #[inline(always)]
    unsafe fn dot_q6_half(self, acc: __m256i, a: *const i8, quants: *const u8) -> __m256i {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            let x = _mm256_loadu_si256(quants.cast());
            let y = _mm256_loadu_si256(quants.add(64).cast());
            let z = _mm256_loadu_si256(quants.add(128).cast());
            // Two bits each; shifts of 16 bits move bits into other bytes, which are masked.
            let first = _mm256_and_si256(_mm256_srli_epi16::<6>(x), _mm256_set1_epi8(0b11));
            let second = _mm256_and_si256(_mm256_srli_epi16::<4>(y), _mm256_set1_epi8(0b11 << 2));
            let third = _mm256_and_si256(_mm256_srli_epi16::<2>(z), _mm256_set1_epi8(0b11 << 4));
            let last = _mm256_or_si256(_mm256_or_si256(first, second), third);
            let lower = _mm256_set1_epi8(63);
            // Products of two quants below 64 and two activations fit into 16 bits twice.
            let [x, y, z] = [x, y, z].map(|quants| _mm256_and_si256(quants, lower));
            let (x, y) = (self.short_products(x, a), self.short_products(y, a.add(4)));
            let acc = self.add_short_sums(acc, _mm256_add_epi16(x, y));
            let z = self.short_products(z, a.add(8));
            let last = self.short_products(last, a.add(12));
            self.add_short_sums(acc, _mm256_add_epi16(z, last))
        }
    }
}

impl Simd for Avx2 {
    type F32x16 = [__m256; 2];
    type F32Splat = __m256;
    type I32x16 = [__m256i; 2];
    type HalfAcc = [__m256i; 2];
    type Weights2 = [__m256i; 2];
    type Weights4 = [__m256i; 2];
    type Acts2 = __m256i;
    type Acts4 = __m256i;

    const ROWS: usize = 4;
    const FULL_PANEL_FITS: bool = false;

    #[inline(always)]
    fn zero(self) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe { [_mm256_setzero_ps(); 2] }
    }
    #[inline(always)]
    fn splat(self, value: f32) -> Self::F32Splat {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    fn mul_add(self, acc: Self::F32x16, a: Self::F32Splat, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves FMA.
        unsafe {
            [
                _mm256_fmadd_ps(a, b[0], acc[0]),
                _mm256_fmadd_ps(a, b[1], acc[1]),
            ]
        }
    }
    #[inline(always)]
    fn add(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn scale(self, a: Self::F32x16, b: Self::F32Splat) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe { [_mm256_mul_ps(a[0], b), _mm256_mul_ps(a[1], b)] }
    }
    #[inline(always)]
    fn splat_i32(self, value: i32) -> Self::I32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe { [_mm256_set1_epi32(value); 2] }
    }
    #[inline(always)]
    fn dot2(self, acc: Self::I32x16, a: Self::Acts2, w: Self::Weights2) -> Self::I32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe {
            [
                _mm256_add_epi32(acc[0], _mm256_madd_epi16(a, w[0])),
                _mm256_add_epi32(acc[1], _mm256_madd_epi16(a, w[1])),
            ]
        }
    }
    #[inline(always)]
    fn to_f32(self, value: Self::I32x16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe { [_mm256_cvtepi32_ps(value[0]), _mm256_cvtepi32_ps(value[1])] }
    }
    #[inline(always)]
    fn dot4(self, acc: Self::HalfAcc, a: Self::Acts4, w: Self::Weights4) -> Self::HalfAcc {
        // SAFETY: `self` proves AVX2.
        unsafe {
            [
                _mm256_add_epi32(acc[0], _mm256_madd_epi16(a, w[0])),
                _mm256_add_epi32(acc[1], _mm256_madd_epi16(a, w[1])),
            ]
        }
    }
    #[inline(always)]
    fn halves_to_f32(self, [lower, upper]: [Self::HalfAcc; 2]) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2.
        unsafe {
            // Outputs 0 1 4 5 | 2 3 6 7: halves of both registers alternate.
            let lower = _mm256_hadd_epi32(lower[0], lower[1]);
            let upper = _mm256_hadd_epi32(upper[0], upper[1]);
            [
                _mm256_cvtepi32_ps(_mm256_permute4x64_epi64::<0b11_01_10_00>(lower)),
                _mm256_cvtepi32_ps(_mm256_permute4x64_epi64::<0b11_01_10_00>(upper)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn load_f32(self, from: *const f32) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
    }
    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            let a = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
            let b = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.add(8).cast()));
            [
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(a)),
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(b)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn load_i8(self, from: *const i8) -> Self::F32x16 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            let a = _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast()));
            let b = _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.add(8).cast()));
            [_mm256_cvtepi32_ps(a), _mm256_cvtepi32_ps(b)]
        }
    }
    #[inline(always)]
    unsafe fn store_f32(self, value: Self::F32x16, to: *mut f32) {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            _mm256_storeu_ps(to, value[0]);
            _mm256_storeu_ps(to.add(8), value[1]);
        }
    }
    #[inline(always)]
    unsafe fn load_weights2(self, from: *const i16) -> Self::Weights2 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            [
                _mm256_loadu_si256(from.cast()),
                _mm256_loadu_si256(from.add(16).cast()),
            ]
        }
    }
    #[inline(always)]
    unsafe fn load_weights2_i8(self, from: *const i8) -> Self::Weights2 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe { self.load_weights4(from) }
    }
    #[inline(always)]
    unsafe fn splat_acts2(self, from: *const i16) -> Self::Acts2 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn init_half_acc(self, _: *const i32) -> Self::HalfAcc {
        // SAFETY: `self` proves AVX2.
        unsafe { [_mm256_setzero_si256(); 2] }
    }
    #[inline(always)]
    unsafe fn load_weights4(self, from: *const i8) -> Self::Weights4 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            [
                _mm256_cvtepi8_epi16(_mm_loadu_si128(from.cast())),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(from.add(16).cast())),
            ]
        }
    }
    #[inline(always)]
    unsafe fn splat_acts4(self, from: *const i16) -> Self::Acts4 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe { _mm256_set1_epi64x(from.cast::<i64>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn dot_bytes(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            let lower = _mm256_loadu_si256(quants.cast());
            let upper = _mm256_loadu_si256(quants.add(32).cast());
            [
                self.add_short_sums(acc[0], self.short_products(lower, a)),
                self.add_short_sums(acc[1], self.short_products(upper, a)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn dot_block<const R: usize>(
        self,
        acc: &mut [Self::I32x16; R],
        a: *const [i8; 4],
        quants: *const PanelBytes4,
        short_fours: usize,
    ) {
        for first in (0..QUANT_BLOCK / 4).step_by(short_fours) {
            for (r, acc) in acc.iter_mut().enumerate() {
                for (half, acc) in acc.iter_mut().enumerate() {
                    // SAFETY: `self` proves AVX2; the caller has the numbers.
                    unsafe {
                        let mut sums = _mm256_setzero_si256();
                        for four in first..first + short_fours {
                            let quants = quants.add(four).cast::<__m256i>().add(half);
                            let quants = _mm256_loadu_si256(quants);
                            let products = self.short_products(quants, a.add(four * R + r).cast());
                            sums = _mm256_add_epi16(sums, products);
                        }
                        *acc = self.add_short_sums(*acc, sums);
                    }
                }
            }
        }
    }
    #[inline(always)]
    unsafe fn dot_nibbles(
        self,
        acc: Self::I32x16,
        a: *const i8,
        quants: *const u8,
    ) -> Self::I32x16 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            [
                self.dot_nibbles_half(acc[0], a, quants),
                self.dot_nibbles_half(acc[1], a, quants.add(32)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn dot_q6(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: `self` proves AVX2; the caller has the numbers.
        unsafe {
            [
                self.dot_q6_half(acc[0], a, quants),
                self.dot_q6_half(acc[1], a, quants.add(32)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn prefetch(self, from: *const u8) {
        // SAFETY: every x86-64 has SSE; no memory is read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
    }
}
