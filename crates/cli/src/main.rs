//! The `pocket-onnx` command.

mod args;
mod backend;
mod convert;
mod demo;
mod destination;
mod heads;
mod included;
mod inspect;
mod interrupt;
mod output;
mod progress;
mod rewriting;
mod serve;
mod sink;
mod speak;
mod text;
mod tokenize;
mod variants;
mod verify;
mod voice;
mod words;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, LogForm};

fn main() -> ExitCode {
    let args = Args::parse_from(args::typed(std::env::args_os()));
    output::start_logging(match &args.command {
        Command::Serve(args) => args.api.log,
        _ => LogForm::Off,
    });
    let done = match args.command {
        Command::Convert(args) => convert::run(&args),
        Command::Variants(args) => variants::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Speak(args) => speak::run(&args),
        Command::Heads(args) => heads::run(&args),
        Command::Tokenize(args) => tokenize::run(&args),
        Command::Voice(command) => voice::run(&command),
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
    };
    done.unwrap_or_else(|error| output::fail(&error))
}
