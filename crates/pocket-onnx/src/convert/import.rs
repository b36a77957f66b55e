//! Puts a voice into a bundle.

use std::path::Path;

use bundle::{Manifest, ManifestError};
use config::{PredefinedVoice, Variant};
use export::{BundleLock, ExportError};
use files::Destination;

use super::voices;
use crate::voices::{VoiceProblem, VoiceSource, names};
use crate::{Observer, Result};

/// What an import did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The manifest with the voice.
    pub manifest: Manifest,
    /// Length of the voice.
    pub positions: usize,
    /// Whether there was one of that name.
    pub replaced: bool,
}

/// Puts a voice into the bundle in `dir` under a name: a voice file, or a predefined voice. It waits
/// while another import or a conversion changes the bundle.
///
/// ```
/// use pocket_onnx::convert::{Conversion, ModelSource, import};
/// use pocket_onnx::{Silent, Tts};
///
/// # fn main() -> pocket_onnx::Result<()> {
/// # let dir = tempfile::tempdir()?;
/// # let (folder, file) = (dir.path().join("starling"), dir.path().join("me.safetensors"));
/// Conversion::new(ModelSource::variant("starling")).write(&folder)?;
/// Tts::open(&folder)?.voice("heron")?.save(&file)?;
///
/// import(&folder, file.to_str().unwrap_or_default(), "me", &Silent)?;
/// let me = Tts::open(&folder)?.voice("me")?;
/// # Ok(())
/// # }
/// ```
pub fn import(
    dir: impl AsRef<Path>,
    voice: &str,
    name: &str,
    observer: &dyn Observer,
) -> Result<Imported> {
    let dir = dir.as_ref();
    let name = names::checked(name)?;
    let lock = || {
        BundleLock::wait(dir, || {
            observer.warning(&format!(
                "{} is being written by another command: waiting for it",
                dir.display()
            ));
        })
    };
    let read = || match Manifest::read(dir) {
        // The lock first completes what a killed conversion had begun.
        Err(ManifestError::Unfinished { .. }) => {
            drop(lock()?);
            Ok(Manifest::read(dir)?)
        }
        read => Ok::<_, crate::Error>(read?),
    };
    let manifest = read()?;
    refuse_own_name(&name, voice, &manifest)?;
    let source = VoiceSource::find_outside(voice, manifest.variant.as_deref(), observer)?;
    // Locked only after the download, so that others need not wait for it. From here on the bundle must
    // not change.
    let bundle = lock()?;
    let mut manifest = Manifest::read(dir)?;
    refuse_other_case(&name, &manifest)?;
    let voice = source.read(dir, &manifest, observer)?;
    // A voice of that name is replaced together with its entry, or not at all.
    observer.begins_to_write();
    let entry = voices::store(bundle.dir(), &name, &voice)?;
    let positions = entry.positions;
    // The manifest is written last: until it lists the new voice, the bundle is unchanged.
    // The first voice stays the first, since it is the default.
    let old = (manifest.voices.iter_mut()).find(|voice| voice.name == name);
    let replaced = old.is_some();
    match old {
        Some(old) => *old = entry,
        None => manifest.voices.push(entry),
    }
    let output = Destination::find(&bundle.dir().join(Manifest::FILE))?;
    let json = manifest.to_json().map_err(ExportError::from)?;
    (output.open()?).finish_with(json.as_bytes())?;
    Ok(Imported {
        manifest,
        positions,
        replaced,
    })
}

/// On systems that ignore case both would have the same file.
fn refuse_other_case(name: &str, manifest: &Manifest) -> Result<(), VoiceProblem> {
    let mut voices = manifest.voices.iter();
    let other = voices.find(|voice| voice.name != name && voice.name.eq_ignore_ascii_case(name));
    match other {
        Some(other) => Err(VoiceProblem::OtherCase {
            name: name.to_owned(),
            other: other.name.clone(),
        }),
        None => Ok(()),
    }
}

/// A conversion restores the model's own voices, so a user's voice must not have such a name.
fn refuse_own_name(name: &str, voice: &str, manifest: &Manifest) -> Result<()> {
    let Some(variant) = &manifest.variant else {
        return Ok(());
    };
    let own = Variant::find(variant)?.voices();
    let is_own = |voice: &PredefinedVoice| voice.name.eq_ignore_ascii_case(name);
    if voice != name && own.iter().any(is_own) {
        return Err(VoiceProblem::Own {
            name: name.to_owned(),
            variant: variant.clone(),
        }
        .into());
    }
    Ok(())
}
