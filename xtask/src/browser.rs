//! `cargo xtask browser`: the tests of the npm package, in real browsers.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::run::{build_command, run, target};
use crate::setup::browsers::Browsers;
use crate::setup::npm;
use crate::wasm;

/// Builds the package and what it is to run, and runs its tests.
pub(crate) fn browser() -> Result<()> {
    let browsers = Browsers::find()?;
    wasm::wasm()?;
    let command = build_command()?;
    let scratch = tempfile::tempdir_in(target(""))?;
    bundles(&command, scratch.path())?;
    let package = wasm::package();
    run(&mut npm::command(&package, &["run", "check"]))?;
    // Node, Deno, Bun and bundlers, in the versions that the tests name.
    let runtimes = package.join("tests/runtimes");
    run(&mut npm::command(&runtimes, &["ci", "--ignore-scripts"]))?;
    let mut test = npm::command(&package, &["test"]);
    run(browsers
        .name_to(&mut test)
        .env("POCKET_ONNX_BUNDLES", scratch.path())
        .env("POCKET_ONNX_COMMAND", &command))
}

/// Converts the bundles of the tests into `dir`.
fn bundles(command: &Path, dir: &Path) -> Result<()> {
    let convert = |name: &str| {
        let mut convert = Command::new(command);
        convert.args(["convert", "--quiet", "--output-dir"]);
        convert.arg(dir.join(name));
        convert
    };
    let model = ["--variant", "english_2m_2026-10", "--synthetic", "1"];
    run(convert("english_2m_default").args(model))?;
    // What is compared between backends is exact.
    let exact = ["--dtype", "f32"];
    run(convert("english_2m").args(model).args(exact))?;
    for name in testkit::SMALL_MODELS {
        let tokenizer = testkit::tokenizer_file(testkit::tokenizer(name)?);
        run(convert(name)
            .args(exact)
            .arg("--config")
            .arg(testkit::config_file(name))
            .arg("--weights")
            .arg(testkit::checkpoint(name))
            .arg("--tokenizer")
            .arg(tokenizer))?;
    }
    Ok(())
}
