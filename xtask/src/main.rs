//! Chores of the workspace: `cargo xtask setup | test | wasm | browser | bench | codegen`.
#![allow(clippy::print_stdout, reason = "a chore talks to whoever started it")]

mod bench;
mod browser;
mod codegen;
mod run;
mod setup;
mod test;
mod wasm;

use std::path::Path;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Chores of the workspace")]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need: programs, browsers, the library of ONNX Runtime.
    Setup {
        /// Which tests to install for; default: `rust` and `browser`.
        groups: Vec<setup::Group>,
    },
    /// Run every check and test, or a part of them, and name what was skipped.
    Test(test::TestArgs),
    /// Build the wasm module and the npm package.
    Wasm,
    /// Build the npm package and run its tests in Chromium, and some in Firefox and WebKit.
    Browser,
    /// Measure, and write the figures into docs/performance.md.
    #[command(arg_required_else_help = true)]
    Bench {
        /// Only check that no kernel is slower, relative to another, than it may be.
        #[arg(long)]
        check: bool,
        /// What to measure.
        #[command(subcommand)]
        what: Option<bench::Bench>,
    },
    /// Rewrite the generated files: ONNX types, the manifest's schema and TypeScript types, tables of
    /// formats and options (listed in `xtask/src/codegen.rs`).
    Codegen {
        /// Compare only.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Xtask::parse().task {
        Task::Setup { groups } if groups.is_empty() => {
            setup::install(&[setup::Group::Rust, setup::Group::Browser])
        }
        Task::Setup { groups } => setup::install(&groups),
        Task::Test(args) => test::test(&args),
        Task::Wasm => wasm::wasm(),
        Task::Browser => {
            setup::ask_and_install(&[setup::Group::Browser], false)?;
            browser::browser()
        }
        Task::Bench { check, what } => {
            if check {
                bench::check()?;
            }
            what.map_or(Ok(()), |what| what.run())
        }
        Task::Codegen { check } => codegen::codegen(check),
    }
}

/// Root of the workspace.
fn workspace() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}
