//! `pocket-onnx voice export`: a recording becomes a voice file.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use super::{Source, write};
use crate::args::VoiceExportArgs;
use crate::backend;
use crate::output::{megabytes, note};

pub(crate) fn run(args: &VoiceExportArgs) -> Result<ExitCode> {
    let started = Instant::now();
    let opened = backend::open(&args.speaker, args.quiet)?;
    let manifest = opened.speaker.model().manifest();
    let source = Source::find(&args.recording, manifest, args.quiet)?;
    let Source::Recording(_) = &source else {
        bail!(
            "{} is a voice already: `pocket-onnx voice convert` writes its other forms",
            args.recording
        );
    };
    let voice = source.voice(&opened.speaker, args.quiet)?.voice;
    let size = write(&args.output, &voice, &args.form)?;
    if !args.quiet {
        note(&format!(
            "{}: {} positions, {} in {:.1} s",
            args.output.display(),
            voice.position(),
            megabytes(size),
            started.elapsed().as_secs_f64()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
