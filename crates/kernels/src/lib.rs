//! The inner loops of the engine: matrix products on packed weights, attention, norms and
//! activations, for every processor.
//!
//! 1. [`Kernels::detect`] finds the best instruction set that this processor has. In wasm, where
//!    processors cannot be asked, [`Kernels::tested`] finds the fastest that computes right.
//! 2. Its methods take slices and check their shapes; all `unsafe` code lies behind them.
//! 3. Work is never split over sums, so that a result does not depend on how it is split.
//!
//! Weights come as [`formats`] lays them out. Activations are f32; products with integer
//! weights round them to 14 bits first, so that all that a quantised product loses is what
//! its weights have lost already.

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
mod activations;
mod attention;
mod block_activations;
mod cache;
mod isa;
mod math;
mod matmul;
mod norm;
mod scratch;
mod self_test;
mod simd;
mod size;
mod sum;
mod weight_sums;

pub use activation::Activation;
pub use cache::{Cache, CacheFormat, Heads, Side};
pub use isa::{Isa, Kernels};
pub use matmul::{Rows, Weight};
pub use scratch::Scratch;
pub use weight_sums::WeightSums;
