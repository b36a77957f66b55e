//! x86-64 with AVX-512 and its dot products (VNNI): one register a panel.

use std::arch::asm;
use std::arch::x86_64::*;

use super::Simd;

/// AVX-512 F, BW and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512;

/// Adds the products of pairs. Of the intrinsic for it the compiler makes a product and a sum,
/// which are ready sooner, but take the place of two.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn dot_pairs(mut acc: __m512i, w: __m512i, a: __m512i) -> __m512i {
    // SAFETY: the instruction is there, and touches nothing but its registers.
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

/// Adds the products of codes with four activations.
#[inline(always)]
unsafe fn dot(acc: __m512i, codes: __m512i, a: *const i8) -> __m512i {
    // SAFETY: the caller has the instructions and the activations.
    unsafe {
        let a = _mm512_set1_epi32(a.cast::<i32>().read_unaligned());
        _mm512_dpbusd_epi32(acc, codes, a)
    }
}

#[allow(
    unsafe_op_in_unsafe_fn,
    reason = "the trait's contract covers every line"
)]
impl Simd for Avx512 {
    type F = __m512;
    type S = __m512;
    type I = __m512i;
    type H = __m512i;
    type W2 = __m512i;
    type W4 = __m512i;
    type A2 = __m512i;
    type A4 = __m512i;

    const ROWS: usize = 8;
    const WHOLE: bool = true;

    #[inline(always)]
    unsafe fn zero() -> Self::F {
        _mm512_setzero_ps()
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        _mm512_loadu_ps(from)
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        let bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))
    }
    #[inline(always)]
    unsafe fn load_i8(from: *const i8) -> Self::F {
        _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast())))
    }
    #[inline(always)]
    unsafe fn store(value: Self::F, to: *mut f32) {
        _mm512_storeu_ps(to, value);
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::S {
        _mm512_set1_ps(value)
    }
    #[inline(always)]
    unsafe fn mul_add(acc: Self::F, a: Self::S, b: Self::F) -> Self::F {
        _mm512_fmadd_ps(a, b, acc)
    }
    #[inline(always)]
    unsafe fn mul_add_lanes(acc: Self::F, a: Self::F, b: Self::F) -> Self::F {
        _mm512_fmadd_ps(a, b, acc)
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        _mm512_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        _mm512_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn scale(a: Self::F, b: Self::S) -> Self::F {
        _mm512_mul_ps(a, b)
    }

    #[inline(always)]
    unsafe fn splat_i(value: i32) -> Self::I {
        _mm512_set1_epi32(value)
    }
    #[inline(always)]
    unsafe fn load_w2(from: *const i16) -> Self::W2 {
        _mm512_loadu_si512(from.cast())
    }
    #[inline(always)]
    unsafe fn load_w2_bytes(from: *const i8) -> Self::W2 {
        Self::load_w4(from)
    }
    #[inline(always)]
    unsafe fn splat_a2(from: *const i16) -> Self::A2 {
        _mm512_set1_epi32(from.cast::<i32>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn dot2(acc: Self::I, a: Self::A2, w: Self::W2) -> Self::I {
        dot_pairs(acc, w, a)
    }
    #[inline(always)]
    unsafe fn to_f32(value: Self::I) -> Self::F {
        _mm512_cvtepi32_ps(value)
    }

    #[inline(always)]
    unsafe fn begin_h(_: *const i32) -> Self::H {
        _mm512_setzero_si512()
    }
    #[inline(always)]
    unsafe fn load_w4(from: *const i8) -> Self::W4 {
        _mm512_cvtepi8_epi16(_mm256_loadu_si256(from.cast()))
    }
    #[inline(always)]
    unsafe fn splat_a4(from: *const i16) -> Self::A4 {
        _mm512_set1_epi64(from.cast::<i64>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn dot4(acc: Self::H, a: Self::A4, w: Self::W4) -> Self::H {
        dot_pairs(acc, w, a)
    }
    #[inline(always)]
    unsafe fn halves_to_f32([lower, upper]: [Self::H; 2]) -> Self::F {
        // Sums of inputs 0, 1 from both registers, then those of inputs 2, 3.
        let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        let a = _mm512_permutex2var_epi32(lower, even, upper);
        let b = _mm512_permutex2var_epi32(lower, odd, upper);
        _mm512_cvtepi32_ps(_mm512_add_epi32(a, b))
    }
    #[inline(always)]
    unsafe fn dot_bytes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        dot(acc, _mm512_loadu_si512(codes.cast()), a)
    }
    #[inline(always)]
    unsafe fn dot_nibbles(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        let low = _mm512_set1_epi8(15);
        let bytes = _mm512_loadu_si512(codes.cast());
        let acc = dot(acc, _mm512_and_si512(bytes, low), a);
        let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low);
        dot(acc, upper, a.add(4))
    }
    #[inline(always)]
    unsafe fn dot_sixes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        let bits = |byte| _mm512_set1_epi8(byte);
        let [x, y, z] = [0, 64, 128].map(|row| _mm512_loadu_si512(codes.add(row).cast()));
        // Two bits each, which shifts of 16 bits mix with what is masked.
        let first = _mm512_and_si512(_mm512_srli_epi16::<6>(x), bits(0b11));
        let second = _mm512_and_si512(_mm512_srli_epi16::<4>(y), bits(0b11 << 2));
        let third = _mm512_and_si512(_mm512_srli_epi16::<2>(z), bits(0b11 << 4));
        let last = _mm512_or_si512(_mm512_or_si512(first, second), third);
        let lower = [x, y, z].map(|row| _mm512_and_si512(row, bits(63)));
        let acc = dot(acc, lower[0], a);
        let acc = dot(acc, lower[1], a.add(4));
        let acc = dot(acc, lower[2], a.add(8));
        dot(acc, last, a.add(12))
    }
    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }
}
