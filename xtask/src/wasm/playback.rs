//! The module of the player's audio thread, which has no glue code.

use std::path::Path;

use anyhow::Result;

use crate::run::{cargo, run, target};

/// Builds it into `file`.
pub(super) fn build(file: &Path) -> Result<()> {
    run(&mut cargo(&[
        "build",
        "--package",
        "pocket-onnx-playback",
        "--profile",
        "wasm",
        "--target",
        super::TARGET,
        "--config",
        // Every browser that has worklets has these, and shared with the other module's builds.
        &super::flags("+simd128"),
    ]))?;
    let built = target(super::TARGET).join("wasm/playback.wasm");
    super::optimize(&built, super::FAST, file)
}
