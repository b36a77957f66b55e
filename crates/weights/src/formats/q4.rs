#![doc = include_str!("q4.md")]

use crate::TableFormat;
use crate::block_scales::{BlockScales, QUANT_BLOCK};
use crate::facts::{Element, Facts, Scales};
use crate::panel::{Columns, PANEL, PackedPanel, SQUARE, write_words};

/// What is added to a q4 number, -8 to 7, so that it has no sign.
pub const Q4_OFFSET: i32 = 8;

pub(crate) static FACTS: Facts = Facts {
    name: "q4",
    padding: QUANT_BLOCK,
    element: Element::U8,
    cell_inputs: 8,
    cell: &[PANEL, 4],
    scales: Scales::Block { offset: Q4_OFFSET },
    // Tables are too sensitive for fewer bits.
    table: TableFormat::Q8,
    // Half a step, or a whole one where 8 is cut to 7; and the scale's own rounding, by half of
    // 1/64 at most.
    packing_error: 1.01 / 8.0 + 1.0 / 127.0,
    reference_error: 1.5,
    rounds: |_| false,
    pack,
    value,
};

fn pack(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
    let mut scales = BlockScales::new(columns, Q4_OFFSET, scales);
    columns.squares(
        values.len().div_ceil(SQUARE),
        |output, square, run: &[f32; 8 * PANEL]| {
            let quants = scales.quants(output, square, run);
            let mut bytes = [0; 4 * PANEL];
            for (bytes, quants) in bytes.chunks_exact_mut(4).zip(quants.as_chunks::<8>().0) {
                for (j, byte) in bytes.iter_mut().enumerate() {
                    *byte = quants[j] | quants[4 + j] << 4;
                }
            }
            bytemuck::cast(bytes)
        },
        |at, square| write_words(values, at, square),
    );
}

fn value(panel: &PackedPanel<'_>, input: usize, output: usize) -> f32 {
    let byte = panel.values[(input / 8 * PANEL + output) * 4 + input % 4];
    let quant = if input % 8 < 4 { byte & 15 } else { byte >> 4 };
    (i32::from(quant) - Q4_OFFSET) as f32 * panel.block_scale(input, output)
}

#[cfg(test)]
mod tests {
    use crate::{Matrix, PANEL, WeightFormat};

    #[test]
    fn layout() {
        let (values, scales) = Matrix::example(WeightFormat::Q4).pack(&Matrix::EXAMPLE);
        assert_eq!(values.len(), 16 * PANEL);
        // Numbers of output 0 with the scale -0.25: 0, -4, -8, and 0 for what is padded.
        assert_eq!(values[..4], [0x88, 0x84, 0x80, 0x88]);
        let scales = [scales[0], scales[PANEL]].map(|byte| byte as i8);
        assert_eq!(scales, [-8, -64]);
    }
}
