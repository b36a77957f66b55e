//! Instructions of ARM's kernels, counted under QEMU: what can be said of phones on another machine.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use weights::WeightFormat;

use super::{NAME, PACKAGE};
use crate::run::{run, target};
use crate::test::portable::{ARM, ARM_LIBRARIES, QEMU, cargo_for_arm, missing_for_arm};

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
    if let Some(why) = missing_for_arm() {
        println!("ARM's instructions are not counted: {why}");
        return Ok(None);
    }
    run(&mut cargo_for_arm(&[
        "build",
        "--release",
        "--package",
        PACKAGE,
    ]))?;
    let program = target(ARM).join("release").join(NAME);
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
        .args(["-L", ARM_LIBRARIES, "-singlestep", "-d", "exec,nochain"])
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
