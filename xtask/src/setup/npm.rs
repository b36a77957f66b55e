//! The `npm` client.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::command::{run, show};

/// The client's program.
const PROGRAM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Looks for `npm`; where it may, installs it with the system's own package manager.
#[allow(clippy::print_stdout, reason = "a chore talks to whoever started it")]
pub(crate) fn find_or_install() -> Result<()> {
    if answers() {
        return Ok(());
    }
    if !is_debian() || !is_root() {
        bail!("npm is missing: install Node.js 20 or later, then run `cargo xtask setup` again");
    }
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "nodejs", "npm"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    println!("npm is missing: {}", show(&install));
    if run(&mut install).is_err() {
        // A fresh system has no lists of packages yet.
        let mut update = Command::new("apt-get");
        update.arg("update");
        println!("once more, after: {}", show(&update));
        run(&mut update)?;
        run(&mut install)?;
    }
    if !answers() {
        bail!("npm was installed but does not answer: run `npm --version` to see why");
    }
    Ok(())
}

fn answers() -> bool {
    run(Command::new(PROGRAM).arg("--version")).is_ok()
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

fn is_debian() -> bool {
    Path::new("/etc/debian_version").is_file()
}

/// Whether this process may install packages.
fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}
