//! The programs that are measured, and what they need.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::run::{cargo, run, target};

/// Builds the product's command as it is released.
pub(crate) fn command() -> Result<PathBuf> {
    run(&mut cargo(&[
        "build",
        "--release",
        "--package",
        "pocket-onnx-cli",
    ]))?;
    Ok(target("release").join("pocket-onnx"))
}

/// Builds a measuring program.
pub(crate) fn measuring(name: &str) -> Result<PathBuf> {
    let example = ["--package", "pocket-onnx-speaker", "--example", name];
    run(cargo(&["build", "--release"]).args(example))?;
    Ok(target("release").join("examples").join(name))
}

/// Has `command` convert a variant into `dir`; `options` say the weights' source and format.
pub(crate) fn convert<O: AsRef<OsStr>>(
    command: &Path,
    variant: &str,
    options: &[O],
    dir: &Path,
) -> Result<()> {
    let mut convert = Command::new(command);
    convert.args(["convert", "--quiet", "--variant", variant]);
    run(convert.args(options).arg("--output-dir").arg(dir))
}
