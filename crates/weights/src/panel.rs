//! Panels: what the formats pack into them, and what is packed in them.
//!
//! In most formats some inputs of one output fill 32 bits. So a panel is made
//! of squares of [`PANEL`] outputs by [`PANEL`] such words: columns are read and quantised in
//! runs, words change places within a square, and whole cache lines are written.

use crate::block_scales::{QUANT_BLOCK, power_of_two};
use crate::quantise::largest_magnitude;

/// Outputs of a panel.
pub const PANEL: usize = 16;

/// Words of a square: `[output][group]`, or the other way round once they changed places.
pub(crate) type Square = [[u32; PANEL]; PANEL];

/// Bytes of a square.
pub(crate) const SQUARE: usize = PANEL * PANEL * 4;

#[cfg(target_endian = "big")]
compile_error!("packed weights are little-endian and are written as memory holds them");

/// The outputs of a panel, each with its inputs; those that are missing have none.
pub(crate) struct Columns<'a>([&'a [f32]; PANEL]);

impl<'a> Columns<'a> {
    /// Up to [`PANEL`] outputs of `inputs` values each.
    pub(crate) fn new(values: &'a [f32], inputs: usize) -> Self {
        let mut columns = values.chunks(inputs.max(1));
        Self([(); PANEL].map(|()| columns.next().unwrap_or_default()))
    }

    /// Makes squares of words, one after the other. `words` turns a run of `RUN` values of an
    /// output, zeros where there are none, into its words of the square.
    pub(crate) fn squares<const RUN: usize>(
        &self,
        squares: usize,
        mut words: impl FnMut(usize, usize, &[f32; RUN]) -> [u32; PANEL],
        mut write: impl FnMut(usize, &Square),
    ) {
        for square in 0..squares {
            let mut tile = Square::default();
            for (output, tile) in tile.iter_mut().enumerate() {
                let rest = self.0[output].get(square * RUN..).unwrap_or_default();
                *tile = if let Some(run) = rest.first_chunk() {
                    words(output, square, run)
                } else {
                    let mut run = [0.0; RUN];
                    run[..rest.len()].copy_from_slice(rest);
                    words(output, square, &run)
                };
            }
            write(square, &transposed(&tile));
        }
    }

    /// The scale of each output that maps its values to integers up to `max`.
    pub(crate) fn scales(&self, max: i32) -> [f32; PANEL] {
        self.map(|column| largest_magnitude(column) / max as f32)
    }

    /// Something of each output.
    pub(crate) fn map<T>(&self, of: impl FnMut(&[f32]) -> T) -> [T; PANEL] {
        self.0.map(of)
    }
}

/// Rows become columns: squares of four at a time, which fit into four registers each.
fn transposed(square: &Square) -> Square {
    let mut out = Square::default();
    for y in (0..PANEL).step_by(4) {
        let lines = [0, 1, 2, 3].map(|i| square[y + i].as_chunks::<4>().0);
        for x in 0..PANEL / 4 {
            let [a, b, c, d] = lines.map(|line| line[x]);
            for i in 0..4 {
                out[4 * x + i][y..y + 4].copy_from_slice(&[a[i], b[i], c[i], d[i]]);
            }
        }
    }
    out
}

/// Writes the words of a square; the last square of a panel may be cut.
pub(crate) fn write_words(values: &mut [u8], at: usize, square: &Square) {
    let words: &[u8] = bytemuck::cast_slice(square.as_flattened());
    let out = &mut values[at * SQUARE..];
    let size = out.len().min(SQUARE);
    out[..size].copy_from_slice(&words[..size]);
}

/// Writes one f32 scale for each output.
pub(crate) fn write_scales(scales: &mut [u8], values: &[f32; PANEL]) {
    scales.copy_from_slice(bytemuck::cast_slice(values));
}

/// A packed panel.
pub(crate) struct PackedPanel<'a> {
    pub(crate) values: &'a [u8],
    pub(crate) scales: &'a [u8],
}

impl PackedPanel<'_> {
    /// The bytes of the value at that place, where values have `SIZE` of them.
    pub(crate) fn bytes<const SIZE: usize>(&self, at: usize) -> [u8; SIZE] {
        std::array::from_fn(|i| self.values[SIZE * at + i])
    }

    /// The f32 scale of an output.
    pub(crate) fn scale(&self, output: usize) -> f32 {
        f32::from_le_bytes(std::array::from_fn(|i| self.scales[4 * output + i]))
    }

    /// The scale of the block that has this input of an output.
    pub(crate) fn block_scale(&self, input: usize, output: usize) -> f32 {
        let number = self.scales[(1 + input / QUANT_BLOCK) * PANEL + output] as i8;
        f32::from(number) * power_of_two(self.scales[output] as i8)
    }
}
