//! One panel of integer weights. Sums are exact integers for as long as 32 bits hold them,
//! so every processor gets the same.

use std::array::from_fn;
use std::ops::Range;
use std::ptr;

use formats::{PANEL, Q4_BLOCK, Q8_MAX, Q16_MAX};

use crate::activations::A_MAX;
use crate::simd::Simd;

/// Inputs whose q16 products fit into 32 bits, in pairs.
const Q16_PAIRS: usize = (i32::MAX / (Q16_MAX * A_MAX)) as usize / 2;
/// Inputs whose q8 products fit into 32 bits, in fours.
pub(crate) const Q8_FOURS: usize = (i32::MAX / (Q8_MAX * A_MAX)) as usize / 4;

/// Panels that one row meets at a time, from as many parts of a weight. Memory is read a page
/// at a time, and finding the next page takes longer than reading it: so it is done for
/// several at once.
pub(super) const STREAMS: usize = 4;
/// Fours of a panel that are read before the next panel's.
const TURN: usize = 8;

/// One panel of q8 weights `[inputs / 4][16][4]`.
#[derive(Clone, Copy)]
pub(super) struct Q8Panel {
    pub(super) values: *const i8,
    /// One f32 scale for each output.
    pub(super) scales: *const f32,
    /// For every [`Q8_FOURS`] begun, the sums of each output's weights.
    pub(super) sums: *const i32,
}

/// Weights `[inputs / 2][16][2]`, one scale for each output.
///
/// # Safety
///
/// `values` and `scales` hold a panel, and every row `inputs` numbers.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
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

impl Q8Panel {
    /// Adds the products of `fours` to the sums of `R` rows: of one half of the panel from
    /// `first` on, or of both.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn add<S: Simd, const R: usize, const HALVES: usize>(
        &self,
        halves: &mut [[S::H; HALVES]; R],
        first: usize,
        fours: Range<usize>,
        x: *const i16,
        stride: usize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            for four in fours {
                let values = self
                    .values
                    .wrapping_add(four * 4 * PANEL + first * 2 * PANEL);
                let w: [S::W4; HALVES] = from_fn(|half| S::load_w4(values.add(half * 2 * PANEL)));
                for (r, halves) in halves.iter_mut().enumerate() {
                    let a = S::splat_a4(x.add(r * stride + 4 * four));
                    for (half, w) in halves.iter_mut().zip(w) {
                        *half = S::dot4(*half, a, w);
                    }
                }
            }
        }
    }

    /// Adds the exact sums of chunk `chunk`.
    #[inline(always)]
    unsafe fn finish<S: Simd>(&self, sum: &mut S::F, halves: [S::H; 2], chunk: usize) {
        // SAFETY: the caller's.
        unsafe {
            let weights = self.sums.wrapping_add(chunk * PANEL);
            *sum = S::add(*sum, S::halves_to_f32(halves, weights));
        }
    }
}

/// Parts of `fours` whose sums are exact.
fn chunks(fours: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let chunk = move |i| i * Q8_FOURS..fours.min((i + 1) * Q8_FOURS);
    (0..fours.div_ceil(Q8_FOURS)).map(move |i| (i, chunk(i)))
}

/// A panel's sums for `R` rows.
///
/// # Safety
///
/// The panel has `inputs` inputs, and every row `inputs` numbers.
#[inline(always)]
pub(super) unsafe fn q8<S: Simd, const R: usize>(
    panel: Q8Panel,
    inputs: usize,
    x: *const i16,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        let mut sums = [S::zero(); R];
        for (chunk, fours) in chunks(inputs / 4) {
            let mut halves = [[S::zero_h(); 2]; R];
            if S::WHOLE || R == 1 {
                panel.add::<S, R, 2>(&mut halves, 0, fours, x, stride);
            } else {
                for first in 0..2 {
                    let mut half = [[S::zero_h(); 1]; R];
                    panel.add::<S, R, 1>(&mut half, first, fours.clone(), x, stride);
                    for (halves, [half]) in halves.iter_mut().zip(half) {
                        halves[first] = half;
                    }
                }
            }
            for (sum, halves) in sums.iter_mut().zip(halves) {
                panel.finish::<S>(sum, halves, chunk);
            }
        }
        let scale = S::load(panel.scales);
        sums.map(|sum| S::mul(sum, scale))
    }
}

/// The sums of some panels for one row, which are read by turns.
///
/// # Safety
///
/// As [`q8`]'s.
#[inline(always)]
pub(super) unsafe fn q8_row<S: Simd>(
    panels: [Q8Panel; STREAMS],
    inputs: usize,
    x: *const i16,
) -> [S::F; STREAMS] {
    // SAFETY: see above.
    unsafe {
        let mut sums = [S::zero(); STREAMS];
        for (chunk, fours) in chunks(inputs / 4) {
            let mut halves = [[[S::zero_h(); 2]]; STREAMS];
            for start in fours.clone().step_by(TURN) {
                let turn = start..fours.end.min(start + TURN);
                for (panel, halves) in panels.iter().zip(&mut halves) {
                    panel.add::<S, 1, 2>(halves, 0, turn.clone(), x, 0);
                }
            }
            for ((panel, sum), [halves]) in panels.iter().zip(&mut sums).zip(halves) {
                panel.finish::<S>(sum, halves, chunk);
            }
        }
        let mut panels = panels.iter();
        sums.map(|sum| match panels.next() {
            Some(panel) => S::mul(sum, S::load(panel.scales)),
            None => sum,
        })
    }
}

/// Weights of 4 bits, `[inputs / 8][16][4]` bytes, a scale for each output and 32 inputs.
///
/// # Safety
///
/// As [`q16`]'s.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
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
            let mut halves = [[S::zero_h(); 2]; R];
            for eight in block * Q4_BLOCK / 8..(block + 1) * Q4_BLOCK / 8 {
                for half in 0..2 {
                    let values = values.wrapping_add((2 * eight + half) * 2 * PANEL);
                    let [lower, upper] = S::load_w4_nibbles(values);
                    for (r, halves) in halves.iter_mut().enumerate() {
                        let x = x.add(r * stride + 8 * eight);
                        let sum = S::dot4(halves[half], S::splat_a4(x), lower);
                        halves[half] = S::dot4(sum, S::splat_a4(x.add(4)), upper);
                    }
                }
            }
            let scale = S::load_f16(scales.wrapping_add(block * PANEL));
            for (sum, halves) in sums.iter_mut().zip(halves) {
                let exact = S::halves_to_f32(halves, ptr::null());
                *sum = S::mul_add_lanes(*sum, exact, scale);
            }
        }
        sums
    }
}
