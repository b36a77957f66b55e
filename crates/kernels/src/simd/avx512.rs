//! x86-64 with AVX-512 and its dot products (VNNI): one register a panel.

use std::arch::asm;
use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::{Simd, SimdOp};

/// Proves that the processor has AVX-512 F, BW and VNNI, besides AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

#[allow(clippy::unused_self, reason = "the token is a proof")]
impl Avx512 {
    /// The token, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Self> {
        let found = Avx2::detect().is_some()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self(()))
    }

    /// Runs `op`, compiled for these instructions.
    #[inline]
    pub(crate) fn run(self, op: impl SimdOp) {
        #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
        fn run(simd: Avx512, op: impl SimdOp) {
            op.run(simd);
        }
        // SAFETY: `self` proves AVX2, FMA, and AVX-512 F, BW and VNNI.
        unsafe { run(self, op) }
    }

    /// Adds the products of pairs. The compiler turns the intrinsic for it into a product and a
    /// sum, which are ready sooner, but take two instructions instead of one.
    #[inline(always)]
    fn dot_pairs(self, acc: __m512i, w: __m512i, a: __m512i) -> __m512i {
        #[inline]
        #[target_feature(enable = "avx512f,avx512vnni")]
        fn vpdpwssd(mut acc: __m512i, w: __m512i, a: __m512i) -> __m512i {
            // SAFETY: the function is compiled for the instruction, which touches nothing but its
            // registers.
            unsafe {
                asm!(
                    "vpdpwssd {acc}, {w}, {a}",
                    acc = inout(zmm_reg) acc,
                    w = in(zmm_reg) w,
                    a = in(zmm_reg) a,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            acc
        }
        // SAFETY: `self` proves AVX-512 F and VNNI.
        unsafe { vpdpwssd(acc, w, a) }
    }

    /// Adds the products of 64 quants below 128 with four activations.
    ///
    /// # Safety
    ///
    /// The activations can be read.
    #[inline(always)]
    unsafe fn dot_quants(self, acc: __m512i, quants: __m512i, a: *const i8) -> __m512i {
        // SAFETY: `self` proves AVX-512 F and VNNI; the caller has the activations.
        unsafe {
            let a = _mm512_set1_epi32(a.cast::<i32>().read_unaligned());
            _mm512_dpbusd_epi32(acc, quants, a)
        }
    }
}

impl Simd for Avx512 {
    type F32x16 = __m512;
    type F32Splat = __m512;
    type I32x16 = __m512i;
    type HalfAcc = __m512i;
    type Weights2 = __m512i;
    type Weights4 = __m512i;
    type Acts2 = __m512i;
    type Acts4 = __m512i;

    const ROWS: usize = 8;
    // The sums over blocks may leave the registers: they are added to once a block.
    const BLOCK_ROWS: usize = 16;
    const FULL_PANEL_FITS: bool = true;

    #[inline(always)]
    fn zero(self) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    fn splat(self, value: f32) -> Self::F32Splat {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    fn mul_add(self, acc: Self::F32x16, a: Self::F32Splat, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_fmadd_ps(a, b, acc) }
    }
    #[inline(always)]
    fn add(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::F32x16, b: Self::F32x16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn scale(self, a: Self::F32x16, b: Self::F32Splat) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn splat_i32(self, value: i32) -> Self::I32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_set1_epi32(value) }
    }
    #[inline(always)]
    fn dot2(self, acc: Self::I32x16, a: Self::Acts2, w: Self::Weights2) -> Self::I32x16 {
        self.dot_pairs(acc, w, a)
    }
    #[inline(always)]
    fn to_f32(self, value: Self::I32x16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_cvtepi32_ps(value) }
    }
    #[inline(always)]
    fn dot4(self, acc: Self::HalfAcc, a: Self::Acts4, w: Self::Weights4) -> Self::HalfAcc {
        self.dot_pairs(acc, w, a)
    }
    #[inline(always)]
    fn halves_to_f32(self, [lower, upper]: [Self::HalfAcc; 2]) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe {
            // Sums of inputs 0, 1 from both registers, then those of inputs 2, 3.
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            let a = _mm512_permutex2var_epi32(lower, even, upper);
            let b = _mm512_permutex2var_epi32(lower, odd, upper);
            _mm512_cvtepi32_ps(_mm512_add_epi32(a, b))
        }
    }
    #[inline(always)]
    unsafe fn load_f32(self, from: *const f32) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn load_bf16(self, from: *const u16) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe {
            let bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))
        }
    }
    #[inline(always)]
    unsafe fn load_i8(self, from: *const i8) -> Self::F32x16 {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_f32(self, value: Self::F32x16, to: *mut f32) {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe {
            _mm512_storeu_ps(to, value);
        }
    }
    #[inline(always)]
    unsafe fn load_weights2(self, from: *const i16) -> Self::Weights2 {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }
    #[inline(always)]
    unsafe fn load_weights2_i8(self, from: *const i8) -> Self::Weights2 {
        // SAFETY: `self` proves AVX-512 F and BW; the caller has the numbers.
        unsafe { self.load_weights4(from) }
    }
    #[inline(always)]
    unsafe fn splat_acts2(self, from: *const i16) -> Self::Acts2 {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn init_half_acc(self, _: *const i32) -> Self::HalfAcc {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    unsafe fn load_weights4(self, from: *const i8) -> Self::Weights4 {
        // SAFETY: `self` proves AVX-512 F and BW; the caller has the numbers.
        unsafe { _mm512_cvtepi8_epi16(_mm256_loadu_si256(from.cast())) }
    }
    #[inline(always)]
    unsafe fn splat_acts4(self, from: *const i16) -> Self::Acts4 {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe { _mm512_set1_epi64(from.cast::<i64>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn dot_bytes(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: `self` proves AVX-512 F; the caller has the numbers.
        unsafe { self.dot_quants(acc, _mm512_loadu_si512(quants.cast()), a) }
    }
    #[inline(always)]
    unsafe fn dot_nibbles(
        self,
        acc: Self::I32x16,
        a: *const i8,
        quants: *const u8,
    ) -> Self::I32x16 {
        // SAFETY: `self` proves AVX-512 F and BW; the caller has the numbers.
        unsafe {
            let low = _mm512_set1_epi8(15);
            let bytes = _mm512_loadu_si512(quants.cast());
            let acc = self.dot_quants(acc, _mm512_and_si512(bytes, low), a);
            let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low);
            self.dot_quants(acc, upper, a.add(4))
        }
    }
    #[inline(always)]
    unsafe fn dot_q6(self, acc: Self::I32x16, a: *const i8, quants: *const u8) -> Self::I32x16 {
        // SAFETY: `self` proves AVX-512 F and BW; the caller has the numbers.
        unsafe {
            let x = _mm512_loadu_si512(quants.cast());
            let y = _mm512_loadu_si512(quants.add(64).cast());
            let z = _mm512_loadu_si512(quants.add(128).cast());
            // Two bits each; shifts of 16 bits move bits into other bytes, which are masked.
            let first = _mm512_and_si512(_mm512_srli_epi16::<6>(x), _mm512_set1_epi8(0b11));
            let second = _mm512_and_si512(_mm512_srli_epi16::<4>(y), _mm512_set1_epi8(0b11 << 2));
            let third = _mm512_and_si512(_mm512_srli_epi16::<2>(z), _mm512_set1_epi8(0b11 << 4));
            let last = _mm512_or_si512(_mm512_or_si512(first, second), third);
            let lower = _mm512_set1_epi8(63);
            let acc = self.dot_quants(acc, _mm512_and_si512(x, lower), a);
            let acc = self.dot_quants(acc, _mm512_and_si512(y, lower), a.add(4));
            let acc = self.dot_quants(acc, _mm512_and_si512(z, lower), a.add(8));
            self.dot_quants(acc, last, a.add(12))
        }
    }
    #[inline(always)]
    unsafe fn prefetch(self, from: *const u8) {
        // SAFETY: every x86-64 has SSE; no memory is read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
    }
}
