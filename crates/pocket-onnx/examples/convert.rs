//! Converts a model, with a voice, into a folder: `cargo run --example convert english alba english/`.
//! Without arguments it converts starling, which needs no network.

#![allow(
    clippy::print_stderr,
    reason = "an example talks to whoever started it"
)]

use std::env::args;

use pocket_onnx::convert::{Conversion, ModelSource};
use pocket_onnx::{Observer, Progress, Result};

/// Tells what happens.
struct Told;

impl Observer for Told {
    fn notice(&self, notice: &str) {
        eprintln!("{notice}");
    }

    fn progress(&self, progress: Progress<'_>) {
        match progress {
            Progress::Fetching { name, .. } => eprintln!("fetching {name}"),
            Progress::Component(name) => eprintln!("writing {name}"),
            _ => {}
        }
    }
}

fn main() -> Result<()> {
    let model = args().nth(1).unwrap_or_else(|| "starling".to_owned());
    let voice = args().nth(2).unwrap_or_else(|| "default".to_owned());
    let folder = args().nth(3).unwrap_or_else(|| model.clone());
    let manifest = Conversion::new(ModelSource::variant(model))
        .voices([voice])
        .write_watched(&folder, &Told)?;
    eprintln!("{folder}: {} components", manifest.components.len());
    Ok(())
}
