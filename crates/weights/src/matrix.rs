//! The weight of a matrix product, in panels.

use crate::block_scales::QUANT_BLOCK;
use crate::panel::{Columns, PANEL, PackedPanel};
use crate::{Scales, WeightFormat};

/// Layout of a weight `[inputs, outputs]`.
///
/// Sizes in bytes saturate at `usize::MAX`. No slice is that long, so a comparison with a slice's
/// length refuses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// How values are stored.
    pub format: WeightFormat,
    /// Values that go into the product: its inner size.
    pub inputs: usize,
    /// Values that come out of it.
    pub outputs: usize,
}

impl Matrix {
    /// Number of panels.
    pub fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Inputs, padded to whole groups.
    pub fn padded_inputs(&self) -> usize {
        let multiple = self.format.facts().padding;
        let padded = self.inputs.checked_next_multiple_of(multiple);
        padded.unwrap_or(usize::MAX)
    }

    /// Bytes of a panel's values.
    pub fn panel_bytes(&self) -> usize {
        (self.padded_inputs()).saturating_mul(self.format.facts().bytes_per_input())
    }

    /// Bytes of a panel's scales; 0 where the format has none.
    pub fn panel_scale_bytes(&self) -> usize {
        match self.format.facts().scales {
            Scales::None => 0,
            Scales::Output => PANEL * 4,
            Scales::Block { .. } => (1 + self.padded_inputs() / QUANT_BLOCK).saturating_mul(PANEL),
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
        (self.format.facts().pack)(&Columns::new(columns, self.inputs), values, scales);
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
        let value = self.format.facts().value;
        let (size, scale_size) = (self.panel_bytes(), self.panel_scale_bytes());
        let panels: Vec<_> = (0..self.panels())
            .map(|i| PackedPanel {
                values: &values[i * size..][..size],
                scales: &scales[i * scale_size..][..scale_size],
            })
            .collect();
        let mut weight = Vec::with_capacity(self.inputs.saturating_mul(self.outputs));
        for input in 0..self.inputs {
            let outputs = (0..self.outputs).map(|o| value(&panels[o / PANEL], input, o % PANEL));
            weight.extend(outputs);
        }
        weight
    }
}

#[cfg(test)]
impl Matrix {
    /// Value of input i of output o is 100 o + i, in 3 inputs and 2 outputs.
    pub(crate) const EXAMPLE: [f32; 6] = [0.0, 1.0, 2.0, 100.0, 101.0, 102.0];

    /// The matrix of [`Self::EXAMPLE`].
    pub(crate) fn example(format: WeightFormat) -> Self {
        Self {
            format,
            inputs: 3,
            outputs: 2,
        }
    }

    /// Packed bytes as numbers.
    pub(crate) fn numbers<T: bytemuck::AnyBitPattern>(bytes: &[u8]) -> Vec<T> {
        let numbers = bytes.chunks_exact(size_of::<T>());
        numbers.map(bytemuck::pod_read_unaligned).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            for format in WeightFormat::ALL {
                let matrix = Matrix { format, inputs, outputs };
                let (values, scales) = matrix.pack(&weight);
                prop_assert_eq!(values.len(), matrix.bytes());
                prop_assert_eq!(scales.len(), matrix.scale_bytes());
                let unpacked = matrix.unpack(&values, &scales);
                for output in 0..outputs {
                    for input in 0..inputs {
                        let (is, was) = (unpacked[input * outputs + output], weight[output * inputs + input]);
                        prop_assert!(
                            (is - was).abs() <= format.facts().packing_error,
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
        for format in WeightFormat::ALL {
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
                let padded = (inputs as u128).next_multiple_of(format.facts().padding as u128);
                let panel = padded.min(most) * format.facts().bytes_per_input() as u128;
                let bytes = panel * (outputs as u128).div_ceil(PANEL as u128);
                let shape = format!("{format} [{inputs}, {outputs}]");
                assert_eq!(matrix.bytes() as u128, bytes.min(most), "{shape}");
            }
        }
    }
}
