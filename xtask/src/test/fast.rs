//! What a change is tried with while it is made.

use anyhow::Result;

use super::{Skipped, lint};
use crate::run::{cargo, run};

/// Crates all of whose tests are quick: they run no model, or none for long.
const QUICK: [&str; 8] = [
    "pocket-onnx-config",
    "pocket-onnx-files",
    "pocket-onnx-filetype",
    "pocket-onnx-normalize",
    "pocket-onnx-onnx",
    "pocket-onnx-runtime",
    "pocket-onnx-starling",
    "pocket-onnx-stretch",
];

/// Lints, the unit tests of all crates, and all tests of [`QUICK`] ones.
pub(super) fn test(skipped: &mut Skipped) -> Result<()> {
    lint()?;
    run(&mut cargo(&["test", "--workspace", "--lib", "--bins"]))?;
    let mut quick = cargo(&["test", "--test", "*"]);
    for package in QUICK {
        quick.args(["--package", package]);
    }
    run(&mut quick)?;
    skipped.add(
        "whole models, the command, records, browsers",
        "`cargo xtask test` tests them",
    );
    Ok(())
}
