#![doc = include_str!("bf16.md")]

use half::bf16;

use crate::TableFormat;
use crate::facts::{Element, Facts, Scales};
use crate::panel::{Columns, PANEL, PackedPanel, SQUARE};

pub(crate) static FACTS: Facts = Facts {
    name: "bf16",
    padding: 1,
    element: Element::Bf16,
    cell_inputs: 1,
    cell: &[PANEL],
    scales: Scales::None,
    table: TableFormat::Bf16,
    packing_error: 1.0 / 256.0,
    reference_error: 0.0,
    rounds,
    pack,
    value,
};

/// Whether a number has bits in the half that is not stored.
pub(crate) fn rounds(values: &[f32]) -> bool {
    values.iter().fold(0, |all, value| all | value.to_bits()) & 0xffff != 0
}

/// The nearest bf16 number, ties to even; of finite values.
pub(crate) fn bf16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

fn pack(columns: &Columns<'_>, values: &mut [u8], _: &mut [u8]) {
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

fn value(panel: &PackedPanel<'_>, input: usize, output: usize) -> f32 {
    bf16::from_le_bytes(panel.bytes(input * PANEL + output)).to_f32()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rounding_is_to_the_nearest(value in -9000.0_f32..9000.0, small in -1e-30_f32..1e-30) {
            for value in [value, small] {
                prop_assert_eq!(bf16_bits(value), bf16::from_f32(value).to_bits());
                let stored = bf16::from_f32(value).to_f32();
                prop_assert_eq!(rounds(&[0.0, value]), stored.to_bits() != value.to_bits());
            }
        }
    }
}
