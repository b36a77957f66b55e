//! Operators, as methods of [`Scope`](crate::Scope); each file opens with its specification.

mod activation;
mod arithmetic;
mod convolution;
mod linear;
mod logic;
mod normalization;
mod reduction;
mod shape;
mod weights;

pub use convolution::Convolution;
