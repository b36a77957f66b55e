//! Weights from files that are sound, damaged, hostile or of another layout, and from a seed.

#![allow(clippy::unwrap_used, reason = "helpers fail the test that calls them")]

#[path = "weights/checkpoint.rs"]
mod checkpoint;
#[path = "weights/files.rs"]
mod files;
#[path = "weights/hostile.rs"]
mod hostile;
#[path = "weights/pytorch.rs"]
mod pytorch;
#[path = "weights/support.rs"]
mod support;
#[path = "weights/synthetic.rs"]
mod synthetic;
#[path = "weights/training.rs"]
mod training;
#[path = "weights/written.rs"]
mod written;
