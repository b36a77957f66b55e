//! Chores of the workspace: `cargo xtask setup | test | bench | codegen`.

mod codegen;

use std::path::Path;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Chores of the workspace")]
enum Task {
    /// Rewrite the generated files (ONNX types, manifest schema).
    Codegen {
        /// Compare only.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Codegen { check } => codegen::codegen(check),
    }
}

/// Root of the workspace.
fn workspace() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}
