//! The values of one parameter, packed as the data file holds them.

use super::{PlacedParameter, ValueReader, WriteError};
use crate::{Layout, Matrix, PANEL, Packing, TableLayout};

/// Bytes of a buffer, about.
const PANEL_BUFFER: usize = 1 << 20;

/// Hands out a parameter's values in buffers, as the file holds them.
pub(super) struct PackedValues<'p, R> {
    source: TensorValues<'p, R>,
    scratch: &'p mut WriterScratch,
    /// The next row or panel.
    at: usize,
    scales: Vec<u8>,
    rounded: bool,
}

/// Reused buffers, whose contents are overwritten.
#[derive(Default)]
pub(super) struct WriterScratch {
    /// Rows of a table, outputs of a panel.
    rows: Vec<f32>,
    /// A tensor as read, before its values are put into the order of the matrix.
    tensor: Vec<f32>,
}

/// The checkpoint's values.
struct TensorValues<'p, R> {
    parameter: &'p PlacedParameter,
    reader: R,
    /// Values read.
    count: u64,
}

impl<'p, E, R: ValueReader<Error = E>> PackedValues<'p, R> {
    pub(super) fn new(
        parameter: &'p PlacedParameter,
        reader: R,
        scratch: &'p mut WriterScratch,
    ) -> Self {
        Self {
            source: TensorValues {
                parameter,
                reader,
                count: 0,
            },
            scratch,
            at: 0,
            scales: Vec::new(),
            rounded: false,
        }
    }

    /// Replaces what `buffer` holds by the next values; leaves it empty at the end.
    pub(super) fn fill(&mut self, buffer: &mut Vec<u8>) -> Result<(), WriteError<E>> {
        match self.source.parameter.packing {
            Packing::Vector(_) => self.fill_values(buffer)?,
            Packing::Table(table) => self.fill_rows(table, buffer)?,
            Packing::Matrix(matrix) => self.fill_panels(matrix, buffer)?,
        }
        if buffer.is_empty() {
            self.source.check_end()?;
        }
        Ok(())
    }

    /// Whether numbers were lost in bf16 so far.
    pub(super) fn rounded(&self) -> bool {
        self.rounded
    }

    /// The scales, once all values are handed out.
    pub(super) fn into_scales(self) -> Vec<u8> {
        self.scales
    }

    fn fill_values(&mut self, buffer: &mut Vec<u8>) -> Result<(), WriteError<E>> {
        let rows = &mut self.scratch.rows;
        rows.resize(PANEL_BUFFER / 4, 0.0);
        let n = self.source.read(rows)?;
        buffer.clear();
        buffer.extend_from_slice(bytemuck::cast_slice(&rows[..n]));
        Ok(())
    }

    fn fill_rows(&mut self, table: TableLayout, buffer: &mut Vec<u8>) -> Result<(), WriteError<E>> {
        let most = (PANEL_BUFFER / table.row_bytes().max(1)).max(1);
        let count = most.min(table.rows - self.at);
        let rows = &mut self.scratch.rows;
        rows.resize(count * table.width, 0.0);
        self.source.read_exact(rows)?;
        self.rounded |= (table.format.facts().rounds)(rows);
        // What the buffer held is overwritten, not cleared.
        buffer.resize(count * table.row_bytes(), 0);
        let rows = rows.chunks_exact(table.width.max(1));
        let out = buffer.chunks_exact_mut(table.row_bytes().max(1));
        for (row, out) in rows.zip(out) {
            if let Some(scale) = table.pack_row(row, out) {
                self.scales.extend(scale.to_le_bytes());
            }
        }
        self.at += count;
        Ok(())
    }

    fn fill_panels(&mut self, matrix: Matrix, buffer: &mut Vec<u8>) -> Result<(), WriteError<E>> {
        let size = matrix.panel_bytes();
        let most = (PANEL_BUFFER / size.max(1)).max(1);
        let count = most.min(matrix.panels() - self.at);
        buffer.resize(count * size, 0);
        for out in buffer.chunks_exact_mut(size.max(1)) {
            self.read_panel(matrix)?;
            let columns = &self.scratch.rows;
            self.rounded |= (matrix.format.facts().rounds)(columns);
            let scales = self.scales.len();
            self.scales.resize(scales + matrix.panel_scale_bytes(), 0);
            matrix.pack_panel(columns, out, &mut self.scales[scales..]);
            self.at += 1;
        }
        Ok(())
    }

    /// Reads the outputs of the next panel, each with its inputs in the order of the matrix.
    fn read_panel(&mut self, matrix: Matrix) -> Result<(), WriteError<E>> {
        let first = self.at * PANEL;
        let outputs = first..matrix.outputs.min(first + PANEL);
        let PlacedParameter { layout, shape, .. } = self.source.parameter;
        let WriterScratch { rows, tensor } = &mut *self.scratch;
        rows.resize(outputs.len() * matrix.inputs, 0.0);
        match (layout, &shape[..]) {
            (Layout::Convolution, &[_, channels, kernel]) if kernel > 1 => {
                tensor.resize(rows.len(), 0.0);
                self.source.read_exact(tensor)?;
                let size = matrix.inputs.max(1);
                for (row, weight) in rows.chunks_exact_mut(size).zip(tensor.chunks_exact(size)) {
                    for (tap, row) in row.chunks_exact_mut(channels.max(1)).enumerate() {
                        let taps = weight[tap..].iter().step_by(kernel);
                        row.iter_mut()
                            .zip(taps)
                            .for_each(|(out, value)| *out = *value);
                    }
                }
            }
            (Layout::TransposedConvolution, &[channels, out_channels, kernel]) => {
                if self.at == 0 {
                    // A panel needs something of every input: the whole tensor stays in memory.
                    tensor.resize(channels * out_channels * kernel, 0.0);
                    self.source.read_exact(tensor)?;
                }
                let stride = kernel / 2;
                for (row, output) in rows.chunks_exact_mut(matrix.inputs.max(1)).zip(outputs) {
                    let (position, out_channel) = (output / out_channels, output % out_channels);
                    // The previous input reaches this output through the second half of the taps.
                    for (row, tap) in row
                        .chunks_exact_mut(channels.max(1))
                        .zip([stride + position, position])
                    {
                        let values = tensor[out_channel * kernel + tap..]
                            .iter()
                            .step_by(out_channels * kernel);
                        row.iter_mut()
                            .zip(values)
                            .for_each(|(out, value)| *out = *value);
                    }
                }
            }
            _ => self.source.read_exact(rows)?,
        }
        Ok(())
    }
}

impl<E, R: ValueReader<Error = E>> TensorValues<'_, R> {
    fn read(&mut self, out: &mut [f32]) -> Result<usize, WriteError<E>> {
        let n = self.reader.read(out).map_err(WriteError::Values)?;
        self.count += n as u64;
        Ok(n)
    }

    fn read_exact(&mut self, out: &mut [f32]) -> Result<(), WriteError<E>> {
        let mut filled = 0;
        while filled < out.len() {
            let n = self.read(&mut out[filled..])?;
            if n == 0 {
                return self.check_count();
            }
            filled += n;
        }
        Ok(())
    }

    /// There must be no more.
    fn check_end(&mut self) -> Result<(), WriteError<E>> {
        self.read(&mut [0.0])?;
        self.check_count()
    }

    fn check_count(&self) -> Result<(), WriteError<E>> {
        let expected = self.parameter.shape.iter().product::<usize>() as u64;
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
