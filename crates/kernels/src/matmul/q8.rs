//! Products with q8 weights. Sums are exact integers for as long as 32 bits hold them, so every
//! processor gets the same.

use std::array::from_fn;
use std::ops::Range;

use weights::PANEL;

use super::integer::IntegerProduct;
use super::{AHEAD, Block, STREAMS, Turns, all_blocks, all_turns};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::weight_sums::Q8_FOURS;

/// A product with q8 weights.
pub(super) struct Q8Product<'a>(pub(super) IntegerProduct<'a>);

/// Fours of a panel that are read before the next panel's.
const TURN: usize = 8;
/// One panel of q8 weights `[inputs / 4][16][4]`.
#[derive(Clone, Copy)]
struct Q8Panel {
    values: *const i8,
    /// One f32 scale for each output.
    scales: *const f32,
    /// For every [`Q8_FOURS`] begun, what each output's sums begin with, see [`WeightSums`].
    sums: *const i32,
}

impl Kernel for Q8Product<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: whoever made the product checked its shapes.
        unsafe {
            if self.0.product.rows == 1 {
                all_turns::<S>(&self, &self.0.product);
            } else {
                all_blocks::<S>(&self, &self.0.product);
            }
        }
    }
}

impl Q8Product<'_> {
    #[inline(always)]
    fn panel(&self, panel: usize) -> Q8Panel {
        let weight = &self.0.product.weight;
        Q8Panel {
            values: weight.panel(panel).cast(),
            scales: weight.panel_scales(panel).cast(),
            sums: weight.sums.of_panel(&weight.matrix, panel),
        }
    }
}

impl Block for Q8Product<'_> {
    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize) {
        let inputs = self.0.product.weight.matrix.padded_inputs();
        // SAFETY: as the trait's.
        unsafe {
            let x = self.0.x.add(row * self.0.stride);
            let sums = q8::<S, R>(self.panel(panel), inputs, x, self.0.stride);
            self.0.store::<S, R>(panel, row, sums);
        }
    }
}

impl Turns for Q8Product<'_> {
    #[inline(always)]
    unsafe fn turns<S: Simd>(&self, panels: [usize; STREAMS]) {
        let inputs = self.0.product.weight.matrix.padded_inputs();
        // SAFETY: as the trait's.
        unsafe {
            let sums = q8_row::<S>(panels.map(|panel| self.panel(panel)), inputs, self.0.x);
            for (panel, sums) in panels.into_iter().zip(sums) {
                self.0.store::<S, 1>(panel, 0, [sums]);
            }
        }
    }
}

impl Q8Panel {
    /// What the sums of both halves begin with in chunk `chunk`.
    #[inline(always)]
    unsafe fn begin<S: Simd>(&self, chunk: usize) -> [S::H; 2] {
        let sums = self.sums.wrapping_add(chunk * PANEL);
        // SAFETY: the caller's.
        unsafe { from_fn(|half| S::begin_h(sums.wrapping_add(half * PANEL / 2))) }
    }

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

    /// Asks for what is read soon after `fours`, of this panel or of those behind it.
    #[inline(always)]
    unsafe fn prefetch<S: Simd>(&self, fours: Range<usize>) {
        for four in fours {
            let line = self.values.wrapping_add(four * 4 * PANEL + AHEAD);
            // SAFETY: no memory needs to be there.
            unsafe { S::prefetch(line.cast()) };
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
unsafe fn q8<S: Simd, const R: usize>(
    panel: Q8Panel,
    inputs: usize,
    x: *const i16,
    stride: usize,
) -> [S::F; R] {
    // SAFETY: see above.
    unsafe {
        let mut sums = [S::zero(); R];
        for (chunk, fours) in chunks(inputs / 4) {
            let mut halves = [panel.begin::<S>(chunk); R];
            if S::WHOLE || R == 1 {
                panel.add::<S, R, 2>(&mut halves, 0, fours, x, stride);
            } else {
                for first in 0..2 {
                    let mut half = halves.map(|halves| [halves[first]]);
                    panel.add::<S, R, 1>(&mut half, first, fours.clone(), x, stride);
                    for (halves, [half]) in halves.iter_mut().zip(half) {
                        halves[first] = half;
                    }
                }
            }
            for (sum, halves) in sums.iter_mut().zip(halves) {
                *sum = S::add(*sum, S::halves_to_f32(halves));
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
unsafe fn q8_row<S: Simd>(
    panels: [Q8Panel; STREAMS],
    inputs: usize,
    x: *const i16,
) -> [S::F; STREAMS] {
    // SAFETY: see above.
    unsafe {
        let mut sums = [S::zero(); STREAMS];
        for (chunk, fours) in chunks(inputs / 4) {
            let mut halves = panels.map(|panel| [panel.begin::<S>(chunk)]);
            for start in fours.clone().step_by(TURN) {
                let turn = start..fours.end.min(start + TURN);
                for (panel, halves) in panels.iter().zip(&mut halves) {
                    if !S::PREFETCH_WAITS {
                        panel.prefetch::<S>(turn.clone());
                    }
                    panel.add::<S, 1, 2>(halves, 0, turn.clone(), x, 0);
                }
            }
            for (sum, [halves]) in sums.iter_mut().zip(halves) {
                *sum = S::add(*sum, S::halves_to_f32(halves));
            }
        }
        let mut panels = panels.iter();
        sums.map(|sum| match panels.next() {
            Some(panel) => S::mul(sum, S::load(panel.scales)),
            None => sum,
        })
    }
}
