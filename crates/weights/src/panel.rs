//! Packs panels.
//!
//! In every format but bf16 and q6 a group of inputs of one output fills 32 bits. So a panel is made
//! of squares of [`PANEL`] outputs by [`PANEL`] such words: columns are read and quantised in
//! runs, words change places within a square, and whole cache lines are written.

use crate::quantise::{BlockScale, bf16_bits, exponent, largest_magnitude, quantise};
use crate::{BLOCK, PANEL, Q4_OFFSET, Q6_OFFSET, Q8_MAX, Q16_MAX};

/// Words of a square: `[output][group]`, or the other way round once they changed places.
type Square = [[u32; PANEL]; PANEL];

/// Bytes of a square.
const SQUARE: usize = PANEL * PANEL * 4;

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
    fn squares<const RUN: usize>(
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
    fn scales(&self, max: i32) -> [f32; PANEL] {
        self.0.map(|column| largest_magnitude(column) / max as f32)
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
fn write_words(values: &mut [u8], at: usize, square: &Square) {
    let words: &[u8] = bytemuck::cast_slice(square.as_flattened());
    let out = &mut values[at * SQUARE..];
    let size = out.len().min(SQUARE);
    out[..size].copy_from_slice(&words[..size]);
}

fn write_scales(scales: &mut [u8], values: &[f32; PANEL]) {
    scales.copy_from_slice(bytemuck::cast_slice(values));
}

pub(crate) fn pack_f32(columns: &Columns<'_>, values: &mut [u8]) {
    columns.squares(
        values.len().div_ceil(SQUARE),
        |_, _, run: &[f32; PANEL]| run.map(f32::to_bits),
        |at, square| write_words(values, at, square),
    );
}

pub(crate) fn pack_bf16(columns: &Columns<'_>, values: &mut [u8]) {
    columns.squares(
        values.len().div_ceil(SQUARE / 2),
        |_, _, run: &[f32; PANEL]| run.map(f32::to_bits),
        |at, square| {
            let out = values[at * SQUARE / 2..].as_chunks_mut::<2>().0;
            for (out, bits) in out.iter_mut().zip(square.as_flattened()) {
                *out = bf16_bits(f32::from_bits(*bits)).to_le_bytes();
            }
        },
    );
}

pub(crate) fn pack_q16(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
    let scale = columns.scales(Q16_MAX);
    columns.squares(
        values.len().div_ceil(SQUARE),
        |output, _, run: &[f32; 2 * PANEL]| {
            let number = |value| quantise(value, scale[output], Q16_MAX) as i16;
            bytemuck::cast(run.map(number))
        },
        |at, square| write_words(values, at, square),
    );
    write_scales(scales, &scale);
}

pub(crate) fn pack_q8(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
    let scale = columns.scales(Q8_MAX);
    columns.squares(
        values.len().div_ceil(SQUARE),
        |output, _, run: &[f32; 4 * PANEL]| {
            let number = |value| quantise(value, scale[output], Q8_MAX) as i8;
            bytemuck::cast(run.map(number))
        },
        |at, square| write_words(values, at, square),
    );
    write_scales(scales, &scale);
}

pub(crate) fn pack_q6(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
    let mut scales = BlockScales::new(columns, Q6_OFFSET, scales);
    let rows = values.as_chunks_mut::<{ 4 * PANEL }>().0;
    columns.squares(
        rows.len().div_ceil(PANEL * 3 / 4),
        |output, square, run: &[f32; 4 * PANEL]| bytemuck::cast(scales.codes(output, square, run)),
        |at, square| {
            let groups = square.as_chunks::<4>().0;
            let rows = rows[at * PANEL * 3 / 4..].as_chunks_mut::<3>().0;
            for (rows, [lower @ .., upper]) in rows.iter_mut().zip(groups) {
                for (k, (row, lower)) in rows.iter_mut().zip(lower).enumerate() {
                    let words = row.as_chunks_mut::<4>().0.iter_mut();
                    for (word, (lower, upper)) in words.zip(lower.iter().zip(upper)) {
                        // Two bits of every byte, which have place above the others.
                        let upper = upper >> (2 * k) & 0x0303_0303;
                        *word = (lower | upper << 6).to_le_bytes();
                    }
                }
            }
        },
    );
}

pub(crate) fn pack_q4(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
    let mut scales = BlockScales::new(columns, Q4_OFFSET, scales);
    columns.squares(
        values.len().div_ceil(SQUARE),
        |output, square, run: &[f32; 8 * PANEL]| {
            let codes = scales.codes(output, square, run);
            let mut bytes = [0; 4 * PANEL];
            for (bytes, codes) in bytes.chunks_exact_mut(4).zip(codes.as_chunks::<8>().0) {
                for (j, byte) in bytes.iter_mut().enumerate() {
                    *byte = codes[j] | codes[4 + j] << 4;
                }
            }
            bytemuck::cast(bytes)
        },
        |at, square| write_words(values, at, square),
    );
}

/// Scales of a panel's blocks.
struct BlockScales<'a> {
    offset: i32,
    /// Those of its outputs.
    exponents: [i8; PANEL],
    /// `[blocks][16]`
    blocks: &'a mut [[u8; PANEL]],
}

impl<'a> BlockScales<'a> {
    /// Writes the exponents.
    fn new(columns: &Columns<'_>, offset: i32, scales: &'a mut [u8]) -> Self {
        let exponents = columns
            .0
            .map(|column| exponent(largest_magnitude(column), offset));
        let rows = scales.as_chunks_mut().0;
        let blocks = match rows.split_first_mut() {
            Some((first, blocks)) => {
                *first = exponents.map(|exponent| exponent as u8);
                blocks
            }
            None => &mut [],
        };
        Self {
            offset,
            exponents,
            blocks,
        }
    }

    /// The codes of a run of whole blocks, whose scales it writes.
    fn codes<const RUN: usize>(
        &mut self,
        output: usize,
        square: usize,
        run: &[f32; RUN],
    ) -> [u8; RUN] {
        let mut codes = [0; RUN];
        let blocks = run.as_chunks::<BLOCK>().0.iter();
        for (i, (block, codes)) in blocks.zip(codes.chunks_exact_mut(BLOCK)).enumerate() {
            let scale = BlockScale::new(block, self.exponents[output], self.offset);
            for (code, value) in codes.iter_mut().zip(block) {
                *code = scale.code(*value);
            }
            // The last square may hold more blocks than there are.
            if let Some(scales) = self.blocks.get_mut(square * RUN / BLOCK + i) {
                scales[output] = scale.number as u8;
            }
        }
        codes
    }
}
