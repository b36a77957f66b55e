//! The weight of a matrix product, in panels.

use half::bf16;

use crate::panel::{self, Columns};
use crate::quantise::power_of_two;
use crate::{BLOCK, Format, Q4_OFFSET, Q6_OFFSET};

/// Outputs of a panel.
pub const PANEL: usize = 16;

/// Layout of a weight `[inputs, outputs]`.
///
/// A size in bytes that no integer holds is `usize::MAX`, which no slice is as long as: so a
/// comparison with a slice's length refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// How values are stored.
    pub format: Format,
    /// Values that go into the product: its inner size.
    pub inputs: usize,
    /// Values that come out of it.
    pub outputs: usize,
}

impl Matrix {
    /// Panels.
    pub fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Inputs with what fills their last group.
    pub fn padded_inputs(&self) -> usize {
        let padded = self.inputs.checked_next_multiple_of(self.format.group());
        padded.unwrap_or(usize::MAX)
    }

    /// Bytes of a panel's values.
    pub fn panel_bytes(&self) -> usize {
        // A whole number of bytes for each input.
        (self.padded_inputs()).saturating_mul(PANEL * self.format.bits() / 8)
    }

    /// Bytes of a panel's scales; 0 where the format has none.
    pub fn panel_scale_bytes(&self) -> usize {
        match self.format {
            Format::F32 | Format::Bf16 => 0,
            Format::Q16 | Format::Q8 => PANEL * 4,
            Format::Q6 | Format::Q4 => (1 + self.padded_inputs() / BLOCK).saturating_mul(PANEL),
        }
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.panels().saturating_mul(self.panel_bytes())
    }

    /// Bytes of all scales.
    pub fn scale_bytes(&self) -> usize {
        self.panels().saturating_mul(self.panel_scale_bytes())
    }

    /// Packs one panel. `columns` holds up to [`PANEL`] outputs of `inputs` finite values each;
    /// missing ones are zeros. `values` and `scales` have [`Self::panel_bytes`] and
    /// [`Self::panel_scale_bytes`] bytes.
    pub fn pack_panel(&self, columns: &[f32], values: &mut [u8], scales: &mut [u8]) {
        let columns = Columns::new(columns, self.inputs);
        match self.format {
            Format::F32 => panel::pack_f32(&columns, values),
            Format::Bf16 => panel::pack_bf16(&columns, values),
            Format::Q16 => panel::pack_q16(&columns, values, scales),
            Format::Q8 => panel::pack_q8(&columns, values, scales),
            Format::Q6 => panel::pack_q6(&columns, values, scales),
            Format::Q4 => panel::pack_q4(&columns, values, scales),
        }
    }

    /// Packs a whole weight, given as `outputs` rows of `inputs` values: values and scales.
    pub fn pack(&self, weight: &[f32]) -> (Vec<u8>, Vec<u8>) {
        let (mut values, mut scales) = (vec![0; self.bytes()], vec![0; self.scale_bytes()]);
        let (size, scale_size) = (self.panel_bytes(), self.panel_scale_bytes());
        for (i, columns) in weight
            .chunks(self.inputs.saturating_mul(PANEL).max(1))
            .enumerate()
        {
            self.pack_panel(
                columns,
                &mut values[i * size..][..size],
                &mut scales[i * scale_size..][..scale_size],
            );
        }
        (values, scales)
    }

    /// What the packed weight stands for: `inputs` rows of `outputs` values.
    pub fn unpack(&self, values: &[u8], scales: &[u8]) -> Vec<f32> {
        let mut weight = Vec::with_capacity(self.inputs.saturating_mul(self.outputs));
        for input in 0..self.inputs {
            for output in 0..self.outputs {
                weight.push(self.value(values, scales, input, output));
            }
        }
        weight
    }

    /// One value of a packed weight.
    fn value(&self, values: &[u8], scales: &[u8], input: usize, output: usize) -> f32 {
        let (panel, output) = (output / PANEL, output % PANEL);
        let values = &values[panel * self.panel_bytes()..][..self.panel_bytes()];
        let scales = &scales[panel * self.panel_scale_bytes()..][..self.panel_scale_bytes()];
        let two = |bytes: &[u8], at: usize| [bytes[2 * at], bytes[2 * at + 1]];
        let four = |bytes: &[u8], at: usize| std::array::from_fn(|i| bytes[4 * at + i]);
        let block_scale = || {
            let number = scales[(1 + input / BLOCK) * PANEL + output] as i8;
            f32::from(number) * power_of_two(scales[output] as i8)
        };
        match self.format {
            Format::F32 => f32::from_le_bytes(four(values, input * PANEL + output)),
            Format::Bf16 => bf16::from_le_bytes(two(values, input * PANEL + output)).to_f32(),
            Format::Q16 => {
                let at = (input / 2 * PANEL + output) * 2 + input % 2;
                let value = i16::from_le_bytes(two(values, at));
                f32::from(value) * f32::from_le_bytes(four(scales, output))
            }
            Format::Q8 => {
                let at = (input / 4 * PANEL + output) * 4 + input % 4;
                let value = values[at] as i8;
                f32::from(value) * f32::from_le_bytes(four(scales, output))
            }
            Format::Q6 => {
                let (group, four) = (input / 16, input % 16 / 4);
                let byte = |k| values[((group * 3 + k) * PANEL + output) * 4 + input % 4];
                let code = if four < 3 {
                    byte(four) & 63
                } else {
                    byte(0) >> 6 | byte(1) >> 6 << 2 | byte(2) >> 6 << 4
                };
                (i32::from(code) - Q6_OFFSET) as f32 * block_scale()
            }
            Format::Q4 => {
                let byte = values[(input / 8 * PANEL + output) * 4 + input % 4];
                let code = if input % 8 < 4 { byte & 15 } else { byte >> 4 };
                (i32::from(code) - Q4_OFFSET) as f32 * block_scale()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Q8_MAX, Q16_MAX};

    /// Largest error of a value, as a part of the largest value of its output.
    fn bound(format: Format) -> f32 {
        match format {
            Format::F32 => 0.0,
            Format::Bf16 => 1.0 / 256.0,
            // Half a step, and the rounding of the scale and of the product with it.
            Format::Q16 => 0.5 / Q16_MAX as f32 + 2.0 * f32::EPSILON,
            Format::Q8 => 0.5 / Q8_MAX as f32 + 2.0 * f32::EPSILON,
            // Half a step, or a whole one where 32 is cut to 31, or 8 to 7; and the scale's own
            // rounding, by half of 1/64 at most.
            Format::Q6 => 1.01 / 32.0 + 1.0 / 127.0,
            Format::Q4 => 1.01 / 8.0 + 1.0 / 127.0,
        }
    }

    proptest! {
        #[test]
        fn unpacking_gives_what_was_packed(
            inputs in 1_usize..70,
            outputs in 1_usize..40,
            seed in any::<u32>(),
        ) {
            let mut state = seed | 1;
            let weight: Vec<f32> = (0..inputs * outputs)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / (1 << 23) as f32 - 1.0
                })
                .collect();
            for format in Format::ALL {
                let matrix = Matrix { format, inputs, outputs };
                let (values, scales) = matrix.pack(&weight);
                prop_assert_eq!(values.len(), matrix.bytes());
                prop_assert_eq!(scales.len(), matrix.scale_bytes());
                let unpacked = matrix.unpack(&values, &scales);
                for output in 0..outputs {
                    for input in 0..inputs {
                        let (is, was) = (unpacked[input * outputs + output], weight[output * inputs + input]);
                        prop_assert!(
                            (is - was).abs() <= bound(format),
                            "{} [{}, {}]: {} was {}", format, input, output, is, was
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn sizes_that_no_integer_holds_are_no_slices_length() {
        let half = 1 << (usize::BITS / 2);
        let most = usize::MAX as u128;
        for format in Format::ALL {
            for [inputs, outputs] in [
                [half, half],
                [usize::MAX / 32 + 1, 16],
                [usize::MAX, 1],
                [1 << (usize::BITS - 4), 32],
                [32, usize::MAX],
            ] {
                let matrix = Matrix {
                    format,
                    inputs,
                    outputs,
                };
                let padded = (inputs as u128).next_multiple_of(format.group() as u128);
                let panel = padded.min(most) * (PANEL * format.bits() / 8) as u128;
                let bytes = panel * (outputs as u128).div_ceil(PANEL as u128);
                let shape = format!("{format} [{inputs}, {outputs}]");
                assert_eq!(matrix.bytes() as u128, bytes.min(most), "{shape}");
            }
        }
    }

    #[test]
    fn layouts() {
        // Value of input i of output o is 100 o + i, in 3 inputs and 2 outputs.
        let weight = [0.0, 1.0, 2.0, 100.0, 101.0, 102.0];
        let matrix = |format| Matrix {
            format,
            inputs: 3,
            outputs: 2,
        };
        let (f32s, _) = matrix(Format::F32).pack(&weight);
        let f32s: Vec<f32> = f32s
            .as_chunks()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        assert_eq!(f32s.len(), 3 * PANEL);
        assert_eq!(f32s[PANEL..][..3].iter().sum::<f32>() as i32, 1 + 101);
        assert_eq!(f32s[PANEL + 1] as i32, 101);

        let (q8, scales) = matrix(Format::Q8).pack(&weight);
        assert_eq!(q8.len(), 4 * PANEL);
        assert_eq!(&q8[..8], [0, 64, 127, 0, 125, 126, 127, 0]);
        let scales: Vec<f32> = scales
            .as_chunks()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        assert_eq!(scales[..3], [2.0 / 127.0, 102.0 / 127.0, 0.0]);

        let (q16, _) = matrix(Format::Q16).pack(&weight);
        let q16: Vec<i16> = q16
            .as_chunks()
            .0
            .iter()
            .map(|b| i16::from_le_bytes(*b))
            .collect();
        assert_eq!(q16[..4], [0, 4096, 8030, 8111]);
        assert_eq!(q16[2 * PANEL..][..4], [8191, 0, 8191, 0]);

        let (q6, scales) = matrix(Format::Q6).pack(&weight);
        assert_eq!(q6.len(), 24 * PANEL);
        // Codes of output 0 with the scale -1/16: 0, -16, -32, and 0 for what fills up, the last
        // with its upper bit in the third row.
        assert_eq!(q6[..4], [32, 16, 0, 32]);
        assert_eq!(q6[8 * PANEL..][..4], [0b1010_0000; 4]);
        assert_eq!(
            [scales[0], scales[PANEL]].map(|byte| byte as i8),
            [-10, -64]
        );

        let (q4, scales) = matrix(Format::Q4).pack(&weight);
        assert_eq!(q4.len(), 16 * PANEL);
        // Codes of output 0 with the scale -0.25: 0, -4, -8, and 0 for what fills up.
        assert_eq!(q4[..4], [0x88, 0x84, 0x80, 0x88]);
        assert_eq!([scales[0], scales[PANEL]].map(|byte| byte as i8), [-8, -64]);
    }
}
