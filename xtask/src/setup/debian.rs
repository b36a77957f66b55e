//! Programs that Debian's package manager installs.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::command::{run, show};

/// Sees to it that `program` answers: where this process may, it installs `packages`.
#[allow(clippy::print_stdout, reason = "a chore talks to whoever started it")]
pub(crate) fn ensure(program: &str, argument: &str, packages: &[&str]) -> Result<()> {
    if answers(program, argument) {
        return Ok(());
    }
    let list = packages.join(" and ");
    if !may_install() {
        bail!("{program} is missing: install {list}, then run `cargo xtask setup` again");
    }
    println!("{program} is missing");
    install(packages)?;
    if !answers(program, argument) {
        bail!("{list} was installed but `{program} {argument}` fails: run it to see why");
    }
    Ok(())
}

/// Whether `program` is there and answers to `argument`.
pub(crate) fn answers(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether this process may install packages.
pub(crate) fn may_install() -> bool {
    is_debian() && is_root()
}

/// Installs packages, and says what it does.
#[allow(clippy::print_stdout, reason = "a chore talks to whoever started it")]
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    println!("$ {}", show(&install));
    if run(&mut install).is_err() {
        // A fresh system has no lists of packages yet.
        let mut update = Command::new("apt-get");
        update.arg("update");
        println!("once more, after: {}", show(&update));
        run(&mut update)?;
        run(&mut install)?;
    }
    Ok(())
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").is_file()
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}
