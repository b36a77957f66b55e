//! What the tests need beyond Rust, and installing it.

pub(crate) mod browsers;
mod command;
pub(crate) mod debian;
mod need;
pub(crate) mod npm;
mod onnxruntime;
mod package;

use std::env;
use std::io::{IsTerminal as _, Write as _, stdin, stdout};

use anyhow::{Result, bail};
use clap::ValueEnum;

use self::need::Need;

/// Tests that need the same things.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// The tests of all crates, and records.
    Rust,
    /// The tests in browsers.
    Browser,
    /// The tests for other systems.
    Portable,
    /// The tests with other people's programs, which `.ci/run` has.
    Clients,
}

/// Installs what is missing for these groups.
pub(crate) fn install(groups: &[Group]) -> Result<()> {
    let missing = missing(groups);
    if missing.is_empty() {
        println!("everything is there");
    }
    install_all(&missing)
}

/// Where something is missing, asks whether to install it; an error where tests cannot do without
/// and the answer is no.
pub(crate) fn ask_and_install(groups: &[Group], yes: bool) -> Result<()> {
    let missing = missing(groups);
    if missing.is_empty() {
        return Ok(());
    }
    println!("The tests need what is not here:");
    for need in &missing {
        println!("  {}", need.describe());
    }
    if yes || env::var("CI").is_ok_and(|ci| ci == "true") || ask("Install it now?")? {
        return install_all(&missing);
    }
    if missing.iter().all(Need::is_optional) {
        return Ok(());
    }
    bail!(
        "nothing was tested: install what is missing, or let `cargo xtask setup` do it; \
         `--yes` and CI=true answer the question"
    )
}

/// The answer that is typed; no if there is no terminal.
fn ask(question: &str) -> Result<bool> {
    if !stdin().is_terminal() {
        return Ok(false);
    }
    print!("{question} [y/N] ");
    stdout().flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn missing(groups: &[Group]) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for need in groups.iter().flat_map(|group| need::of(*group)) {
        if !needs.contains(&need) && need.is_missing() {
            needs.push(need);
        }
    }
    needs
}

/// Installs all of `needs`. What is optional and cannot be installed is printed; its tests say that they
/// were skipped.
fn install_all(needs: &[Need]) -> Result<()> {
    for need in needs {
        match need.install() {
            Err(error) if need.is_optional() => println!("{}: {error:#}", need.describe()),
            result => result?,
        }
    }
    Ok(())
}
