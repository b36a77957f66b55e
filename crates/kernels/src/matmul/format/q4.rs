//! Products with q4 weights: quants of 4 bits in blocks, `[inputs / 8][16][4]` bytes.

use weights::Q4_OFFSET;

use crate::isa::CpuKernels;
use crate::matmul::Product;
use crate::matmul::block_scaled::{self, PACKED_INPUTS, PackedQuants};
use crate::matmul::format::ActivationRounding;
use crate::simd::{PanelBytes4, Simd};
use crate::{Rows, Scratch};

/// Activations are rounded in the same blocks as the weights.
pub(super) const ROUNDING: ActivationRounding = ActivationRounding::Blocks;

/// Quants of 4 bits.
struct Q4;

impl PackedQuants for Q4 {
    const OFFSET: i32 = Q4_OFFSET;
    const PACKED_BYTES: usize = 2 * size_of::<PanelBytes4>();
    const SHORT_FOURS: usize = 8;

    #[inline(always)]
    unsafe fn dot<S: Simd>(simd: S, acc: S::I32x16, a: *const i8, packed: *const u8) -> S::I32x16 {
        // SAFETY: the caller has the packed inputs and their activations, of which these are the halves.
        unsafe {
            let acc = simd.dot_nibbles(acc, a, packed);
            simd.dot_nibbles(
                acc,
                a.add(PACKED_INPUTS / 2),
                packed.add(Self::PACKED_BYTES / 2),
            )
        }
    }

    #[inline(always)]
    unsafe fn unpack(from: *const u8) -> [PanelBytes4; PACKED_INPUTS / 4] {
        // SAFETY: the caller has the packed inputs; bytes need no alignment.
        let rows = unsafe { &*from.cast::<[PanelBytes4; 2]>() };
        let lower = rows.map(|row| row.map(|byte| byte & 15));
        let upper = rows.map(|row| row.map(|byte| byte >> 4));
        [lower[0], upper[0], lower[1], upper[1]]
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
    block_scaled::multiply::<Q4>(kernels, product, x, scratch);
}
