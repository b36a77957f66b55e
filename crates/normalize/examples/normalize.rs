//! Prints how the lines of standard input are spoken: `cargo run -p pocket-onnx-normalize --example normalize de`.

use std::io::{self, BufRead as _};
use std::process::ExitCode;

use normalize::{Expanded, Language, normalize};

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is for reading"
)]
fn main() -> ExitCode {
    let language: Language = match std::env::args().nth(1).unwrap_or("english".into()).parse() {
        Ok(language) => language,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let expansions = normalize(&line, language);
        println!("{}", Expanded::of(&line, &expansions).text);
    }
    ExitCode::SUCCESS
}
