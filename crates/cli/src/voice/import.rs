//! `pocket-onnx voice import`: a voice file goes into a bundle.

use std::process::ExitCode;

use anyhow::Result;
use bundle::Manifest;

use super::{Source, convert};
use crate::args::VoiceImportArgs;
use crate::output::{note, replace};
use crate::voices;

pub(crate) fn run(args: &VoiceImportArgs) -> Result<ExitCode> {
    let mut manifest = Manifest::read(&args.bundle)?;
    let source = Source::find_outside(&args.voice, manifest.variant.as_deref(), false)?;
    let voice = convert::read(&source, &args.bundle, &manifest)?;
    let name = match &args.name {
        Some(name) => voices::checked_name(name)?,
        None => voices::name_of(&args.voice)?,
    };
    let entry = voices::store(&args.bundle, &name, &voice)?;
    let positions = entry.positions;
    // The manifest comes last: until it names the voice, the bundle is what it was.
    manifest.voices.retain(|voice| voice.name != name);
    manifest.voices.push(entry);
    let path = args.bundle.join(Manifest::FILE);
    replace(&path, manifest.to_json()?.as_bytes())?;
    note(&format!(
        "{}: voice {name} with {positions} positions",
        args.bundle.display()
    ));
    Ok(ExitCode::SUCCESS)
}
