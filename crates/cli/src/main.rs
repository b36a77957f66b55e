//! The `pocket-onnx` command.

mod args;
mod convert;
mod demo;
mod inspect;
mod interrupt;
mod model;
mod output;
mod progress;
mod variants;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    output::start_logging();
    let done = match args.command {
        Command::Convert(args) => convert::run(&args),
        Command::Variants(args) => variants::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Demo(args) => demo::run(&args),
    };
    done.unwrap_or_else(|error| output::fail(&error))
}
