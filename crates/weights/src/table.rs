//! A weight whose rows are looked up.

use half::bf16;

use crate::quantise::{bf16_bits, largest_magnitude, quantise};
use crate::{Format, Q8_MAX};

/// Layout of a lookup table `[rows, width]`, row by row. Its formats are f32, bf16 and q8
/// with one f32 scale per row. As of a [`Matrix`](crate::Matrix), a size that no integer holds is
/// `usize::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// How values are stored.
    pub format: Format,
    /// Rows.
    pub rows: usize,
    /// Values of a row.
    pub width: usize,
}

impl Table {
    /// A table of a component whose weights are in `format`. Tables are read a row at a time,
    /// so that q16 gains nothing over bf16, and are too sensitive for fewer bits than 8.
    pub fn new(format: Format, rows: usize, width: usize) -> Self {
        let format = match format {
            Format::F32 => Format::F32,
            Format::Bf16 | Format::Q16 => Format::Bf16,
            Format::Q8 | Format::Q6 | Format::Q4 => Format::Q8,
        };
        Self {
            format,
            rows,
            width,
        }
    }

    /// Bytes of a row's values.
    pub fn row_bytes(&self) -> usize {
        match self.format {
            Format::F32 => self.width.saturating_mul(4),
            Format::Bf16 | Format::Q16 => self.width.saturating_mul(2),
            Format::Q8 | Format::Q6 | Format::Q4 => self.width,
        }
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.rows.saturating_mul(self.row_bytes())
    }

    /// Bytes of all scales.
    pub fn scale_bytes(&self) -> usize {
        if self.format == Format::Q8 {
            self.rows.saturating_mul(4)
        } else {
            0
        }
    }

    /// Packs one row into [`Self::row_bytes`] bytes; returns its scale, where it has one.
    pub fn pack_row(&self, row: &[f32], values: &mut [u8]) -> Option<f32> {
        match self.format {
            Format::F32 => values.copy_from_slice(bytemuck::cast_slice(row)),
            Format::Q8 | Format::Q6 | Format::Q4 => {
                let scale = largest_magnitude(row) / Q8_MAX as f32;
                for (out, value) in values.iter_mut().zip(row) {
                    *out = quantise(*value, scale, Q8_MAX) as i8 as u8;
                }
                return Some(scale);
            }
            Format::Bf16 | Format::Q16 => {
                for (out, value) in values.as_chunks_mut::<2>().0.iter_mut().zip(row) {
                    *out = bf16_bits(*value).to_le_bytes();
                }
            }
        }
        None
    }

    /// Writes the row that is stored as `values` and `scale` to `out`.
    pub fn unpack_row(&self, values: &[u8], scale: f32, out: &mut [f32]) {
        match self.format {
            Format::F32 => {
                for (out, value) in out.iter_mut().zip(values.as_chunks::<4>().0) {
                    *out = f32::from_le_bytes(*value);
                }
            }
            Format::Q8 | Format::Q6 | Format::Q4 => {
                for (out, value) in out.iter_mut().zip(values) {
                    *out = f32::from(*value as i8) * scale;
                }
            }
            Format::Bf16 | Format::Q16 => {
                for (out, value) in out.iter_mut().zip(values.as_chunks::<2>().0) {
                    *out = bf16::from_le_bytes(*value).to_f32();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let row = [0.5, -1.0, 0.25, 0.0, 1.0 / 3.0];
        for format in Format::ALL {
            let table = Table::new(format, 1, row.len());
            let mut values = vec![0; table.bytes()];
            let scale = table.pack_row(&row, &mut values).unwrap_or_default();
            let mut out = [0.0; 5];
            table.unpack_row(&values, scale, &mut out);
            for (is, was) in out.iter().zip(row) {
                assert!((is - was).abs() < 0.005, "{format}: {is} was {was}");
            }
        }
    }
    #[test]
    fn sizes_that_no_integer_holds_are_no_slices_length() {
        for format in Format::ALL {
            let table = Table::new(format, usize::MAX / 2, 5);
            assert!(table.bytes() > isize::MAX as usize, "{format}");
            let scales = table.scale_bytes();
            assert!(scales == 0 || scales > isize::MAX as usize, "{format}");
        }
    }
}
