//! The builder, its operators on two runtimes, and the layout of the data file.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod graph;
mod layout;
mod operators;
mod opset;
mod support;
mod weights;
