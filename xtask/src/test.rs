//! `cargo xtask test`: every check and test, or a part of them.
//!
//! Nothing is installed here: what is missing is listed before the first test, and one question asks
//! whether [`setup`] may install it.

mod fast;
mod package;
pub(crate) mod portable;
mod records;
mod rust;
mod skipped;

use anyhow::Result;
use clap::{Args, ValueEnum};

use self::skipped::Skipped;
use crate::setup::{self, Group, browsers::Browsers};
use crate::{browser, codegen};

#[derive(Args)]
pub(crate) struct TestArgs {
    /// The part to run; default: all but `portable` (and `fast`, which is a selection).
    part: Option<TestPart>,
    /// Install what is missing without asking, as with `CI=true`.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum TestPart {
    /// Generated files, formatting, lints, and the tests of all crates.
    Rust,
    /// The command at the sizes of released models, against records if there are any.
    Records,
    /// The npm package and the page, in real browsers.
    Browser,
    /// The crates as a registry gets them, and the command that is installed from them.
    Package,
    /// Less than three minutes if all is built: lints, unit tests, and the crates that run no model.
    Fast,
    /// Other systems: compiled for macOS, Windows and ARM; kernels under QEMU and Miri.
    Portable,
}

/// Runs a part, or all parts but `portable`, and names what was skipped.
pub(crate) fn test(args: &TestArgs) -> Result<()> {
    let groups: &[Group] = match args.part {
        None => &[Group::Rust, Group::Browser],
        Some(TestPart::Rust | TestPart::Records | TestPart::Fast) => &[Group::Rust],
        Some(TestPart::Browser) => &[Group::Browser],
        Some(TestPart::Package) => &[],
        Some(TestPart::Portable) => &[Group::Portable],
    };
    setup::ask_and_install(groups, args.yes)?;
    let mut skipped = Skipped::default();
    let result = parts(args.part, &mut skipped);
    skipped.print();
    result
}

fn parts(part: Option<TestPart>, skipped: &mut Skipped) -> Result<()> {
    match part {
        None => {
            rust::test(skipped)?;
            records::test(skipped)?;
            package::test()?;
            in_browsers(skipped)?;
            skipped.add("other systems", "`cargo xtask test portable` tests them");
            Ok(())
        }
        Some(TestPart::Rust) => rust::test(skipped),
        Some(TestPart::Records) => records::test(skipped),
        Some(TestPart::Browser) => in_browsers(skipped),
        Some(TestPart::Package) => package::test(),
        Some(TestPart::Fast) => fast::test(skipped),
        Some(TestPart::Portable) => portable::test(skipped),
    }
}

fn in_browsers(skipped: &mut Skipped) -> Result<()> {
    browser::browser()?;
    for packages in Browsers::look().missing() {
        let reason = format!("{} is not installed", packages.join(" and "));
        skipped.add("a browser", &reason);
    }
    Ok(())
}

/// What every part of the Rust tests begins with: generated files, formatting and lints.
fn lint() -> Result<()> {
    use crate::run::{cargo, run};

    codegen::codegen(true)?;
    run(&mut cargo(&["fmt", "--check"]))?;
    run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}
