//! `pocket-onnx voice import`: puts a voice file into a bundle.

use std::process::ExitCode;

use anyhow::{Result, bail};
use pocket_onnx::convert;
use pocket_onnx::voices::{is_standard_input, names};

use crate::args::VoiceImportArgs;
use crate::output::{note, note_synthetic};
use crate::progress::Bar;

pub(crate) fn run(args: &VoiceImportArgs) -> Result<ExitCode> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None if is_standard_input(&args.voice) || args.voice.starts_with("/dev/fd/") => {
            bail!("{} has no name: give the voice one with --name", args.voice)
        }
        None => names::of(&args.voice).0,
    };
    let bar = Bar::new(false);
    let imported = convert::import(&args.bundle, &args.voice, &name, &bar)?;
    drop(bar);
    note_synthetic(&imported.manifest);
    note(&format!(
        "{}: voice {name} with {} positions{}",
        args.bundle.display(),
        imported.positions,
        if imported.replaced {
            ", replacing the one before"
        } else {
            ""
        }
    ));
    Ok(ExitCode::SUCCESS)
}
