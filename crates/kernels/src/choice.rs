//! Kernels that give the same results, to the last bit, at speeds that depend on the machine.

use weights::WeightFormat;

use crate::{CpuKernels, ReadOrder};

impl CpuKernels {
    /// The kernels to choose from for products of one row with weights in `format`, where `tested`
    /// can be had. The first are those to use without a choice.
    pub fn for_one_row(tested: &[Self], format: WeightFormat) -> Vec<Self> {
        let orders = if reads_bytes(format) {
            ReadOrder::ALL
        } else {
            &ReadOrder::ALL[..1]
        };
        let kernels = Self::for_many_rows(tested, format);
        let kernels = kernels.into_iter();
        kernels
            .flat_map(|kernels| {
                orders
                    .iter()
                    .map(move |order| kernels.with_read_order(*order))
            })
            .collect()
    }

    /// The same for products of several rows.
    pub fn for_many_rows(tested: &[Self], format: WeightFormat) -> Vec<Self> {
        let count = if reads_bytes(format) { tested.len() } else { 1 };
        tested.iter().take(count).copied().collect()
    }
}

/// Whether products of one row read panels by turns, and all may use dot products of bytes.
fn reads_bytes(format: WeightFormat) -> bool {
    match format {
        WeightFormat::F32 | WeightFormat::Bf16 | WeightFormat::Q16 => false,
        WeightFormat::Q8 | WeightFormat::Q6 | WeightFormat::Q4 => true,
    }
}
