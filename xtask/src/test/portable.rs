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
/// ARM's libraries, which programs that QEMU runs are linked to.
pub(crate) const ARM_LIBRARIES: &str = "/usr/aarch64-linux-gnu";
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

/// Why programs for ARM cannot be built and run here, if they cannot.
pub(crate) fn missing_for_arm() -> Option<String> {
    let mut programs = [QEMU, LINKER].into_iter();
    if let Some(program) = programs.find(|program| !debian::answers(program, "--version")) {
        return Some(format!("{program} is not installed"));
    }
    (!has_target(ARM)).then(|| format!("no target {ARM}"))
}

/// `cargo` for ARM.
pub(crate) fn cargo_for_arm(args: &[&str]) -> Command {
    let mut cargo = cargo(args);
    cargo
        .args(["--target", ARM])
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER);
    cargo
}

/// The kernels for ARM's NEON instructions.
fn neon(skipped: &mut Skipped) -> Result<()> {
    const WHAT: &str = "kernels with NEON";
    if cfg!(target_arch = "aarch64") {
        skipped.add(WHAT, "`cargo xtask test rust` runs them on this machine");
        return Ok(());
    }
    if let Some(why) = missing_for_arm() {
        skipped.add(WHAT, &why);
        return Ok(());
    }
    let mut test = cargo_for_arm(&["test", "--package", "pocket-onnx-kernels", "--lib"]);
    let runner = format!("{QEMU} -L {ARM_LIBRARIES}");
    run(test.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner))
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
