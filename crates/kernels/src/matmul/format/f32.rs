//! Products with f32 weights.

use weights::PANEL;

use crate::Rows;
use crate::isa::CpuKernels;
use crate::matmul::Product;
use crate::matmul::float::{FloatElement, FloatProduct};
use crate::matmul::format::ActivationRounding;
use crate::simd::Simd;

/// Activations are multiplied as they are.
pub(super) const ROUNDING: ActivationRounding = ActivationRounding::Exact;

/// An f32 weight.
struct F32Weight;

impl FloatElement for F32Weight {
    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8, at: usize) -> S::F32x16 {
        // SAFETY: the caller has these sixteen numbers; loads need no alignment.
        unsafe { simd.load_f32(from.cast::<f32>().add(at * PANEL)) }
    }
}

/// Computes `product`, whose rows are `x`.
#[inline(never)] // see `format::multiply`
pub(super) fn multiply(kernels: CpuKernels, product: Product<'_>, x: Rows<'_>) {
    kernels.run(FloatProduct::<F32Weight>::new(product, x));
}
