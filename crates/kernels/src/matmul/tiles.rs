//! The order in which a product's panels and rows are computed.

use std::array::from_fn;

use super::Product;
use crate::memory::{CACHE_LINE, MEM_STREAMS, Streams};
use crate::simd::Simd;

/// Cache lines of each part of a panel that are prefetched at a time, at least.
const MIN_LINES: usize = 4;

/// Computes a panel for some rows at a time.
pub(super) trait RowTile {
    /// Whether a tile has up to [`Simd::BLOCK_ROWS`] rows, not only [`Simd::ROWS`].
    const HAS_BLOCKS: bool = false;

    /// The product that is computed.
    fn product(&self) -> &Product<'_>;

    /// Is called before the tiles of a panel.
    ///
    /// # Safety
    ///
    /// The product has that panel.
    #[inline(always)]
    unsafe fn start_panel<S: Simd>(&self, _simd: S, _panel: usize) {}

    /// The product's part for `R` rows from `row` on.
    ///
    /// # Safety
    ///
    /// The product has that panel, which was started, and those rows.
    unsafe fn tile<S: Simd, const R: usize>(&self, simd: S, panel: usize, row: usize);

    /// The same, with this tile's part of the prefetches.
    ///
    /// # Safety
    ///
    /// As of [`RowTile::tile`].
    #[inline(always)]
    unsafe fn prefetching_tile<S: Simd, const R: usize>(
        &self,
        simd: S,
        panel: usize,
        row: usize,
        prefetch: &mut Prefetch,
    ) {
        prefetch.advance(simd, prefetch.tile_lines);
        // SAFETY: the caller's panel and rows are those of the tile.
        unsafe { self.tile::<S, R>(simd, panel, row) };
    }
}

/// Computes several panels interleaved, for a product of one row.
pub(super) trait InterleavedPanels: RowTile {
    /// Whether one function is compiled for every number of panels that are read by turns: smaller,
    /// and as fast where the work on a part of a panel is long.
    const SHARES_CODE: bool;

    /// The product's part of the first `count` of `panels`.
    ///
    /// # Safety
    ///
    /// The product has those panels, and one row.
    unsafe fn interleaved<S: Simd, const N: usize>(
        &self,
        simd: S,
        panels: [usize; N],
        count: usize,
    );
}

/// Cache lines of a panel that are prefetched, from several pages at once.
pub(super) struct Prefetch {
    panel: *const u8,
    /// Lines of each part of the panel.
    part: usize,
    next: usize,
    /// Lines of each part that one tile prefetches: all tiles together prefetch the panel.
    pub(super) tile_lines: usize,
}

impl Prefetch {
    /// Prefetches nothing where the weight has no such panel.
    fn new(product: &Product<'_>, panel: usize, tiles: usize) -> Self {
        let size = product.panel_bytes;
        let exists = panel < product.weight.matrix.panels();
        // One tile alone has no time for it.
        let part = if exists && tiles > 1 {
            size / CACHE_LINE / MEM_STREAMS
        } else {
            0
        };
        Self {
            panel: product.panel(panel),
            part,
            next: 0,
            // Each call has a cost of its own.
            tile_lines: part.div_ceil(tiles.max(1)).max(MIN_LINES),
        }
    }

    /// Prefetches up to `lines` lines of each part.
    #[inline(always)]
    pub(super) fn advance<S: Simd>(&mut self, simd: S, lines: usize) {
        let end = self.part.min(self.next + lines);
        while self.next < end {
            for stream in 0..MEM_STREAMS {
                let line = stream * self.part + self.next;
                // SAFETY: the parts together are no longer than the panel, so that the line
                // lies inside of it.
                unsafe { simd.prefetch(self.panel.add(line * CACHE_LINE)) };
            }
            self.next += 1;
        }
    }
}

/// All panels of a product, and for each panel all rows in [`even_tiles`]. So every weight is read
/// from memory once.
#[inline(always)]
pub(super) fn run_tiles<S: Simd, T: RowTile>(simd: S, tiles: &T) {
    let product = tiles.product();
    let rows = product.rows;
    let most = if T::HAS_BLOCKS {
        S::BLOCK_ROWS
    } else {
        S::ROWS
    };
    for panel in 0..product.weight.matrix.panels() {
        let mut prefetch = Prefetch::new(product, panel + 1, rows.div_ceil(most));
        let next = &mut prefetch;
        // SAFETY: `panel` is one of the product's.
        unsafe { tiles.start_panel(simd, panel) };
        for [row, size] in even_tiles(rows, most) {
            // SAFETY: `even_tiles` gives `size` rows from `row` on that the product has.
            unsafe {
                match size {
                    9.. if const { T::HAS_BLOCKS && S::BLOCK_ROWS >= 16 } => {
                        large_tile(simd, tiles, panel, [row, size], next);
                    }
                    8 if const { S::ROWS >= 8 } => {
                        tiles.prefetching_tile::<S, 8>(simd, panel, row, next);
                    }
                    7 if const { S::ROWS >= 8 } => {
                        tiles.prefetching_tile::<S, 7>(simd, panel, row, next);
                    }
                    6 if const { S::ROWS >= 8 } => {
                        tiles.prefetching_tile::<S, 6>(simd, panel, row, next);
                    }
                    5 if const { S::ROWS >= 8 } => {
                        tiles.prefetching_tile::<S, 5>(simd, panel, row, next);
                    }
                    4 if const { S::ROWS >= 4 } => {
                        tiles.prefetching_tile::<S, 4>(simd, panel, row, next);
                    }
                    3 if const { S::ROWS >= 4 } => {
                        tiles.prefetching_tile::<S, 3>(simd, panel, row, next);
                    }
                    2 => tiles.prefetching_tile::<S, 2>(simd, panel, row, next),
                    _ => tiles.prefetching_tile::<S, 1>(simd, panel, row, next),
                }
            }
        }
    }
}

/// A tile of 9 to 16 rows.
///
/// # Safety
///
/// As of [`RowTile::tile`].
#[inline(always)]
unsafe fn large_tile<S: Simd>(
    simd: S,
    tiles: &impl RowTile,
    panel: usize,
    [row, size]: [usize; 2],
    next: &mut Prefetch,
) {
    // SAFETY: the caller's panel and rows.
    unsafe {
        match size {
            16.. => tiles.prefetching_tile::<S, 16>(simd, panel, row, next),
            15 => tiles.prefetching_tile::<S, 15>(simd, panel, row, next),
            14 => tiles.prefetching_tile::<S, 14>(simd, panel, row, next),
            13 => tiles.prefetching_tile::<S, 13>(simd, panel, row, next),
            12 => tiles.prefetching_tile::<S, 12>(simd, panel, row, next),
            11 => tiles.prefetching_tile::<S, 11>(simd, panel, row, next),
            10 => tiles.prefetching_tile::<S, 10>(simd, panel, row, next),
            _ => tiles.prefetching_tile::<S, 9>(simd, panel, row, next),
        }
    }
}

/// As [`run_tiles`]; of a product of one row, several parts of the weight interleaved.
#[inline(always)]
pub(super) fn run_tiles_or_interleaved<S: Simd, P: InterleavedPanels>(simd: S, panels: &P) {
    if panels.product().rows != 1 {
        run_tiles(simd, panels);
        return;
    }
    match panels.product().order.streams {
        streams if P::SHARES_CODE => interleave::<S, P, 4>(simd, panels, streams as usize),
        Streams::One => {
            for panel in 0..panels.product().weight.matrix.panels() {
                // SAFETY: the panel is the product's.
                unsafe { alone(simd, panels, panel) };
            }
        }
        Streams::Two => interleave_two(simd, panels),
        Streams::Four => interleave::<S, P, 4>(simd, panels, 4),
    }
}

/// One panel of a product of one row.
///
/// # Safety
///
/// The product has that panel, and one row.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
unsafe fn alone<S: Simd, P: InterleavedPanels>(simd: S, panels: &P, panel: usize) {
    // SAFETY: the caller's panel and row.
    unsafe { panels.interleaved::<S, 1>(simd, [panel], 1) };
}

/// All panels of a product of one row, two by turns. In a page this is a function of its own, so that
/// browsers inline the inner loop into the one for four panels, where it is called most often.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn interleave_two<S: Simd, P: InterleavedPanels>(simd: S, panels: &P) {
    interleave::<S, P, 2>(simd, panels, 2);
}

/// All panels of a product of one row, `streams` by turns, which are `N` at most.
#[inline(always)]
fn interleave<S: Simd, P: InterleavedPanels, const N: usize>(simd: S, panels: &P, streams: usize) {
    let count = panels.product().weight.matrix.panels();
    let part = count / streams;
    for i in 0..part {
        let panel = |stream| {
            if stream < streams {
                stream * part + i
            } else {
                i
            }
        };
        // SAFETY: every index is below `streams * part`, which is at most `count`.
        unsafe { panels.interleaved::<S, N>(simd, from_fn(panel), streams) };
    }
    // Not as a tile, which may round otherwise: which panels are left over depends on the order.
    for panel in part * streams..count {
        // SAFETY: the panel is the product's.
        unsafe {
            if P::SHARES_CODE {
                panels.interleaved::<S, N>(simd, [panel; N], 1);
            } else {
                alone(simd, panels, panel);
            }
        }
    }
}

/// Where each tile of rows begins, and its size: as few tiles of at most `most` rows as there can be,
/// as large as each other or by one row larger. A small tile has too few sums at a time for the
/// processor to work on, and takes almost as long as a large one.
#[inline(always)]
pub(crate) fn even_tiles(rows: usize, most: usize) -> impl Iterator<Item = [usize; 2]> {
    let tiles = rows.div_ceil(most);
    let (size, larger) = (rows / tiles.max(1), rows % tiles.max(1));
    (0..tiles).map(move |i| [i * size + i.min(larger), size + usize::from(i < larger)])
}

/// Where each tile of rows begins, and its size: `most`, a power of 2, then less.
#[inline(always)]
pub(crate) fn row_tiles(rows: usize, most: usize) -> impl Iterator<Item = [usize; 2]> {
    let (mut row, mut size) = (0, most);
    std::iter::from_fn(move || {
        if row == rows {
            return None;
        }
        while size > rows - row {
            size /= 2;
        }
        row += size;
        Some([row - size, size])
    })
}
