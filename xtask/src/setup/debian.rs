//! Programs that Debian's package manager installs.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::command::{run, show};

/// Sees to it that `program` answers: where this process may, it installs `packages`.
#[allow(clippy::print_stdout, reason = "a chore talks to whoever started it")]
pub(crate) fn ensure(program: &str, argument: &str, packages: &[&str]) -> Result<()> {
    let answers = || run(Command::new(program).arg(argument)).is_ok();
    if answers() {
        return Ok(());
    }
    let list = packages.join(" and ");
    if !is_debian() || !is_root() {
        bail!("{program} is missing: install {list}, then run `cargo xtask setup` again");
    }
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    println!("{program} is missing: {}", show(&install));
    if run(&mut install).is_err() {
        // A fresh system has no lists of packages yet.
        let mut update = Command::new("apt-get");
        update.arg("update");
        println!("once more, after: {}", show(&update));
        run(&mut update)?;
        run(&mut install)?;
    }
    if !answers() {
        bail!("{list} was installed but `{program} {argument}` fails: run it to see why");
    }
    Ok(())
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
