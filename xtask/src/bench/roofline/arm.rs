//! Instructions of ARM's kernels, counted under QEMU: what can be said of phones on another machine.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use weights::WeightFormat;

use super::PACKAGE;
use crate::run::{cargo, run, target};
use crate::setup::debian;
use crate::test::portable::{ARM, LINKER, QEMU, has_target};

/// Inputs and outputs of the products that are counted.
const SIZE: [usize; 2] = [512, 64];
/// Rows: of a step, and of a prefill or the decoder.
const ROWS: [usize; 2] = [1, 16];
/// What QEMU logs for every instruction that it executes.
const EXECUTED: &str = "Trace ";

/// Products for an executed instruction.
pub(super) struct ArmCount {
    pub(super) format: WeightFormat,
    /// With one row, and with many.
    pub(super) products: [f64; ROWS.len()],
}

/// Counts, where QEMU and a compiler for ARM are there.
pub(super) fn count() -> Result<Option<Vec<ArmCount>>> {
    let is_there = |program| debian::answers(program, "--version");
    if !(is_there(QEMU) && is_there(LINKER) && has_target(ARM)) {
        println!(
            "ARM's instructions are not counted: `cargo xtask setup portable` installs what that needs"
        );
        return Ok(None);
    }
    run(
        cargo(&["build", "--release", "--package", PACKAGE, "--target", ARM])
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER),
    )?;
    let program = target(ARM).join("release").join("roofline");
    let counted = WeightFormat::ALL.into_iter().map(|format| {
        let mut products = [0.0; ROWS.len()];
        for (products, rows) in products.iter_mut().zip(ROWS) {
            let [once, twice] = [1, 2].map(|times| instructions(&program, format, rows, times));
            let of_one = (rows * SIZE[0] * SIZE[1]) as f64;
            *products = of_one / (twice? - once?) as f64;
        }
        Ok(ArmCount { format, products })
    });
    Ok(Some(counted.collect::<Result<_>>()?))
}

/// Instructions of the whole program.
fn instructions(program: &Path, format: WeightFormat, rows: usize, times: usize) -> Result<i64> {
    let sizes = [rows, SIZE[0], SIZE[1], times].map(|size| size.to_string());
    let mut qemu = Command::new(QEMU)
        .args([
            "-L",
            "/usr/aarch64-linux-gnu",
            "-singlestep",
            "-d",
            "exec,nochain",
        ])
        .arg(program)
        .arg(format.as_str())
        .args(sizes)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {QEMU}"))?;
    let log = qemu.stderr.take().context("QEMU logs nothing")?;
    let mut executed = 0;
    for line in BufReader::new(log).lines() {
        executed += i64::from(line?.starts_with(EXECUTED));
    }
    ensure!(qemu.wait()?.success(), "{QEMU} failed");
    Ok(executed)
}
