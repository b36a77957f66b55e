//! What there is to know of a weight format.

use crate::panel::{Columns, PackedPanel};
use crate::{PANEL, QUANT_BLOCK, TableFormat, WeightFormat};

/// All facts of one [`WeightFormat`]: everything else follows from them.
#[derive(Debug)]
pub struct Facts {
    /// The name, in options and in the manifest.
    pub name: &'static str,
    /// The number of inputs is padded with zeros to a multiple of this.
    pub padding: usize,
    /// Number type of a panel's values, as the data file and ONNX have it.
    pub element: Element,
    /// A panel's values are `[inputs / cell_inputs][cell]`.
    pub cell_inputs: usize,
    /// Sizes of a cell, outermost first: what a panel holds of `cell_inputs` inputs.
    pub cell: &'static [usize],
    /// How the scales of a panel are stored.
    pub scales: Scales,
    /// How a table is stored in a component of this format.
    pub table: TableFormat,
    /// Largest error of a packed value, as a part of the largest value of its output.
    pub packing_error: f32,
    /// Largest difference from the reference outputs of pocket-tts that `verify` allows a
    /// component of this format, as a part of a tensor's largest value; measured with random
    /// weights. 0 where the backend's own tolerance is enough.
    pub reference_error: f64,
    /// Whether storing these numbers rounds them although the format is meant to hold a
    /// checkpoint exactly. Quantised formats always round and never say so.
    pub rounds: fn(&[f32]) -> bool,
    /// Packs a panel: values, then scales.
    pub(crate) pack: fn(&Columns<'_>, &mut [u8], &mut [u8]),
    /// The value of input and output in a packed panel.
    pub(crate) value: fn(&PackedPanel<'_>, usize, usize) -> f32,
}

/// Number type of stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE 754 single precision.
    F32,
    /// The upper half of a single.
    Bf16,
    /// Signed 16-bit integer.
    I16,
    /// Signed 8-bit integer.
    I8,
    /// Unsigned 8-bit integer; in formats of fewer bits, several numbers share bytes.
    U8,
}

/// Scales of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scales {
    /// None: a number stands for itself.
    None,
    /// One f32 for each output: `[16]`.
    Output,
    /// 8-bit integers `[1 + inputs / 32][16]`: an exponent for each output, then a number for each
    /// block of [`QUANT_BLOCK`] inputs. A block's scale is its number times two to the power of
    /// the exponent.
    Block {
        /// What is added to a number so that it is stored without a sign.
        offset: i32,
    },
}

impl Element {
    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 => 1,
        }
    }

    /// The name, as Rust has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::I16 => "i16",
            Self::I8 => "i8",
            Self::U8 => "u8",
        }
    }
}

impl Facts {
    /// Bytes of a panel's values, for each of its inputs: a whole number.
    pub fn bytes_per_input(&self) -> usize {
        self.cell.iter().product::<usize>() * self.element.size() / self.cell_inputs
    }

    /// Bytes of one value of a large matrix, scales included.
    pub fn bytes_per_value(&self) -> f64 {
        let scales = match self.scales {
            Scales::None | Scales::Output => 0.0,
            Scales::Block { .. } => 1.0 / QUANT_BLOCK as f64,
        };
        self.bytes_per_input() as f64 / PANEL as f64 + scales
    }
}

impl WeightFormat {
    /// Largest difference from the reference outputs of pocket-tts that `verify` allows.
    pub fn reference_error(self) -> f64 {
        self.facts().reference_error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_agree_with_each_other() {
        for format in WeightFormat::ALL {
            let facts = format.facts();
            let cell = facts.cell.iter().product::<usize>() * facts.element.size();
            assert_eq!(cell % facts.cell_inputs, 0, "{format}: cell");
            assert_eq!(facts.padding % facts.cell_inputs, 0, "{format}: padding");
            if let Scales::Block { offset } = facts.scales {
                assert_eq!(facts.padding, QUANT_BLOCK, "{format}: padding");
                let bits = facts.bytes_per_input() * 8 / PANEL;
                assert_eq!(2 * offset, 1 << bits, "{format}: offset");
            }
        }
    }
}
