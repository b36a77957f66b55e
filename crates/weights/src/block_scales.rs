//! Scales of blocks of inputs: an exponent for each output, and an 8-bit number for each block.

use crate::PANEL;
use crate::panel::Columns;
use crate::quantise::{largest_magnitude, nearest};

/// Inputs of an output that share a scale in the formats that have scales of blocks.
pub const QUANT_BLOCK: usize = 32;

/// Two to the power of `exponent`, which is at least -126.
#[inline]
pub fn power_of_two(exponent: i8) -> f32 {
    f32::from_bits((127 + i32::from(exponent)).cast_unsigned() << 23)
}

/// The smallest exponent with which an 8-bit number is a scale that makes `largest` an integer
/// of magnitude `offset`.
fn exponent(largest: f32, offset: i32) -> i8 {
    let scale = largest / offset as f32;
    // The number is at least 64 then, and at most 128: where it is more than 127, one more.
    let exponent = (scale.to_bits() >> 23).cast_signed() - 127 - 6;
    let least = exponent.max(-126) as i8;
    least + i8::from(scale > 127.0 * power_of_two(least))
}

/// The scale of a block of values.
struct BlockScale {
    /// It times the power of two is the scale.
    number: i8,
    /// 1 / scale, or 0.
    inverse: f32,
    offset: i32,
}

impl BlockScale {
    /// The scale that makes the largest value -`offset`, so that no number is unused.
    fn new(block: &[f32], exponent: i8, offset: i32) -> Self {
        let least = block
            .iter()
            .fold(0.0, |a: f32, b| if *b < a { *b } else { a });
        let most = block
            .iter()
            .fold(0.0, |a: f32, b| if *b > a { *b } else { a });
        let largest = if most > -least { most } else { least };
        let power = power_of_two(exponent);
        let number = nearest(largest / power / -(offset as f32), -127, 127);
        Self {
            number: number as i8,
            inverse: match number {
                0 => 0.0,
                _ => 1.0 / (number as f32 * power),
            },
            offset,
        }
    }

    /// The number nearest to `value / scale`, from -`offset` to `offset` - 1, plus `offset`.
    fn quant(&self, value: f32) -> u8 {
        let number = nearest(value * self.inverse, -self.offset, self.offset - 1);
        (number + self.offset) as u8
    }
}

/// Scales of a panel's blocks, as they are written.
pub(crate) struct BlockScales<'a> {
    offset: i32,
    /// Those of its outputs.
    exponents: [i8; PANEL],
    /// `[blocks][16]`
    blocks: &'a mut [[u8; PANEL]],
}

impl<'a> BlockScales<'a> {
    /// Writes the exponents.
    pub(crate) fn new(columns: &Columns<'_>, offset: i32, scales: &'a mut [u8]) -> Self {
        let exponents = columns.map(|column| exponent(largest_magnitude(column), offset));
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

    /// The stored numbers of a run of whole blocks, whose scales it writes.
    pub(crate) fn quants<const RUN: usize>(
        &mut self,
        output: usize,
        square: usize,
        run: &[f32; RUN],
    ) -> [u8; RUN] {
        let mut quants = [0; RUN];
        let blocks = run.as_chunks::<QUANT_BLOCK>().0.iter();
        for (i, (block, quants)) in blocks.zip(quants.chunks_exact_mut(QUANT_BLOCK)).enumerate() {
            let scale = BlockScale::new(block, self.exponents[output], self.offset);
            for (quant, value) in quants.iter_mut().zip(block) {
                *quant = scale.quant(*value);
            }
            // The last square may hold more blocks than there are.
            if let Some(scales) = self.blocks.get_mut(square * RUN / QUANT_BLOCK + i) {
                scales[output] = scale.number as u8;
            }
        }
        quants
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scales, WeightFormat};

    /// Offsets of the formats that have scales of blocks.
    fn offsets() -> impl Iterator<Item = i32> {
        let offset = |format: WeightFormat| match format.facts().scales {
            Scales::Block { offset } => Some(offset),
            Scales::None | Scales::Output => None,
        };
        WeightFormat::ALL.into_iter().filter_map(offset)
    }

    #[test]
    fn scales_of_nothing_are_zero() {
        for offset in offsets() {
            let nothing = BlockScale::new(&[0.0; QUANT_BLOCK], exponent(0.0, offset), offset);
            assert_eq!((nothing.number, nothing.quant(0.0)), (0, offset as u8));
        }
    }

    #[test]
    fn scales_of_blocks_fit_values_of_any_magnitude() {
        for offset in offsets() {
            for largest in [f32::MAX, 1.0, -127.0 / 128.0, -255.0 / 256.0, 1e-34] {
                let exponent = exponent(largest.abs(), offset);
                let scale = BlockScale::new(&[largest / 2.0, largest], exponent, offset);
                assert!((63..=127).contains(&scale.number.abs()), "{}", scale.number);
                assert_eq!((scale.quant(largest), scale.number < 0), (0, largest > 0.0));
            }
            // Values so small that only a subnormal number could be their scale become 0.
            let exponent = exponent(1e-40, offset);
            let scale = BlockScale::new(&[1e-40], exponent, offset);
            assert_eq!(i32::from(scale.quant(1e-40)), offset);
        }
    }
}
