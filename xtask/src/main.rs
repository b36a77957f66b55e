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
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need: the library of ONNX Runtime.
    Setup,
    /// Install what is missing, then run every check and test.
    Test,
    /// Build the wasm module and the npm package.
    Wasm,
    /// Build the npm package and run its tests in Chromium, and some in Firefox and WebKit.
    Browser,
    /// Measure, and write the figures into docs/performance.md.
    Bench {
        /// What to measure.
        #[command(subcommand)]
        what: bench::Bench,
    },
    /// Rewrite the generated files: ONNX types and the manifest's schema.
    Codegen {
        /// Compare only.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Setup => setup::setup(),
        Task::Test => test::test(),
        Task::Wasm => wasm::wasm(),
        Task::Browser => browser::browser(),
        Task::Bench { what } => what.run(),
        Task::Codegen { check } => codegen::codegen(check),
    }
}

/// Root of the workspace.
fn workspace() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}
