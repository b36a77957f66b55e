//! Other systems: compiled for each, and the kernels run under QEMU and Miri.

use std::process::{Command, Stdio};

use anyhow::Result;

use super::Skipped;
use crate::run::{cargo, run};
use crate::setup::debian;

/// Linux on ARM, which QEMU runs.
pub(crate) const ARM: &str = "aarch64-unknown-linux-gnu";
/// What the workspace is compiled for beside the machine's own system.
pub(crate) const OTHER_SYSTEMS: [&str; 3] = [ARM, "aarch64-apple-darwin", "x86_64-pc-windows-gnu"];
/// Crates that run in a page alone, and the chores.
const LEFT_OUT: [&str; 5] = [
    "pocket-onnx-wasm",
    "pocket-onnx-normalize-wasm",
    "pocket-onnx-encode-wasm",
    "pocket-onnx-playback",
    "xtask",
];
/// Runs programs of ARM.
pub(crate) const QEMU: &str = "qemu-aarch64";
/// Links programs for ARM.
pub(crate) const LINKER: &str = "aarch64-linux-gnu-gcc";

pub(super) fn test(skipped: &mut Skipped) -> Result<()> {
    for target in OTHER_SYSTEMS {
        if has_target(target) {
            check(target)?;
        } else {
            skipped.add(target, "`rustup target add` has not installed it");
        }
    }
    skipped.add(
        "ring's C code for other systems",
        "nothing is linked, so no compiler for it is needed",
    );
    neon(skipped)?;
    miri(skipped)
}

/// Compiles the workspace for `target` as far as types are checked.
fn check(target: &str) -> Result<()> {
    let mut check = cargo(&["check", "--workspace", "--target", target]);
    for package in LEFT_OUT {
        check.args(["--exclude", package]);
    }
    // The only C code is that of `ring`. No check links it, so a program that does nothing stands in
    // for its compiler and archiver, of which few machines have those of other systems.
    let name = target.replace('-', "_");
    for tool in ["CC", "AR"] {
        check.env(format!("{tool}_{name}"), "true");
    }
    run(&mut check)
}

/// The kernels for ARM's NEON instructions.
fn neon(skipped: &mut Skipped) -> Result<()> {
    const WHAT: &str = "kernels with NEON";
    if cfg!(target_arch = "aarch64") {
        skipped.add(WHAT, "`cargo xtask test rust` runs them on this machine");
        return Ok(());
    }
    for program in [QEMU, LINKER] {
        if !debian::answers(program, "--version") {
            skipped.add(WHAT, &format!("{program} is not installed"));
            return Ok(());
        }
    }
    if !has_target(ARM) {
        skipped.add(WHAT, &format!("no target {ARM}"));
        return Ok(());
    }
    let mut test = cargo(&[
        "test",
        "--package",
        "pocket-onnx-kernels",
        "--lib",
        "--target",
        ARM,
    ]);
    let runner = format!("{QEMU} -L /usr/aarch64-linux-gnu");
    run(test
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER)
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner))
}

/// The kernels in Miri, which finds undefined behaviour.
fn miri(skipped: &mut Skipped) -> Result<()> {
    if !has_miri() {
        skipped.add("kernels in Miri", "the nightly toolchain has no miri");
        return Ok(());
    }
    run(&mut nightly(&[
        "miri",
        "test",
        "--package",
        "pocket-onnx-kernels",
        "--lib",
    ]))
}

/// `cargo` of the nightly toolchain, in the workspace.
fn nightly(args: &[&str]) -> Command {
    let mut cargo = Command::new("rustup");
    cargo
        .args(["run", "nightly", "cargo"])
        .args(args)
        .current_dir(crate::workspace());
    // Those of the toolchain that runs this program.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        cargo.env_remove(name);
    }
    cargo
}

/// Whether the nightly toolchain has Miri.
pub(crate) fn has_miri() -> bool {
    let mut version = nightly(&["miri", "--version"]);
    let status = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Whether the standard library for `target` is installed.
pub(crate) fn has_target(target: &str) -> bool {
    let mut list = Command::new("rustup");
    list.args(["target", "list", "--installed"])
        .current_dir(crate::workspace());
    let Ok(output) = list.output() else {
        return false;
    };
    let list = String::from_utf8_lossy(&output.stdout);
    list.lines().any(|line| line == target)
}
