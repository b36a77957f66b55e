//! `pocket-onnx voice convert`: writes a voice file in another form.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bundle::{ComponentName, Manifest};
use engine::Engine;
use speaker::Cloner;
use speech::Voice;

use super::{VoiceSource, write};
use crate::args::VoiceConvertArgs;
use crate::destination;
use crate::included;
use crate::output::{megabytes, note, note_synthetic};

pub(crate) fn run(args: &VoiceConvertArgs) -> Result<ExitCode> {
    let output = destination::voice(&args.output)?;
    let chosen = included::or_included(&args.bundle, false)?;
    let manifest = Manifest::read(&chosen.bundle)?;
    let source = VoiceSource::find(&args.voice, &manifest, false)?;
    let voice = read(&source, &chosen.bundle, &manifest)?;
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

/// Reads a voice, without running the model unless the file contains a prompt.
pub(super) fn read(source: &VoiceSource, dir: &Path, manifest: &Manifest) -> Result<Voice> {
    let flow_lm = manifest.components.get(&ComponentName::FlowLm);
    let flow_lm =
        flow_lm.with_context(|| format!("the bundle {} has no flow_lm", dir.display()))?;
    match source {
        VoiceSource::Bundle(name) => {
            let entry = manifest.voices.iter().find(|voice| voice.name == *name);
            let entry = entry.with_context(|| format!("the bundle has no voice {name}"))?;
            let path = dir.join(&entry.file.name);
            let file =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let voice = Voice::from_safetensors(&file, flow_lm);
            voice.with_context(|| format!("voice {}", path.display()))
        }
        // The reader of voice files refuses anything else and says what it is.
        VoiceSource::File(found) | VoiceSource::Recording(found) => {
            if let Some(voice) = found.state(false, flow_lm)? {
                return Ok(voice);
            }
            let engine = Arc::new(Engine::default());
            let cloner = Cloner::with_manifest(dir, manifest.clone(), engine)?;
            found.voice_file(false, &cloner)
        }
        VoiceSource::Included(found) => bail!(
            "the voice {} is a recording in the program: `pocket-onnx voice export` makes a voice file from it",
            found.name().display()
        ),
    }
}
