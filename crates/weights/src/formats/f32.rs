#![doc = include_str!("f32.md")]

use crate::TableFormat;
use crate::facts::{Element, Facts, Scales};
use crate::panel::{Columns, PANEL, PackedPanel, SQUARE, write_words};

pub(crate) static FACTS: Facts = Facts {
    name: "f32",
    padding: 1,
    element: Element::F32,
    cell_inputs: 1,
    cell: &[PANEL],
    scales: Scales::None,
    table: TableFormat::F32,
    packing_error: 0.0,
    reference_error: 0.0,
    rounds: |_| false,
    pack,
    value,
};

fn pack(columns: &Columns<'_>, values: &mut [u8], _: &mut [u8]) {
    columns.squares(
        values.len().div_ceil(SQUARE),
        |_, _, run: &[f32; PANEL]| run.map(f32::to_bits),
        |at, square| write_words(values, at, square),
    );
}

fn value(panel: &PackedPanel<'_>, input: usize, output: usize) -> f32 {
    f32::from_le_bytes(panel.bytes(input * PANEL + output))
}

#[cfg(test)]
mod tests {
    use crate::{Matrix, PANEL, WeightFormat};

    #[test]
    fn layout() {
        let (values, scales) = Matrix::example(WeightFormat::F32).pack(&Matrix::EXAMPLE);
        let values: Vec<f32> = Matrix::numbers(&values);
        assert_eq!(values.len(), 3 * PANEL);
        assert_eq!(values[PANEL..][..3], [1.0, 101.0, 0.0]);
        assert!(scales.is_empty());
    }
}
