//! `pocket-onnx voice export`: from a recording to a voice file.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use bundle::Manifest;
use pocket_onnx::voices::VoiceSource;

use super::write;
use crate::args::VoiceExportArgs;
use crate::backend;
use crate::destination;
use crate::included;
use crate::output::{megabytes, note};
use crate::progress::Bar;

pub(crate) fn run(args: &VoiceExportArgs) -> Result<ExitCode> {
    let output = destination::voice(&args.output)?;
    destination::refuse_input(&output, Path::new(&args.recording), "recording")?;
    let started = Instant::now();
    let chosen = included::or_included(&args.speaker.bundle, args.quiet)?;
    let mut speaker = args.speaker.clone();
    speaker.bundle = chosen.bundle;
    let manifest = Manifest::read(&speaker.bundle)?;
    let bar = Bar::new(args.quiet);
    let source = VoiceSource::find(&args.recording, &manifest, &bar)?;
    let (VoiceSource::Recording(found) | VoiceSource::Included(found)) = &source else {
        bail!(
            "{} is a voice already: `pocket-onnx voice convert` writes it in another form",
            args.recording
        );
    };
    let cloner = backend::open_cloner(&speaker, manifest, args.quiet)?;
    let voice = found.clone_voice(&cloner, &bar)?.voice;
    let name = output.name();
    let size = write(output, &voice, &args.form)?;
    if !args.quiet {
        note(&format!(
            "{name}: {} positions, {} in {:.1} s",
            voice.position(),
            megabytes(size),
            started.elapsed().as_secs_f64()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
