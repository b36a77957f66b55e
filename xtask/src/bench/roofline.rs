//! What this machine can do, natively and in each browser, beside what the engine's products reach.

mod arm;
mod guard;
mod table;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pocket_onnx_roofline::Figures;
use serde::Deserialize;

use super::page::Vitest;
use super::{machine, report};
use crate::run::{cargo, run, target};
use crate::setup::browsers::Browsers;
use crate::setup::debian;
use crate::wasm;

/// The program and the module that measure.
pub(super) const PACKAGE: &str = "pocket-onnx-roofline";
/// What is asked of the test in browsers, and its section of docs/performance.md.
const NAME: &str = "roofline";

/// What was measured in a browser.
#[derive(Debug, Deserialize)]
struct BrowserFigures {
    browser: String,
    version: String,
    figures: Vec<Figures>,
}

pub(super) use guard::check;

pub(super) fn bench() -> Result<()> {
    let browsers = Browsers::find()?;
    run(&mut cargo(&["build", "--release", "--package", PACKAGE]))?;
    let arm = arm::count()?;

    let machine = machine::describe();
    let native = native(&target("release").join(NAME))?;
    let in_browsers = in_browsers(&browsers)?;

    let text = table::table(&native, &in_browsers, arm.as_deref(), &machine)?;
    println!("{text}");
    if browsers.are_all() {
        report::write_section(NAME, &text)?;
    }
    Ok(())
}

/// What the module measures in these browsers.
fn in_browsers(browsers: &Browsers) -> Result<Vec<BrowserFigures>> {
    debian::ensure("chromium", "--version", &["chromium"])?;
    let scratch = tempfile::tempdir_in(target(""))?;
    wasm::roofline(scratch.path())?;
    Vitest {
        tests: &["bench/roofline"],
        asked: &[NAME],
        figures: scratch.path(),
        runs: 1,
    }
    .run(browsers, |vitest| {
        vitest.env("POCKET_ONNX_ROOFLINE", scratch.path())
    })?;
    super::page::read(scratch.path(), NAME)
}

/// What the program measures outside of browsers.
fn native(program: &Path) -> Result<Vec<Figures>> {
    let output = Command::new(program)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(output.status.success(), "{} failed", program.display());
    serde_json::from_slice(&output.stdout).context("the figures cannot be read")
}
