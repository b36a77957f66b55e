//! x86-64 with AVX2 and FMA: two registers a panel.

use std::arch::x86_64::*;
use std::array::from_fn;

use super::Simd;

/// AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// Half of 64 bytes.
#[inline(always)]
unsafe fn load(bytes: *const u8, half: usize) -> __m256i {
    // SAFETY: the caller has the instructions and the bytes.
    unsafe { _mm256_loadu_si256(bytes.add(32 * half).cast()) }
}

/// Adds the products of codes with four activations. Two of them fit into 16 bits.
#[inline(always)]
unsafe fn dot(acc: __m256i, codes: __m256i, a: *const i8) -> __m256i {
    // SAFETY: the caller has the instructions and the activations.
    unsafe {
        let a = _mm256_set1_epi32(a.cast::<i32>().read_unaligned());
        let pairs = _mm256_maddubs_epi16(codes, a);
        _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
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
    unsafe fn load_i8(from: *const i8) -> Self::F {
        from_fn(|i| {
            let bytes = _mm_loadl_epi64(from.add(8 * i).cast());
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))
        })
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
    unsafe fn splat_i(value: i32) -> Self::I {
        [_mm256_set1_epi32(value); 2]
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
    unsafe fn load_w4(from: *const i8) -> Self::W4 {
        from_fn(|i| _mm256_cvtepi8_epi16(_mm_loadu_si128(from.add(16 * i).cast())))
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
    unsafe fn dot_bytes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        from_fn(|i| dot(acc[i], load(codes, i), a))
    }
    #[inline(always)]
    unsafe fn dot_nibbles(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        let low = _mm256_set1_epi8(15);
        from_fn(|i| {
            let bytes = load(codes, i);
            let acc = dot(acc[i], _mm256_and_si256(bytes, low), a);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low);
            dot(acc, upper, a.add(4))
        })
    }
    #[inline(always)]
    unsafe fn dot_sixes(acc: Self::I, a: *const i8, codes: *const u8) -> Self::I {
        let bits = |byte| _mm256_set1_epi8(byte);
        from_fn(|i| {
            let [x, y, z] = [0, 64, 128].map(|row| load(codes.add(row), i));
            // Two bits each, which shifts of 16 bits mix with what is masked.
            let first = _mm256_and_si256(_mm256_srli_epi16::<6>(x), bits(0b11));
            let second = _mm256_and_si256(_mm256_srli_epi16::<4>(y), bits(0b11 << 2));
            let third = _mm256_and_si256(_mm256_srli_epi16::<2>(z), bits(0b11 << 4));
            let last = _mm256_or_si256(_mm256_or_si256(first, second), third);
            let lower = [x, y, z].map(|row| _mm256_and_si256(row, bits(63)));
            let acc = dot(acc[i], lower[0], a);
            let acc = dot(acc, lower[1], a.add(4));
            let acc = dot(acc, lower[2], a.add(8));
            dot(acc, last, a.add(12))
        })
    }
    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }
}
