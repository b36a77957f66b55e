#![doc = include_str!("q6.md")]

use crate::TableFormat;
use crate::block_scales::{BlockScales, QUANT_BLOCK};
use crate::facts::{Element, Facts, Scales};
use crate::panel::{Columns, PANEL, PackedPanel};

/// What is added to a q6 number, -32 to 31, so that it has no sign.
pub const Q6_OFFSET: i32 = 32;

pub(crate) static FACTS: Facts = Facts {
    name: "q6",
    padding: QUANT_BLOCK,
    element: Element::U8,
    cell_inputs: 16,
    cell: &[3, PANEL, 4],
    scales: Scales::Block { offset: Q6_OFFSET },
    // Tables are too sensitive for fewer bits.
    table: TableFormat::Q8,
    // Half a step, or a whole one where 32 is cut to 31; and the scale's own rounding, by half of
    // 1/64 at most.
    packing_error: 1.01 / 32.0 + 1.0 / 127.0,
    reference_error: 0.3,
    rounds: |_| false,
    pack,
    value,
};

fn pack(columns: &Columns<'_>, values: &mut [u8], scales: &mut [u8]) {
    let mut scales = BlockScales::new(columns, Q6_OFFSET, scales);
    let rows = values.as_chunks_mut::<{ 4 * PANEL }>().0;
    columns.squares(
        rows.len().div_ceil(PANEL * 3 / 4),
        |output, square, run: &[f32; 4 * PANEL]| bytemuck::cast(scales.quants(output, square, run)),
        |at, square| {
            let groups = square.as_chunks::<4>().0;
            let rows = rows[at * PANEL * 3 / 4..].as_chunks_mut::<3>().0;
            for (rows, [lower @ .., upper]) in rows.iter_mut().zip(groups) {
                for (k, (row, lower)) in rows.iter_mut().zip(lower).enumerate() {
                    let words = row.as_chunks_mut::<4>().0.iter_mut();
                    for (word, (lower, upper)) in words.zip(lower.iter().zip(upper)) {
                        // Two bits of every byte, which are stored above the others.
                        let upper = upper >> (2 * k) & 0x0303_0303;
                        *word = (lower | upper << 6).to_le_bytes();
                    }
                }
            }
        },
    );
}

fn value(panel: &PackedPanel<'_>, input: usize, output: usize) -> f32 {
    let (group, four) = (input / 16, input % 16 / 4);
    let byte = |k| panel.values[((group * 3 + k) * PANEL + output) * 4 + input % 4];
    let quant = if four < 3 {
        byte(four) & 63
    } else {
        byte(0) >> 6 | byte(1) >> 6 << 2 | byte(2) >> 6 << 4
    };
    (i32::from(quant) - Q6_OFFSET) as f32 * panel.block_scale(input, output)
}

#[cfg(test)]
mod tests {
    use crate::{Matrix, PANEL, WeightFormat};

    #[test]
    fn layout() {
        let (values, scales) = Matrix::example(WeightFormat::Q6).pack(&Matrix::EXAMPLE);
        assert_eq!(values.len(), 24 * PANEL);
        // Numbers of output 0 with the scale -1/16: 0, -16, -32, and 0 for what is padded, the
        // last with its upper bit in the third row.
        assert_eq!(values[..4], [32, 16, 0, 32]);
        assert_eq!(values[8 * PANEL..][..4], [0b1010_0000; 4]);
        let scales = [scales[0], scales[PANEL]].map(|byte| byte as i8);
        assert_eq!(scales, [-10, -64]);
    }
}
