//! `pocket-onnx voice convert`: writes a voice file in another form.

use std::process::ExitCode;

use anyhow::Result;
use bundle::Manifest;
use pocket_onnx::voices::VoiceSource;

use super::write;
use crate::args::VoiceConvertArgs;
use crate::destination;
use crate::included;
use crate::output::{megabytes, note, note_synthetic};
use crate::progress::Bar;

pub(crate) fn run(args: &VoiceConvertArgs) -> Result<ExitCode> {
    let output = destination::voice(&args.output)?;
    let chosen = included::or_included(&args.bundle, false)?;
    let manifest = Manifest::read(&chosen.bundle)?;
    let bar = Bar::new(false);
    let source = VoiceSource::find(&args.voice, &manifest, &bar)?;
    let voice = source.read(&chosen.bundle, &manifest, &bar)?;
    drop(bar);
    let name = output.name();
    let size = write(output, &voice, &args.form)?;
    note_synthetic(&manifest);
    note(&format!(
        "{name}: {} positions, {}",
        voice.position(),
        megabytes(size)
    ));
    Ok(ExitCode::SUCCESS)
}
