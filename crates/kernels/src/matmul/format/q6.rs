//! Products with q6 weights: quants of 6 bits in blocks, `[inputs / 16][3][16][4]` bytes.

use weights::Q6_OFFSET;

use crate::isa::CpuKernels;
use crate::matmul::Product;
use crate::matmul::block_scaled::{self, PACKED_INPUTS, PackedQuants};
use crate::matmul::format::ActivationRounding;
use crate::simd::{PanelBytes4, Simd};
use crate::{Rows, Scratch};

/// Activations are rounded in the same blocks as the weights.
pub(super) const ROUNDING: ActivationRounding = ActivationRounding::Blocks;

/// Quants of 6 bits.
struct Q6;

impl PackedQuants for Q6 {
    const OFFSET: i32 = Q6_OFFSET;
    const PACKED_BYTES: usize = 3 * size_of::<PanelBytes4>();
    const SHORT_FOURS: usize = 2;

    #[inline(always)]
    unsafe fn dot<S: Simd>(simd: S, acc: S::I32x16, a: *const i8, packed: *const u8) -> S::I32x16 {
        // SAFETY: the caller has the packed inputs and their activations.
        unsafe { simd.dot_q6(acc, a, packed) }
    }

    #[inline(always)]
    unsafe fn unpack(from: *const u8) -> [PanelBytes4; PACKED_INPUTS / 4] {
        // SAFETY: the caller has the packed inputs; bytes need no alignment.
        let rows = unsafe { &*from.cast::<[PanelBytes4; 3]>() };
        let mut quants = [[0; size_of::<PanelBytes4>()]; PACKED_INPUTS / 4];
        for i in 0..size_of::<PanelBytes4>() {
            let [a, b, c] = [0, 1, 2].map(|k| rows[k][i]);
            quants[0][i] = a & 63;
            quants[1][i] = b & 63;
            quants[2][i] = c & 63;
            quants[3][i] = a >> 6 | b >> 6 << 2 | c >> 6 << 4;
        }
        quants
    }
}

/// Computes `product`, whose rows are `x`.
#[inline(never)] // see `format::multiply`
pub(super) fn multiply(
    kernels: CpuKernels,
    product: Product<'_>,
    x: Rows<'_>,
    scratch: &mut Scratch,
) {
    block_scaled::multiply::<Q6>(kernels, product, x, scratch);
}
