//! Matrix products on packed weights.

mod code_product;
mod codes;
mod float;
mod integer;
mod q16;
mod q8;

use std::array::from_fn;

use weights::{Format, Matrix, PANEL};

use crate::isa::{Kernel, Kernels};
use crate::simd::Simd;
use crate::size::size;
use crate::{Scratch, WeightSums};
pub(crate) use q16::pair_products;

/// A packed weight and the bias that is added to its products.
#[derive(Clone, Copy, Debug)]
pub struct Weight<'a> {
    /// Layout.
    pub matrix: Matrix,
    /// [`Matrix::bytes`] bytes.
    pub values: &'a [u8],
    /// [`Matrix::scale_bytes`] bytes.
    pub scales: &'a [u8],
    /// What [`Kernels::weight_sums`] gives.
    pub sums: &'a WeightSums,
    /// One number per output.
    pub bias: Option<&'a [f32]>,
    /// Beside q6 and q4, whether what activations lose when they are rounded to 8 bits is rounded
    /// and multiplied too.
    pub residual: bool,
}

impl Weight<'_> {
    /// Where the values of a panel begin.
    #[inline(always)]
    fn panel(&self, panel: usize) -> *const u8 {
        let at = panel * self.matrix.panel_bytes();
        self.values.as_ptr().wrapping_add(at)
    }

    /// Where its scales do.
    #[inline(always)]
    fn panel_scales(&self, panel: usize) -> *const u8 {
        let at = panel * self.matrix.panel_scale_bytes();
        self.scales.as_ptr().wrapping_add(at)
    }
}

/// Rows of a factor. They may overlap, as the windows of a convolution do.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Row `i` starts at `i * stride`.
    pub values: &'a [f32],
    /// How many rows.
    pub count: usize,
    /// From one row to the next.
    pub stride: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `width` values, one behind the other.
    pub fn new(values: &'a [f32], width: usize) -> Self {
        Self {
            values,
            count: values.len().checked_div(width).unwrap_or(0),
            stride: width,
        }
    }
}

/// One product, with checked shapes.
#[derive(Clone, Copy)]
struct Product<'a> {
    weight: Weight<'a>,
    rows: usize,
    out: *mut f32,
}

impl Kernels {
    /// `out = x * weight + bias`: `x` [count, inputs], `out` [count, outputs].
    ///
    /// # Panics
    ///
    /// If a slice is not as long as its shape says, or no slice could be.
    pub fn matmul(self, weight: &Weight<'_>, x: Rows<'_>, scratch: &mut Scratch, out: &mut [f32]) {
        let Weight { matrix, bias, .. } = *weight;
        assert_eq!(weight.values.len(), matrix.bytes(), "bytes of a weight");
        assert_eq!(
            weight.scales.len(),
            matrix.scale_bytes(),
            "scales of a weight"
        );
        assert!(
            weight.sums.fit(&matrix, self.has_planes()),
            "sums of a weight"
        );
        assert!(bias.is_none_or(|bias| bias.len() == matrix.outputs), "bias");
        assert_eq!(out.len(), size([x.count, matrix.outputs]), "outputs");
        if out.is_empty() {
            return;
        }
        let needed = size([x.count - 1, x.stride]).saturating_add(matrix.inputs);
        assert!(
            x.values.len() >= needed,
            "rows: {} < {needed}",
            x.values.len()
        );

        let product = Product {
            weight: *weight,
            rows: x.count,
            out: out.as_mut_ptr(),
        };
        match matrix.format {
            Format::F32 | Format::Bf16 => {
                // SAFETY: the rows are there, see above.
                unsafe {
                    self.run(FloatProduct {
                        product,
                        x: x.values.as_ptr(),
                        stride: x.stride,
                    });
                }
            }
            // SAFETY: as above.
            Format::Q6 => unsafe { self.code_matmul::<codes::Q6>(product, x, scratch) },
            // SAFETY: as above.
            Format::Q4 => unsafe { self.code_matmul::<codes::Q4>(product, x, scratch) },
            Format::Q16 | Format::Q8 => self.integer_matmul(product, x, needed, scratch),
        }
    }
}

impl Product<'_> {
    /// Writes panel `panel` of `row`: the sums plus bias.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, row: usize, panel: usize, sums: S::F) {
        let outputs = self.weight.matrix.outputs;
        let first = panel * PANEL;
        let width = PANEL.min(outputs - first);
        // SAFETY: `row` and `panel` are those of the product, whose `out` was measured.
        unsafe {
            let out = self.out.add(row * outputs + first);
            if width == PANEL {
                let sums = match self.weight.bias {
                    Some(bias) => S::add(sums, S::load(bias.as_ptr().add(first))),
                    None => sums,
                };
                S::store(sums, out);
                return;
            }
            let mut values = [0.0; PANEL];
            S::store(sums, values.as_mut_ptr());
            for (i, value) in values.iter().enumerate().take(width) {
                let bias = self.weight.bias.map_or(0.0, |bias| bias[first + i]);
                out.add(i).write(value + bias);
            }
        }
    }
}

/// A product of f32 rows.
struct FloatProduct<'a> {
    product: Product<'a>,
    x: *const f32,
    stride: usize,
}

/// Computes a panel for some rows at a time.
trait Block {
    /// Is called before the blocks of a panel.
    #[inline(always)]
    unsafe fn begin<S: Simd>(&self, _panel: usize) {}

    /// The product's part for `R` rows from `row` on.
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize);
}

/// Computes several panels by turns, for a product of one row.
trait Turns: Block {
    /// The product's part of `panels`.
    unsafe fn turns<S: Simd>(&self, panels: [usize; STREAMS]);
}

/// Places in memory that are read by turns. Memory is read a page at a time, and finding the
/// next page takes longer than reading it: so it is done for several at once.
const STREAMS: usize = 4;
/// Bytes that are read from memory at a time.
const LINE: usize = 64;
/// Lines of each place that are asked for at a time, at least.
const MIN_LINES: usize = 4;
/// Bytes from what is read for one row to what is asked for: a page, so that the next one is
/// found in time.
const AHEAD: usize = 4096;

/// Lines of panel `panel` that are asked for, from several pages at once.
struct Prefetch {
    panel: *const u8,
    /// Lines of each part of the panel.
    part: usize,
    next: usize,
}

impl Prefetch {
    fn new(weight: &Weight<'_>, panel: usize) -> Self {
        let size = weight.matrix.panel_bytes();
        let there = panel < weight.matrix.panels();
        Self {
            panel: weight.panel(panel),
            part: if there { size / LINE / STREAMS } else { 0 },
            next: 0,
        }
    }

    /// Asks for up to `lines` lines of each part.
    #[inline(always)]
    unsafe fn ask<S: Simd>(&mut self, lines: usize) {
        let end = self.part.min(self.next + lines);
        while self.next < end {
            for stream in 0..STREAMS {
                let line = stream * self.part + self.next;
                // SAFETY: the panel has so many.
                unsafe { S::prefetch(self.panel.add(line * LINE)) };
            }
            self.next += 1;
        }
    }
}

/// All panels of a product, and for each panel all rows in blocks of `S::ROWS`, then of less.
/// So every weight is read from memory once.
#[inline(always)]
unsafe fn all_blocks<S: Simd>(blocks: &impl Block, product: &Product<'_>) {
    let rows = product.rows;
    for panel in 0..product.weight.matrix.panels() {
        let mut ahead = Prefetch::new(&product.weight, panel + 1);
        // Beside the work of every block, but not so often that asking is work itself.
        let lines = (ahead.part * S::ROWS).div_ceil(rows).max(MIN_LINES);
        // SAFETY: as this function's own.
        unsafe { blocks.begin::<S>(panel) };
        for [row, size] in row_blocks(rows, S::ROWS) {
            // SAFETY: as this function's own.
            unsafe {
                if rows > S::ROWS {
                    ahead.ask::<S>(lines);
                }
                match size {
                    8 if S::ROWS >= 8 => blocks.block::<S, 8>(panel, row),
                    4 if S::ROWS >= 4 => blocks.block::<S, 4>(panel, row),
                    2 => blocks.block::<S, 2>(panel, row),
                    _ => blocks.block::<S, 1>(panel, row),
                }
            }
        }
    }
}

/// All panels of a product of one row, from several parts of the weight by turns.
#[inline(always)]
unsafe fn all_turns<S: Simd>(turns: &impl Turns, product: &Product<'_>) {
    let panels = product.weight.matrix.panels();
    let part = panels / STREAMS;
    // SAFETY: as this function's own.
    unsafe {
        for i in 0..part {
            turns.turns::<S>(from_fn(|stream| stream * part + i));
        }
        for panel in part * STREAMS..panels {
            turns.begin::<S>(panel);
            turns.block::<S, 1>(panel, 0);
        }
    }
}

/// Where each block of rows begins, and its size: `most`, a power of 2, then less.
#[inline(always)]
pub(crate) fn row_blocks(rows: usize, most: usize) -> impl Iterator<Item = [usize; 2]> {
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

impl Kernel for FloatProduct<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: whoever made the product checked its shapes.
        unsafe { all_blocks::<S>(&self, &self.product) };
    }
}

impl Block for FloatProduct<'_> {
    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize>(&self, panel: usize, row: usize) {
        let matrix = self.product.weight.matrix;
        let values = self.product.weight.panel(panel);
        // SAFETY: as the trait's.
        unsafe {
            let x = self.x.add(row * self.stride);
            let sums = match matrix.format {
                Format::Bf16 => {
                    float::sums::<S, float::Bf16, R>(values, matrix.inputs, x, self.stride)
                }
                _ => float::sums::<S, float::F32, R>(values, matrix.inputs, x, self.stride),
            };
            for (i, sums) in sums.into_iter().enumerate() {
                self.product.store::<S>(row + i, panel, sums);
            }
        }
    }
}

#[cfg(test)]
mod tests;
