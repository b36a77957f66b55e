//! x86-64 with AVX2, FMA and F16C: two registers a panel.

use std::arch::x86_64::*;
use std::array::from_fn;

use super::Simd;

/// AVX2, FMA and F16C.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// Four 6-bit codes of three bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn sixes([a, b, c]: [__m256i; 3]) -> [__m256i; 4] {
    let bits = |byte| _mm256_set1_epi8(byte);
    // Two bits each, which shifts of 16 bits mix with what is masked.
    let first = _mm256_and_si256(_mm256_srli_epi16::<6>(a), bits(0b11));
    let second = _mm256_and_si256(_mm256_srli_epi16::<4>(b), bits(0b11 << 2));
    let third = _mm256_and_si256(_mm256_srli_epi16::<2>(c), bits(0b11 << 4));
    let last = _mm256_or_si256(_mm256_or_si256(first, second), third);
    let [a, b, c] = [a, b, c].map(|row| _mm256_and_si256(row, bits(63)));
    [a, b, c, last]
}

#[allow(
    unsafe_op_in_unsafe_fn,
    reason = "the trait's contract covers every line"
)]
impl Simd for Avx2 {
    type F = [__m256; 2];
    type S = __m256;
    type I = [__m256i; 2];
    type H = [__m256i; 2];
    type W2 = [__m256i; 2];
    type W4 = [__m256i; 2];
    type A2 = __m256i;
    type A4 = __m256i;

    const ROWS: usize = 4;
    const WHOLE: bool = false;

    #[inline(always)]
    unsafe fn zero() -> Self::F {
        [_mm256_setzero_ps(); 2]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::F {
        from_fn(|i| _mm256_loadu_ps(from.add(8 * i)))
    }
    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self::F {
        from_fn(|i| {
            let bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.add(8 * i).cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))
        })
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self::F {
        from_fn(|i| _mm256_cvtph_ps(_mm_loadu_si128(from.add(8 * i).cast())))
    }
    #[inline(always)]
    unsafe fn store(value: Self::F, to: *mut f32) {
        for (i, value) in value.into_iter().enumerate() {
            _mm256_storeu_ps(to.add(8 * i), value);
        }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::S {
        _mm256_set1_ps(value)
    }
    #[inline(always)]
    unsafe fn mul_add(acc: Self::F, a: Self::S, b: Self::F) -> Self::F {
        from_fn(|i| _mm256_fmadd_ps(a, b[i], acc[i]))
    }
    #[inline(always)]
    unsafe fn mul_add_lanes(acc: Self::F, a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| _mm256_fmadd_ps(a[i], b[i], acc[i]))
    }
    #[inline(always)]
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| _mm256_add_ps(a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F {
        from_fn(|i| _mm256_mul_ps(a[i], b[i]))
    }
    #[inline(always)]
    unsafe fn scale(a: Self::F, b: Self::S) -> Self::F {
        from_fn(|i| _mm256_mul_ps(a[i], b))
    }

    #[inline(always)]
    unsafe fn zero_i() -> Self::I {
        [_mm256_setzero_si256(); 2]
    }
    #[inline(always)]
    unsafe fn load_w2(from: *const i16) -> Self::W2 {
        from_fn(|i| _mm256_loadu_si256(from.add(16 * i).cast()))
    }
    #[inline(always)]
    unsafe fn load_w2_bytes(from: *const i8) -> Self::W2 {
        Self::load_w4(from)
    }
    #[inline(always)]
    unsafe fn splat_a2(from: *const i16) -> Self::A2 {
        _mm256_set1_epi32(from.cast::<i32>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn dot2(acc: Self::I, a: Self::A2, w: Self::W2) -> Self::I {
        from_fn(|i| _mm256_add_epi32(acc[i], _mm256_madd_epi16(a, w[i])))
    }
    #[inline(always)]
    unsafe fn to_f32(value: Self::I) -> Self::F {
        value.map(|v| _mm256_cvtepi32_ps(v))
    }

    #[inline(always)]
    unsafe fn begin_h(_: *const i32) -> Self::H {
        [_mm256_setzero_si256(); 2]
    }
    #[inline(always)]
    unsafe fn splat_h(from: *const i32) -> Self::H {
        [_mm256_set1_epi64x(from.cast::<i64>().read_unaligned()); 2]
    }
    #[inline(always)]
    unsafe fn load_w4(from: *const i8) -> Self::W4 {
        from_fn(|i| _mm256_cvtepi8_epi16(_mm_loadu_si128(from.add(16 * i).cast())))
    }
    #[inline(always)]
    unsafe fn load_w4_nibbles(from: *const u8) -> [Self::W4; 2] {
        let low = _mm_set1_epi8(15);
        let bytes: [__m128i; 2] = from_fn(|i| _mm_loadu_si128(from.add(16 * i).cast()));
        [
            bytes.map(|b| _mm256_cvtepu8_epi16(_mm_and_si128(b, low))),
            bytes.map(|b| _mm256_cvtepu8_epi16(_mm_and_si128(_mm_srli_epi16::<4>(b), low))),
        ]
    }
    #[inline(always)]
    unsafe fn load_w4_sixes(from: *const u8) -> [Self::W4; 4] {
        let bytes: [__m256i; 3] = from_fn(|k| _mm256_loadu_si256(from.add(64 * k).cast()));
        sixes(bytes).map(|codes| {
            [
                _mm256_cvtepu8_epi16(_mm256_castsi256_si128(codes)),
                _mm256_cvtepu8_epi16(_mm256_extracti128_si256::<1>(codes)),
            ]
        })
    }
    #[inline(always)]
    unsafe fn splat_a4(from: *const i16) -> Self::A4 {
        _mm256_set1_epi64x(from.cast::<i64>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn dot4(acc: Self::H, a: Self::A4, w: Self::W4) -> Self::H {
        from_fn(|i| _mm256_add_epi32(acc[i], _mm256_madd_epi16(a, w[i])))
    }
    #[inline(always)]
    unsafe fn halves_to_f32(halves: [Self::H; 2]) -> Self::F {
        halves.map(|[a, b]| {
            // Outputs 0 1 4 5 | 2 3 6 7: halves of both registers by turns.
            let sums = _mm256_hadd_epi32(a, b);
            _mm256_cvtepi32_ps(_mm256_permute4x64_epi64::<0b11_01_10_00>(sums))
        })
    }
    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }
}
