//! Products with bf16 weights, the upper halves of f32 ones.

use weights::PANEL;

use crate::Rows;
use crate::isa::CpuKernels;
use crate::matmul::Product;
use crate::matmul::float::{FloatElement, FloatProduct};
use crate::matmul::format::ActivationRounding;
use crate::simd::Simd;

/// Activations are multiplied as they are.
pub(super) const ROUNDING: ActivationRounding = ActivationRounding::Exact;

/// A bf16 weight.
struct Bf16;

impl FloatElement for Bf16 {
    #[inline(always)]
    unsafe fn load<S: Simd>(simd: S, from: *const u8, at: usize) -> S::F32x16 {
        // SAFETY: the caller has these sixteen numbers; loads need no alignment.
        unsafe { simd.load_bf16(from.cast::<u16>().add(at * PANEL)) }
    }
}

/// Computes `product`, whose rows are `x`.
#[inline(never)] // see `format::multiply`
pub(super) fn multiply(kernels: CpuKernels, product: Product<'_>, x: Rows<'_>) {
    kernels.run(FloatProduct::<Bf16>::new(product, x));
}
