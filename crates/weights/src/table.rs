//! A weight whose rows are looked up.

use half::bf16;

use crate::formats::bf16::bf16_bits;
use crate::quantise::{largest_magnitude, quantise};
use crate::{Element, Q8_MAX, WeightFormat};

/// How a table is stored, which follows from the format of its component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// f32, unchanged.
    F32,
    /// Rounded to bf16.
    Bf16,
    /// Integers of 8 bits and one f32 scale per row.
    Q8,
}

impl TableFormat {
    /// The format that a manifest names for it.
    pub fn format(self) -> WeightFormat {
        match self {
            Self::F32 => WeightFormat::F32,
            Self::Bf16 => WeightFormat::Bf16,
            Self::Q8 => WeightFormat::Q8,
        }
    }

    /// Number type of the values.
    pub fn element(self) -> Element {
        match self {
            Self::F32 => Element::F32,
            Self::Bf16 => Element::Bf16,
            Self::Q8 => Element::I8,
        }
    }
}

/// Layout of a lookup table `[rows, width]`, row by row. Its formats are f32, bf16 and q8
/// with one f32 scale per row. As of a [`Matrix`](crate::Matrix), a size that no integer holds is
/// `usize::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableLayout {
    /// How values are stored.
    pub format: WeightFormat,
    /// Rows.
    pub rows: usize,
    /// Values of a row.
    pub width: usize,
}

impl TableLayout {
    /// A table of a component whose weights are in `format`.
    pub fn new(format: WeightFormat, rows: usize, width: usize) -> Self {
        Self {
            format: format.facts().table.format(),
            rows,
            width,
        }
    }

    /// How values are stored.
    pub fn table_format(&self) -> TableFormat {
        self.format.facts().table
    }

    /// Bytes of a row's values.
    pub fn row_bytes(&self) -> usize {
        self.width
            .saturating_mul(self.table_format().element().size())
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.rows.saturating_mul(self.row_bytes())
    }

    /// Bytes of all scales.
    pub fn scale_bytes(&self) -> usize {
        match self.table_format() {
            TableFormat::F32 | TableFormat::Bf16 => 0,
            TableFormat::Q8 => self.rows.saturating_mul(4),
        }
    }

    /// Packs one row into [`Self::row_bytes`] bytes; returns its scale, where it has one.
    pub fn pack_row(&self, row: &[f32], values: &mut [u8]) -> Option<f32> {
        match self.table_format() {
            TableFormat::F32 => values.copy_from_slice(bytemuck::cast_slice(row)),
            TableFormat::Q8 => {
                let scale = largest_magnitude(row) / Q8_MAX as f32;
                for (out, value) in values.iter_mut().zip(row) {
                    *out = quantise(*value, scale, Q8_MAX) as i8 as u8;
                }
                return Some(scale);
            }
            TableFormat::Bf16 => {
                for (out, value) in values.as_chunks_mut::<2>().0.iter_mut().zip(row) {
                    *out = bf16_bits(*value).to_le_bytes();
                }
            }
        }
        None
    }

    /// Writes the row that is stored as `values` and `scale` to `out`.
    pub fn unpack_row(&self, values: &[u8], scale: f32, out: &mut [f32]) {
        match self.table_format() {
            TableFormat::F32 => {
                for (out, value) in out.iter_mut().zip(values.as_chunks::<4>().0) {
                    *out = f32::from_le_bytes(*value);
                }
            }
            TableFormat::Q8 => {
                for (out, value) in out.iter_mut().zip(values) {
                    *out = f32::from(*value as i8) * scale;
                }
            }
            TableFormat::Bf16 => {
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
        for format in WeightFormat::ALL {
            let table = TableLayout::new(format, 1, row.len());
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
        for format in WeightFormat::ALL {
            let table = TableLayout::new(format, usize::MAX / 2, 5);
            assert!(table.bytes() > isize::MAX as usize, "{format}");
            let scales = table.scale_bytes();
            assert!(scales == 0 || scales > isize::MAX as usize, "{format}");
        }
    }
}
