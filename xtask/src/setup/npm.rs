//! The `npm` client.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::command::{run, show};
use super::debian;

/// The client's program.
pub(crate) const PROGRAM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Looks for `npm`; where it may, installs it with the system's own package manager.
pub(crate) fn find_or_install() -> Result<()> {
    debian::ensure(PROGRAM, "--version", &["nodejs", "npm"])
}

/// `npm` in the folder of a package.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut npm = Command::new(PROGRAM);
    npm.args(args).current_dir(dir);
    npm
}

/// The digest that the registry states for a package's archive, such as `sha512-...`.
pub(crate) fn integrity(package: &str) -> Result<String> {
    let mut view = Command::new(PROGRAM);
    view.args(["view", package, "dist.integrity", "--loglevel=error"]);
    let integrity = run(&mut view)?;
    if integrity.is_empty() {
        bail!("`{}` gave no digest", show(&view));
    }
    Ok(integrity)
}

/// Fetches a package's archive into the empty folder `dir`, without running its scripts.
pub(crate) fn pack(package: &str, dir: &Path) -> Result<PathBuf> {
    let mut pack = Command::new(PROGRAM);
    pack.args(["pack", package, "--ignore-scripts", "--loglevel=error"])
        // Away from the configuration of any project.
        .current_dir(dir);
    run(&mut pack)?;
    let files = std::fs::read_dir(dir)?;
    let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
    paths
        .find(|path| path.extension().is_some_and(|e| e == "tgz"))
        .with_context(|| format!("`{}` left no archive", show(&pack)))
}
