#![doc = include_str!("q8.md")]

use crate::TableFormat;
use crate::facts::{Element, Facts, Scales};
use crate::panel::{Columns, PANEL, PackedPanel, SQUARE, write_scales, write_words};
use crate::quantise::quantise;

/// Largest magnitude of a q8 number.
pub const Q8_MAX: i32 = 127;

pub(crate) static FACTS: Facts = Facts {
    name: "q8",
    padding: 4,
    element: Element::I8,
    cell_inputs: 4,
    cell: &[PANEL, 4],
    scales: Scales::Output,
    table: TableFormat::Q8,
    // Half a step, and the rounding of the scale and of the product with it.
    packing_error: 0.5 / Q8_MAX as f32 + 2.0 * f32::EPSILON,
    reference_error: 0.1,
    rounds: |_| false,
    pack,
    value,
};

fn pack(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
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

fn value(panel: &PackedPanel<'_>, input: usize, output: usize) -> f32 {
    let at = (input / 4 * PANEL + output) * 4 + input % 4;
    f32::from(panel.values[at] as i8) * panel.scale(output)
}

#[cfg(test)]
mod tests {
    use crate::{Matrix, PANEL, WeightFormat};

    #[test]
    fn layout() {
        let (values, scales) = Matrix::example(WeightFormat::Q8).pack(&Matrix::EXAMPLE);
        assert_eq!(values.len(), 4 * PANEL);
        assert_eq!(&values[..8], [0, 64, 127, 0, 125, 126, 127, 0]);
        let scales: Vec<f32> = Matrix::numbers(&scales);
        assert_eq!(scales[..3], [2.0 / 127.0, 102.0 / 127.0, 0.0]);
    }
}
