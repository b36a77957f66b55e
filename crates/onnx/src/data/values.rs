//! The values of one parameter, in the order of the data file.

use super::{ValueReader, WriteError};
use crate::{Layout, Parameter};

/// Values per buffer, about: 1 MiB.
const BUFFER: usize = 1 << 18;
/// Side of the squares that are transposed at a time: a cache line of values.
const TILE: usize = 16;

/// Hands out a parameter's values in buffers.
pub(super) struct Values<'p, R> {
    parameter: &'p Parameter,
    reader: R,
    /// Values read.
    count: u64,
    /// Room for a whole tensor, where columns are handed out as rows.
    tensor: &'p mut Vec<f32>,
    /// The next column; none before the tensor is read.
    column: Option<usize>,
}

impl<'p, E, R: ValueReader<Error = E>> Values<'p, R> {
    /// `tensor` is memory to work in, whatever it holds.
    pub(super) fn new(parameter: &'p Parameter, reader: R, tensor: &'p mut Vec<f32>) -> Self {
        Self {
            parameter,
            reader,
            count: 0,
            tensor,
            column: None,
        }
    }

    /// Replaces what `buffer` holds by the next values; leaves it empty at the end.
    pub(super) fn fill(&mut self, buffer: &mut Vec<f32>) -> Result<(), WriteError<E>> {
        match self.parameter.layout {
            Layout::AsIs => {
                buffer.resize(BUFFER, 0.0);
                let n = self.read(buffer)?;
                buffer.truncate(n);
                if n == 0 {
                    self.check_count()?;
                }
                Ok(())
            }
            Layout::Transposed => self.fill_transposed(buffer),
        }
    }

    fn fill_transposed(&mut self, buffer: &mut Vec<f32>) -> Result<(), WriteError<E>> {
        // The parameter's shape is the transposed one: its rows are the tensor's columns.
        let width = self.parameter.shape.first().copied().unwrap_or_default();
        if self.column.is_none() {
            self.read_all()?;
        }
        let mut column = self.column.unwrap_or_default();
        let height = self.tensor.len().checked_div(width).unwrap_or_default();
        // Whole tiles, at least one; what the buffer held is overwritten, not cleared.
        let tiles = (BUFFER / (TILE * height).max(1)).max(1);
        let columns = (tiles * TILE).min(width - column);
        buffer.resize(columns * height, 0.0);
        for out in buffer.chunks_mut((TILE * height).max(1)) {
            transpose_columns(self.tensor, width, column, out);
            column += out.len() / height;
        }
        self.column = Some(column);
        Ok(())
    }

    fn read_all(&mut self) -> Result<(), WriteError<E>> {
        self.tensor.resize((self.parameter.size / 4) as usize, 0.0);
        let mut filled = 0;
        while filled < self.tensor.len() {
            let n = self
                .reader
                .read(&mut self.tensor[filled..])
                .map_err(WriteError::Values)?;
            if n == 0 {
                break;
            }
            filled += n;
        }
        self.count = filled as u64;
        // There must be no more.
        self.read(&mut [0.0])?;
        self.check_count()
    }

    fn read(&mut self, out: &mut [f32]) -> Result<usize, WriteError<E>> {
        let n = self.reader.read(out).map_err(WriteError::Values)?;
        self.count += n as u64;
        Ok(n)
    }

    fn check_count(&self) -> Result<(), WriteError<E>> {
        let expected = self.parameter.size / 4;
        if self.count == expected {
            return Ok(());
        }
        Err(WriteError::Count {
            name: self.parameter.name.clone(),
            expected,
            actual: self.count,
        })
    }
}

/// Writes up to [`TILE`] columns from `column` on of a matrix of `width` columns, as rows.
///
/// It goes by squares, so that whole cache lines are written: columns lie powers of two
/// apart, and single values of sixteen of them would push each other out of the cache.
fn transpose_columns(matrix: &[f32], width: usize, column: usize, out: &mut [f32]) {
    let height = matrix.len() / width;
    let columns = out.len() / height.max(1);
    for (band, rows) in matrix.chunks(TILE * width).enumerate() {
        let count = rows.len() / width;
        let mut tile = [[0.0; TILE]; TILE];
        if count == TILE && columns == TILE {
            transpose_tile(rows, width, column, &mut tile);
        } else {
            for (y, row) in rows.chunks_exact(width).enumerate() {
                for (x, value) in row[column..column + columns].iter().enumerate() {
                    tile[x][y] = *value;
                }
            }
        }
        for (x, line) in tile.iter().enumerate().take(columns) {
            let start = x * height + band * TILE;
            out[start..start + count].copy_from_slice(&line[..count]);
        }
    }
}

/// A whole tile: squares of four, each of which fits into four registers.
fn transpose_tile(rows: &[f32], width: usize, column: usize, tile: &mut [[f32; TILE]; TILE]) {
    for y in (0..TILE).step_by(4) {
        let line = |i: usize| {
            let line = &rows[(y + i) * width + column..][..TILE];
            line.as_chunks::<4>().0
        };
        let lines = [line(0), line(1), line(2), line(3)];
        for x in 0..TILE / 4 {
            let [a, b, c, d] = [lines[0][x], lines[1][x], lines[2][x], lines[3][x]];
            for i in 0..4 {
                tile[4 * x + i][y..y + 4].copy_from_slice(&[a[i], b[i], c[i], d[i]]);
            }
        }
    }
}
