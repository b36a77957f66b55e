#![doc = include_str!("q16.md")]

use crate::TableFormat;
use crate::facts::{Element, Facts, Scales};
use crate::panel::{Columns, PANEL, PackedPanel, SQUARE, write_scales, write_words};
use crate::quantise::quantise;

/// Largest magnitude of a q16 number: 32 products with activations of the same bound fit
/// into 32 bits.
pub const Q16_MAX: i32 = 8191;

pub(crate) static FACTS: Facts = Facts {
    name: "q16",
    padding: 2,
    element: Element::I16,
    cell_inputs: 2,
    cell: &[PANEL, 2],
    scales: Scales::Output,
    // Tables are read a row at a time, so that q16 gains nothing over bf16.
    table: TableFormat::Bf16,
    // Half a step, and the rounding of the scale and of the product with it.
    packing_error: 0.5 / Q16_MAX as f32 + 2.0 * f32::EPSILON,
    reference_error: 2e-3,
    rounds: |_| false,
    pack,
    value,
};

fn pack(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
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

fn value(panel: &PackedPanel<'_>, input: usize, output: usize) -> f32 {
    let at = (input / 2 * PANEL + output) * 2 + input % 2;
    f32::from(i16::from_le_bytes(panel.bytes(at))) * panel.scale(output)
}

#[cfg(test)]
mod tests {
    use crate::{Matrix, PANEL, WeightFormat};

    #[test]
    fn layout() {
        let (values, _) = Matrix::example(WeightFormat::Q16).pack(&Matrix::EXAMPLE);
        let values: Vec<i16> = Matrix::numbers(&values);
        assert_eq!(values[..4], [0, 4096, 8030, 8111]);
        assert_eq!(values[2 * PANEL..][..4], [8191, 0, 8191, 0]);
    }
}
