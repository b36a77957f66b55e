//! Products by the format of their weights. Each format has a file with what is its own; what
//! several have in common is in `float.rs`, `row_quantised.rs` and `block_scaled.rs`.

mod bf16;
mod f32;
mod q16;
mod q4;
mod q6;
mod q8;

use weights::{Format, Matrix};

use super::Product;
use crate::isa::CpuKernels;
use crate::{Rows, Scratch, WeightStats};

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
pub(crate) fn activation_rounding(format: Format) -> ActivationRounding {
    match format {
        Format::F32 => f32::ROUNDING,
        Format::Bf16 => bf16::ROUNDING,
        Format::Q16 => q16::ROUNDING,
        Format::Q8 => q8::ROUNDING,
        Format::Q6 => q6::ROUNDING,
        Format::Q4 => q4::ROUNDING,
    }
}

/// Computes `product`, whose rows are `x`.
pub(super) fn multiply(
    kernels: CpuKernels,
    product: Product<'_>,
    x: Rows<'_>,
    scratch: &mut Scratch,
) {
    match product.weight.matrix.format {
        Format::F32 => f32::multiply(kernels, product, x),
        Format::Bf16 => bf16::multiply(kernels, product, x),
        Format::Q16 => q16::multiply(kernels, product, x, scratch),
        Format::Q8 => q8::multiply(kernels, product, x, scratch),
        Format::Q6 => q6::multiply(kernels, product, x, scratch),
        Format::Q4 => q4::multiply(kernels, product, x, scratch),
    }
}

/// The statistics of a packed weight that its products need.
pub(super) fn weight_stats(kernels: CpuKernels, matrix: &Matrix, values: &[u8]) -> WeightStats {
    match matrix.format {
        Format::F32 | Format::Bf16 | Format::Q6 | Format::Q4 => WeightStats::default(),
        Format::Q16 => q16::stats(matrix, values),
        Format::Q8 => q8::stats(kernels, matrix, values),
    }
}

/// Whether `stats` are long enough for products with `matrix`.
pub(super) fn stats_fit(kernels: CpuKernels, matrix: &Matrix, stats: &WeightStats) -> bool {
    match matrix.format {
        Format::F32 | Format::Bf16 | Format::Q16 | Format::Q6 | Format::Q4 => true,
        Format::Q8 => q8::stats_fit(kernels, matrix, stats),
    }
}
