//! The inner loops of the engine: matrix products on packed weights, attention, norms and
//! activations, for every processor.
//!
//! 1. [`CpuKernels::detect`] finds the best instruction set that this processor has. In wasm, where
//!    processors cannot be asked, [`CpuKernels::tested`] finds those that compute right.
//! 2. Its methods take slices and check their shapes; all `unsafe` code lies behind them.
//! 3. A sum is never split between threads or calls, so that a result does not depend on how work
//!    is split.
//!
//! Weights are packed as the crate [`weights`] describes. Activations are f32. Products with q16
//! and q8 weights round them to 14 bits, so that the weights' own error dominates; products with
//! q6 and q4 weights round them to 8 bits in blocks.

#![allow(unsafe_code, reason = "this is the crate where it lives")]
#![allow(
    clippy::cast_ptr_alignment,
    reason = "loads and stores of vectors need no alignment"
)]
#![allow(
    clippy::wildcard_imports,
    reason = "intrinsics have prefixes of their own"
)]
#![allow(
    clippy::inline_always,
    reason = "kernels are inlined into functions that are compiled for one instruction set"
)]

mod activation;
mod add;
mod attention;
mod block_quantised_rows;
mod cache;
mod isa;
mod limits;
mod math;
mod matmul;
mod memory;
mod norm;
mod packed_rows;
mod quantised_rows;
mod rows;
mod scratch;
mod self_test;
mod simd;
mod size;
mod weight_stats;

use weights::QUANT_BLOCK;

pub use activation::Activation;
pub use cache::{Cache, CacheFormat, HeadShape, KvRole};
pub use isa::{CpuKernels, Isa};
pub use limits::DotOperation;
pub use matmul::Weight;
pub use memory::ReadOrder;
pub use rows::Rows;
pub use scratch::Scratch;
pub use weight_stats::{StatsView, WeightStats};
