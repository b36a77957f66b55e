//! The builder, its operators on two runtimes, and the data file.

mod data;
mod graph;
mod layout;
mod operators;
mod opset;
mod support;
