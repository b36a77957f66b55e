//! `pocket-onnx voice import`: a voice file goes into a bundle.

use std::process::ExitCode;

use anyhow::Result;
use bundle::Manifest;

use super::{Source, convert};
use crate::args::VoiceImportArgs;
use crate::interrupt::Writing;
use crate::output::{note, note_synthetic, replace};
use crate::voices;

pub(crate) fn run(args: &VoiceImportArgs) -> Result<ExitCode> {
    let mut manifest = Manifest::read(&args.bundle)?;
    let source = Source::find_outside(&args.voice, manifest.variant.as_deref(), false)?;
    let voice = convert::read(&source, &args.bundle, &manifest)?;
    let name = match &args.name {
        Some(name) => voices::checked_name(name)?,
        None => voices::name_of(&args.voice)?,
    };
    // An interrupt waits: a voice of that name is replaced by its file and its entry, or not at all.
    let writing = Writing::begin();
    let entry = voices::store(&args.bundle, &name, &voice)?;
    let positions = entry.positions;
    // The manifest comes last: until it names a new voice, the bundle is what it was.
    match manifest.voices.iter_mut().find(|voice| voice.name == name) {
        // The first voice stays the first: it is the one to use unless asked otherwise.
        Some(old) => *old = entry,
        None => manifest.voices.push(entry),
    }
    let path = args.bundle.join(Manifest::FILE);
    replace(&path, manifest.to_json()?.as_bytes())?;
    drop(writing);
    note_synthetic(&manifest);
    note(&format!(
        "{}: voice {name} with {positions} positions",
        args.bundle.display()
    ));
    Ok(ExitCode::SUCCESS)
}
