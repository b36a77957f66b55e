//! `pocket-onnx voice import`: puts a voice file into a bundle.

use std::process::ExitCode;

use anyhow::{Result, bail};
use bundle::{Manifest, ManifestError};
use config::{PredefinedVoice, Variant};
use export::BundleLock;
use files::Destination;

use super::{VoiceSource, convert, is_standard_input};
use crate::args::VoiceImportArgs;
use crate::interrupt::Writing;
use crate::output::{note, note_synthetic};
use crate::voices::{self, names};

pub(crate) fn run(args: &VoiceImportArgs) -> Result<ExitCode> {
    let name = match &args.name {
        Some(name) => names::checked(name)?,
        None if is_standard_input(&args.voice) || args.voice.starts_with("/dev/fd/") => {
            bail!("{} has no name: give the voice one with --name", args.voice)
        }
        None => names::of(&args.voice).0,
    };
    let lock = || {
        BundleLock::wait(&args.bundle, || {
            note(&format!(
                "{} is being written by another command: waiting for it",
                args.bundle.display()
            ));
        })
    };
    let read = || match Manifest::read(&args.bundle) {
        // The lock first completes what a killed conversion had begun.
        Err(ManifestError::Unfinished { .. }) => {
            drop(lock()?);
            Ok(Manifest::read(&args.bundle)?)
        }
        read => anyhow::Ok(read?),
    };
    let manifest = read()?;
    refuse_own_name(&name, &args.voice, &manifest)?;
    let source = VoiceSource::find_outside(&args.voice, manifest.variant.as_deref(), false)?;
    // Locked only after the download, so that others need not wait for it. From here on the bundle must not
    // change.
    let bundle = lock()?;
    let mut manifest = Manifest::read(&args.bundle)?;
    refuse_other_case(&name, &manifest)?;
    let voice = convert::read(&source, &args.bundle, &manifest)?;
    // An interrupt is delayed: a voice of that name is replaced together with its entry, or not at
    // all.
    let writing = Writing::begin();
    let entry = voices::store(bundle.dir(), &name, &voice)?;
    let positions = entry.positions;
    // The manifest is written last: until it lists the new voice, the bundle is unchanged.
    // The first voice stays the first, since it is the default.
    let old = (manifest.voices.iter_mut()).find(|voice| voice.name == name);
    let replaced = if let Some(old) = old {
        *old = entry;
        ", replacing the one before"
    } else {
        manifest.voices.push(entry);
        ""
    };
    let output = Destination::find(&bundle.dir().join(Manifest::FILE))?;
    (output.open()?).finish_with(manifest.to_json()?.as_bytes())?;
    drop(writing);
    drop(bundle);
    note_synthetic(&manifest);
    note(&format!(
        "{}: voice {name} with {positions} positions{replaced}",
        args.bundle.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// On systems that ignore case both would have the same file.
fn refuse_other_case(name: &str, manifest: &Manifest) -> Result<()> {
    let mut voices = manifest.voices.iter();
    let other = voices.find(|voice| voice.name != name && voice.name.eq_ignore_ascii_case(name));
    if let Some(other) = other {
        bail!(
            "the bundle has a voice {}, whose file {name} would replace on some systems: choose another \
             name with --name",
            other.name
        );
    }
    Ok(())
}

/// A conversion restores the model's own voices, so a user's voice must not have such a name.
fn refuse_own_name(name: &str, typed: &str, manifest: &Manifest) -> Result<()> {
    let Some(variant) = &manifest.variant else {
        return Ok(());
    };
    let own = Variant::find(variant)?.voices();
    let is_own = |voice: &PredefinedVoice| voice.name.eq_ignore_ascii_case(name);
    if typed != name && own.iter().any(is_own) {
        bail!(
            "{name} is one of {variant}'s own voices, which the next conversion would restore: choose another name with --name"
        );
    }
    Ok(())
}
