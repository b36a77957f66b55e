//! One panel of integer weights. Sums are exact integers for as long as 32 bits hold them,
//! so every processor gets the same.

use formats::{PANEL, Q4_BLOCK, Q8_MAX, Q16_MAX};

use crate::activations::A_MAX;
use crate::simd::Simd;

/// Inputs whose q16 products fit into 32 bits, in pairs.
const Q16_PAIRS: usize = (i32::MAX / (Q16_MAX * A_MAX)) as usize / 2;
/// Inputs whose q8 products fit into 32 bits, in fours.
const Q8_FOURS: usize = (i32::MAX / (Q8_MAX * A_MAX)) as usize / 4;

/// Places in a panel that are read by turns. Memory is read a page at a time, and looking up
/// the next page takes longer than reading it: so it is done for several at once.
const STREAMS: usize = 4;

/// Weights `[inputs / 2][16][2]`, one scale for each output.
///
/// # Safety
///
/// `values` and `scales` hold a panel, and every row `inputs` numbers.
#[inline(always)]
pub(super) unsafe fn q16<S: Simd, const R: usize>(
    values: *const u8,
    scales: *const u8,
    inputs: usize,
    x: *const i16,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        let values = values.cast::<i16>();
        let mut sums = [S::zero(); R];
        let mut pair = 0;
        while pair < inputs / 2 {
            let end = (inputs / 2).min(pair + Q16_PAIRS);
            let mut exact = [S::zero_i(); R];
            for pair in pair..end {
                let w = S::load_w2(values.wrapping_add(pair * 2 * PANEL));
                for (r, exact) in exact.iter_mut().enumerate() {
                    *exact = S::dot2(*exact, S::splat_a2(x.add(r * stride + 2 * pair)), w);
                }
            }
            for (sum, exact) in sums.iter_mut().zip(exact) {
                *sum = S::add(*sum, S::to_f32(exact));
            }
            pair = end;
        }
        let scale = S::load(scales.cast());
        for sum in &mut sums {
            *sum = S::mul(*sum, scale);
        }
        sums
    }
}

/// Weights `[inputs / 4][16][4]`, one scale for each output.
///
/// # Safety
///
/// As [`q16`]'s.
#[inline(always)]
pub(super) unsafe fn q8<S: Simd, const R: usize>(
    values: *const u8,
    scales: *const u8,
    inputs: usize,
    x: *const i16,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        let values = values.cast::<i8>();
        let fours = inputs / 4;
        let part = fours / STREAMS;
        let mut sums = [S::zero(); R];
        let mut start = 0;
        while start < part {
            let end = part.min(start + Q8_FOURS / STREAMS);
            let mut exact = [S::zero_p(); R];
            for i in start..end {
                for stream in 0..STREAMS {
                    let four = stream * part + i;
                    add_four::<S, R>(&mut exact, values, x, stride, four);
                }
            }
            for (sum, exact) in sums.iter_mut().zip(exact) {
                *sum = S::add(*sum, S::pairs_to_f32(exact));
            }
            start = end;
        }
        let mut exact = [S::zero_p(); R];
        for four in part * STREAMS..fours {
            add_four::<S, R>(&mut exact, values, x, stride, four);
        }
        for (sum, exact) in sums.iter_mut().zip(exact) {
            *sum = S::add(*sum, S::pairs_to_f32(exact));
        }
        let scale = S::load(scales.cast());
        for sum in &mut sums {
            *sum = S::mul(*sum, scale);
        }
        sums
    }
}

/// Adds the products of the `four`-th four inputs to the sums of `R` rows.
///
/// # Safety
///
/// `values` and every row have that many.
#[inline(always)]
unsafe fn add_four<S: Simd, const R: usize>(
    exact: &mut [S::P; R],
    values: *const i8,
    x: *const i16,
    stride: usize,
    four: usize,
) {
    // SAFETY: see above.
    unsafe {
        let w = S::load_w4(values.wrapping_add(four * 4 * PANEL));
        for (r, exact) in exact.iter_mut().enumerate() {
            *exact = S::dot4(*exact, S::splat_a4(x.add(r * stride + 4 * four)), w);
        }
    }
}

/// Weights of 4 bits, `[inputs / 8][16][4]` bytes, a scale for each output and 32 inputs.
///
/// # Safety
///
/// As [`q16`]'s.
#[inline(always)]
pub(super) unsafe fn q4<S: Simd, const R: usize>(
    values: *const u8,
    scales: *const u8,
    inputs: usize,
    x: *const i16,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        let scales = scales.cast::<u16>();
        let mut sums = [S::zero(); R];
        for block in 0..inputs / Q4_BLOCK {
            let mut exact = [S::zero_p(); R];
            for eight in block * Q4_BLOCK / 8..(block + 1) * Q4_BLOCK / 8 {
                let [lower, upper] = S::load_w4_nibbles(values.wrapping_add(eight * 4 * PANEL));
                for (r, exact) in exact.iter_mut().enumerate() {
                    let x = x.add(r * stride + 8 * eight);
                    *exact = S::dot4(*exact, S::splat_a4(x), lower);
                    *exact = S::dot4(*exact, S::splat_a4(x.add(4)), upper);
                }
            }
            let scale = S::load_f16(scales.wrapping_add(block * PANEL));
            for (sum, exact) in sums.iter_mut().zip(exact) {
                *sum = S::mul_add_lanes(*sum, S::pairs_to_f32(exact), scale);
            }
        }
        sums
    }
}
