//! Products by the format of their weights. Each format has a file with what is its own; what
//! several have in common is in `float.rs`, `row_quantised.rs` and `block_scaled.rs`.

mod bf16;
mod f32;
mod q16;
mod q4;
mod q6;
mod q8;

use weights::{Matrix, WeightFormat};

use super::Product;
use crate::isa::CpuKernels;
use crate::{Rows, Scratch, StatsView, WeightStats};

/// How products round activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActivationRounding {
    /// Not at all.
    Exact,
    /// To 14 bits with one scale a row, or one scale for all where rows overlap.
    Rows,
    /// To 8 bits with one scale a block of [`QUANT_BLOCK`](crate::QUANT_BLOCK) inputs.
    Blocks,
}

/// How products with weights in `format` round activations.
pub(crate) fn activation_rounding(format: WeightFormat) -> ActivationRounding {
    match format {
        WeightFormat::F32 => f32::ROUNDING,
        WeightFormat::Bf16 => bf16::ROUNDING,
        WeightFormat::Q16 => q16::ROUNDING,
        WeightFormat::Q8 => q8::ROUNDING,
        WeightFormat::Q6 => q6::ROUNDING,
        WeightFormat::Q4 => q4::ROUNDING,
    }
}

/// Computes `product`, whose rows are `x`.
///
/// Each format's own function stays out of line. In a page the inner loop is called for every few
/// weights, and a browser inlines it only into a caller of moderate size.
pub(super) fn multiply(
    kernels: CpuKernels,
    product: Product<'_>,
    x: Rows<'_>,
    scratch: &mut Scratch,
) {
    match product.weight.matrix.format {
        WeightFormat::F32 => f32::multiply(kernels, product, x),
        WeightFormat::Bf16 => bf16::multiply(kernels, product, x),
        WeightFormat::Q16 => q16::multiply(kernels, product, x, scratch),
        WeightFormat::Q8 => q8::multiply(kernels, product, x, scratch),
        WeightFormat::Q6 => q6::multiply(kernels, product, x, scratch),
        WeightFormat::Q4 => q4::multiply(kernels, product, x, scratch),
    }
}

/// The statistics of a packed weight that its products need.
pub(super) fn weight_stats(kernels: CpuKernels, matrix: &Matrix, values: &[u8]) -> WeightStats {
    match matrix.format {
        WeightFormat::F32 | WeightFormat::Bf16 | WeightFormat::Q6 | WeightFormat::Q4 => {
            WeightStats::default()
        }
        WeightFormat::Q16 => q16::stats(matrix, values),
        WeightFormat::Q8 => q8::stats(kernels, matrix, values),
    }
}

/// Whether `stats` are long enough for products with `matrix`.
pub(super) fn stats_fit(kernels: CpuKernels, matrix: &Matrix, stats: StatsView<'_>) -> bool {
    match matrix.format {
        WeightFormat::F32
        | WeightFormat::Bf16
        | WeightFormat::Q16
        | WeightFormat::Q6
        | WeightFormat::Q4 => true,
        WeightFormat::Q8 => q8::stats_fit(kernels, matrix, stats),
    }
}
