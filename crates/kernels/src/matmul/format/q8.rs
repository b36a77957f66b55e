//! Products with q8 weights: integers of 8 bits. Sums are exact integers for as long as 32 bits
//! hold them, so that every processor gets the same.

use std::array::from_fn;
use std::ops::Range;

use weights::{Matrix, PANEL, Q8_MAX};

use crate::isa::CpuKernels;
use crate::matmul::Product;
use crate::matmul::format::ActivationRounding;
use crate::matmul::row_quantised::{RowQuantisedProduct, quantise_rows};
use crate::matmul::tiles::{InterleavedPanels, Prefetch, RowTile, run_tiles_or_interleaved};
use crate::packed_rows::PackRows;
use crate::quantised_rows::{A_MAX, SplitActivations};
use crate::simd::{SPLIT_OFFSET, Simd, SimdOp};
use crate::size::size;
use crate::{Rows, Scratch, StatsView, WeightStats};

/// Activations are rounded to more bits than the weights have, so that the weights' error
/// dominates.
pub(super) const ROUNDING: ActivationRounding = ActivationRounding::Rows;
/// Groups of four inputs whose products fit into 32 bits: a span.
const SPAN_GROUPS: usize = (i32::MAX / (Q8_MAX * A_MAX)) as usize / 4;
/// Groups of a panel that are read before the next panel's.
const INTERLEAVED_GROUPS: usize = 8;
/// Groups that several rows are multiplied with between two prefetches of the next panel.
const PREFETCH_GROUPS: usize = 16;
/// Groups of all panels together that are read in a turn, where each part of a panel is a call.
const TURN_GROUPS: usize = 4 * INTERLEAVED_GROUPS;

/// A product with q8 weights, whose rows are packed.
struct Q8Product<'a>(RowQuantisedProduct<'a>);

/// One panel of q8 weights `[inputs / 4][16][4]`.
#[derive(Clone, Copy)]
struct Q8Panel {
    values: *const i8,
    /// One f32 scale for each output.
    scales: *const f32,
    /// What each output's sums begin with in every span, see [`WeightStats`].
    split_starts: *const i32,
}

/// Computes `product`, whose rows are `x`.
#[inline(never)] // see `format::multiply`
pub(super) fn multiply(
    kernels: CpuKernels,
    product: Product<'_>,
    x: Rows<'_>,
    scratch: &mut Scratch,
) {
    let strides = quantise_rows(kernels, &product.weight.matrix, x, scratch);
    if product.rows > 1 {
        kernels.run(PackRows {
            x: &scratch.quantised_rows,
            stride: strides.rows,
            rows: product.rows,
            inputs: product.padded_inputs,
            out: &mut scratch.packed_rows,
        });
        std::mem::swap(&mut scratch.quantised_rows, &mut scratch.packed_rows);
    }
    if kernels.splits_activations() {
        let activations = &mut scratch.quantised_rows;
        kernels.run(SplitActivations { activations });
    }
    kernels.run_on_bytes(Q8Product(RowQuantisedProduct::new(
        product, strides, scratch,
    )));
}

impl SimdOp for Q8Product<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        run_tiles_or_interleaved(simd, &self);
    }
}

impl Q8Product<'_> {
    #[inline(always)]
    fn panel(&self, panel: usize) -> Q8Panel {
        let product = &self.0.product;
        let first = panel * panel_starts(product.padded_inputs);
        Q8Panel {
            values: product.panel(panel).cast(),
            scales: product.panel_scales(panel).cast(),
            split_starts: product
                .weight
                .stats
                .split_starts
                .as_ptr()
                .wrapping_add(first),
        }
    }
}

impl RowTile for Q8Product<'_> {
    #[inline(always)]
    fn product(&self) -> &Product<'_> {
        &self.0.product
    }

    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize>(&self, simd: S, panel: usize, row: usize) {
        let inputs = self.0.product.padded_inputs;
        // SAFETY: the caller's panel and rows are the product's, whose lengths were checked.
        unsafe {
            let x = self.0.x.as_ptr().add(row * inputs);
            let sums = panel_sums::<S, R>(simd, self.panel(panel), inputs, x, |_| ());
            self.0.store::<S, R>(simd, panel, row, sums);
        }
    }

    #[inline(always)]
    unsafe fn prefetching_tile<S: Simd, const R: usize>(
        &self,
        simd: S,
        panel: usize,
        row: usize,
        prefetch: &mut Prefetch,
    ) {
        if !S::FULL_PANEL_FITS {
            prefetch.advance(simd, prefetch.tile_lines);
            // SAFETY: the caller's panel and rows are those of the tile.
            unsafe { self.tile::<S, R>(simd, panel, row) };
            return;
        }
        let inputs = self.0.product.padded_inputs;
        // A processor has few prefetches under way: in one go, they would wait for each other.
        let lines = (prefetch.tile_lines * 4 * PREFETCH_GROUPS).div_ceil(inputs.max(1));
        // SAFETY: the caller's panel and rows are the product's, whose lengths were checked.
        unsafe {
            let x = self.0.x.as_ptr().add(row * inputs);
            let panel_values = self.panel(panel);
            let prefetch = |simd| prefetch.advance(simd, lines);
            let sums = panel_sums::<S, R>(simd, panel_values, inputs, x, prefetch);
            self.0.store::<S, R>(simd, panel, row, sums);
        }
    }
}

impl InterleavedPanels for Q8Product<'_> {
    const SHARES_CODE: bool = false;

    #[inline(always)]
    unsafe fn interleaved<S: Simd, const N: usize>(
        &self,
        simd: S,
        panels: [usize; N],
        count: usize,
    ) {
        let row = InterleavedRow {
            x: self.0.x.as_ptr(),
            inputs: self.0.product.padded_inputs,
            distance: self.0.product.order.distance,
        };
        // SAFETY: the caller's panels are the product's, whose lengths were checked.
        unsafe {
            let q8_panels = panels.map(|panel| self.panel(panel));
            let sums = row.sums(simd, q8_panels, count);
            for (panel, sums) in panels.into_iter().zip(sums).take(count) {
                self.0.store::<S, 1>(simd, panel, 0, [sums]);
            }
        }
    }
}

impl Q8Panel {
    /// What the sums of both halves begin with in span `span`.
    ///
    /// # Safety
    ///
    /// The panel has that span.
    #[inline(always)]
    unsafe fn start<S: Simd>(&self, simd: S, span: usize) -> [S::HalfAcc; 2] {
        let starts = self.split_starts.wrapping_add(span * PANEL);
        // SAFETY: only instruction sets that split activations read the starts, and for those
        // `stats_fit` found one for every output and span.
        unsafe { from_fn(|half| simd.init_half_acc(starts.wrapping_add(half * PANEL / 2))) }
    }

    /// Adds the products of `groups` to the sums of `R` packed rows: of one half of the panel from
    /// `first` on, or of both.
    ///
    /// # Safety
    ///
    /// The panel and every row have these groups.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    unsafe fn add<S: Simd, const R: usize, const HALVES: usize>(
        &self,
        simd: S,
        halves: &mut [[S::HalfAcc; HALVES]; R],
        first: usize,
        groups: Range<usize>,
        x: *const i16,
    ) {
        // SAFETY: the caller's groups; loads need no alignment.
        unsafe {
            for group in groups {
                let values = self
                    .values
                    .wrapping_add(group * 4 * PANEL + first * 2 * PANEL);
                let w: [S::Weights4; HALVES] =
                    from_fn(|half| simd.load_weights4(values.add(half * 2 * PANEL)));
                for (r, halves) in halves.iter_mut().enumerate() {
                    let a = simd.splat_acts4(x.add(4 * (group * R + r)));
                    for (half, w) in halves.iter_mut().zip(w) {
                        *half = simd.dot4(*half, a, w);
                    }
                }
            }
        }
    }

    /// Prefetches what is read `distance` bytes after `groups`, of this panel or of those after it.
    #[inline(always)]
    fn prefetch<S: Simd>(&self, simd: S, groups: Range<usize>, distance: usize) {
        if S::PREFETCH_WAITS {
            return;
        }
        for group in groups {
            let line = (self.values).wrapping_add(group * 4 * PANEL + distance);
            // SAFETY: unless prefetching waits, it reads no memory.
            unsafe { simd.prefetch(line.cast()) };
        }
    }
}

/// The spans of `groups`: parts whose sums are exact.
fn spans(groups: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let span = move |i| i * SPAN_GROUPS..groups.min((i + 1) * SPAN_GROUPS);
    (0..groups.div_ceil(SPAN_GROUPS)).map(move |i| (i, span(i)))
}

/// A panel's sums for `R` packed rows. Calls `prefetch` after every few groups where the sums of
/// both halves stay in registers.
///
/// # Safety
///
/// The panel has `inputs` inputs, and every row `inputs` numbers.
#[inline(always)]
unsafe fn panel_sums<S: Simd, const R: usize>(
    simd: S,
    panel: Q8Panel,
    inputs: usize,
    x: *const i16,
    mut prefetch: impl FnMut(S),
) -> [S::F32x16; R] {
    // SAFETY: all spans together are the caller's inputs.
    unsafe {
        let mut sums = [simd.zero(); R];
        for (span, groups) in spans(inputs / 4) {
            let mut halves = [panel.start(simd, span); R];
            if S::FULL_PANEL_FITS {
                for start in groups.clone().step_by(PREFETCH_GROUPS) {
                    prefetch(simd);
                    let part = start..groups.end.min(start + PREFETCH_GROUPS);
                    panel.add::<S, R, 2>(simd, &mut halves, 0, part, x);
                }
            } else if R == 1 {
                panel.add::<S, R, 2>(simd, &mut halves, 0, groups, x);
            } else {
                for first in 0..2 {
                    let mut half = halves.map(|halves| [halves[first]]);
                    panel.add::<S, R, 1>(simd, &mut half, first, groups.clone(), x);
                    for (halves, [half]) in halves.iter_mut().zip(half) {
                        halves[first] = half;
                    }
                }
            }
            for (sum, halves) in sums.iter_mut().zip(halves) {
                *sum = simd.add(*sum, simd.halves_to_f32(halves));
            }
        }
        let scale = simd.load_f32(panel.scales);
        sums.map(|sum| simd.mul(sum, scale))
    }
}

/// The one row of a product whose panels are read interleaved.
#[derive(Clone, Copy)]
struct InterleavedRow {
    x: *const i16,
    inputs: usize,
    /// From what is read to what is prefetched.
    distance: usize,
}

impl InterleavedRow {
    /// The sums of the first `count` of `panels`.
    ///
    /// # Safety
    ///
    /// The panels and the row have as many inputs as the row says.
    #[inline(always)]
    unsafe fn sums<S: Simd, const N: usize>(
        self,
        simd: S,
        panels: [Q8Panel; N],
        count: usize,
    ) -> [S::F32x16; N] {
        let most = if cfg!(target_arch = "wasm32") {
            TURN_GROUPS / count
        } else {
            INTERLEAVED_GROUPS
        };
        let mut sums = [simd.zero(); N];
        // SAFETY: all spans together are the caller's inputs.
        unsafe {
            for (span, groups) in spans(self.inputs / 4) {
                let mut halves = [[panels[0].start(simd, span)]; N];
                for (panel, halves) in panels.iter().zip(&mut halves).take(count) {
                    *halves = [panel.start(simd, span)];
                }
                for start in groups.clone().step_by(most) {
                    let part = start..groups.end.min(start + most);
                    for (panel, halves) in panels.iter().zip(&mut halves).take(count) {
                        panel.prefetch(simd, part.clone(), self.distance);
                        panel.add::<S, 1, 2>(simd, halves, 0, part.clone(), self.x);
                    }
                }
                for (sum, [halves]) in sums.iter_mut().zip(halves).take(count) {
                    *sum = simd.add(*sum, simd.halves_to_f32(halves));
                }
            }
            for (sum, panel) in sums.iter_mut().zip(&panels).take(count) {
                *sum = simd.mul(*sum, simd.load_f32(panel.scales));
            }
        }
        sums
    }
}

/// Starts of a panel's sums, see [`WeightStats`].
fn panel_starts(padded_inputs: usize) -> usize {
    (padded_inputs / 4).div_ceil(SPAN_GROUPS) * PANEL
}

/// Whether `stats` have a start for every sum, where activations are split.
pub(super) fn stats_fit(kernels: CpuKernels, matrix: &Matrix, stats: StatsView<'_>) -> bool {
    let needed = size([matrix.panels(), panel_starts(matrix.padded_inputs())]);
    !kernels.splits_activations() || stats.split_starts.len() == needed
}

/// Finds what sums begin with, where activations are split.
pub(super) fn stats(kernels: CpuKernels, matrix: &Matrix, values: &[u8]) -> WeightStats {
    let mut stats = WeightStats::default();
    if kernels.splits_activations() {
        (stats.split_starts).reserve(matrix.panels() * panel_starts(matrix.padded_inputs()));
        for panel in values.chunks_exact(matrix.panel_bytes().max(1)) {
            let spans = panel.chunks(SPAN_GROUPS * 4 * PANEL);
            let biases = spans.flat_map(sums).map(|sum| -sum * SPLIT_OFFSET);
            stats.split_starts.extend(biases);
        }
    }
    stats
}

/// The sums of each output's weights in a part of a panel.
fn sums(panel: &[u8]) -> [i32; PANEL] {
    let mut sums = [0; PANEL];
    // As many weights as fit into 16 bits.
    for groups in panel.chunks(256 * 4 * PANEL) {
        let mut narrow = [0_i16; 4 * PANEL];
        for group in groups.as_chunks::<{ 4 * PANEL }>().0 {
            for (sum, weight) in narrow.iter_mut().zip(group) {
                *sum += i16::from(*weight as i8);
            }
        }
        for (sum, parts) in sums.iter_mut().zip(narrow.as_chunks::<4>().0) {
            *sum += parts.iter().map(|part| i32::from(*part)).sum::<i32>();
        }
    }
    sums
}
