//! Running other programs.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// `cargo`, in the workspace.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args).current_dir(workspace());
    cargo
}

/// Folder that holds the profile's programs.
pub(crate) fn target(profile: &str) -> PathBuf {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    target.join(profile)
}

/// A command that runs for longer than this many seconds says so.
const LONG: u64 = 60;

/// Prints and runs a command, which has to succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot run {shown}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    let seconds = start.elapsed().as_secs();
    if seconds >= LONG {
        println!("# {shown}: {} min {} s", seconds / 60, seconds % 60);
    }
    Ok(())
}

/// Builds the command without optimising it, and returns its path. Of all the workspace, so that it shares
/// what tests have compiled: for the package alone, dependencies would have other features.
pub(crate) fn build_command() -> Result<PathBuf> {
    run(&mut cargo(&[
        "build",
        "--workspace",
        "--bin",
        "pocket-onnx",
    ]))?;
    Ok(target("debug").join("pocket-onnx"))
}

fn show(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    let args = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned());
    [name].into_iter().chain(args).collect::<Vec<_>>().join(" ")
}
