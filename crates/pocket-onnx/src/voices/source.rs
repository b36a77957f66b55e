//! Where a voice comes from.

use std::fs;
use std::path::Path;
#[cfg(feature = "convert")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bundle::{Component, ComponentName, Manifest};
use checkpoint::{Hub, Location};
use config::{PredefinedVoice, Variant};
use engine::Engine;
use filetype::{Expected, FileType};
use speaker::{Cloner, Speaker, VoiceMaker};
use speech::{LONGEST_PROMPT, RecordingNotice, SpeechError, StoredPrompt, Voice};

use super::VoiceProblem;
use super::download::Download;
use super::input::{STANDARD_INPUT, VoiceInput};
use crate::error::About;
use crate::suggest::nearest;
use crate::{Observer, Result, usual_threads};

/// Where a requested voice was found; it is not read yet.
#[derive(Clone, Debug)]
pub enum VoiceSource {
    /// A voice of the bundle.
    Bundle(String),
    /// A voice file of pocket-tts.
    File(FetchedFile),
    /// A recording.
    Recording(FetchedFile),
    /// The recording of a voice of the included model.
    Included(FetchedFile),
}

/// A file, and where it came from.
#[derive(Clone, Debug)]
pub struct FetchedFile {
    input: VoiceInput,
    download: Option<Download>,
}

/// A voice, and what the user should know about the recording that it was made from.
pub struct LoadedVoice {
    /// The voice.
    pub voice: Voice,
    /// What may make it a poor one.
    pub notices: Vec<RecordingNotice>,
}

impl VoiceSource {
    /// Finds `typed`: the name of a voice in the bundle, a path or location, or the name of a
    /// predefined voice, which is downloaded.
    pub fn find(typed: &str, manifest: &Manifest, observer: &dyn Observer) -> Result<Self> {
        if typed.trim().is_empty() {
            return Err(VoiceProblem::EmptyName.into());
        }
        if manifest.voices.iter().any(|voice| voice.name == typed) {
            return Ok(Self::Bundle(typed.to_owned()));
        }
        let own: Vec<&str> = manifest.voices.iter().map(|v| v.name.as_str()).collect();
        Self::find_beside(&own, typed, manifest.variant.as_deref(), observer)
    }

    /// [`VoiceSource::find`] without a bundle.
    pub fn find_outside(
        typed: &str,
        variant: Option<&str>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        Self::find_beside(&[], typed, variant, observer)
    }

    /// Finds a voice that is not one of the bundle's, `own`; their names are used for suggestions.
    fn find_beside(
        own: &[&str],
        typed: &str,
        variant: Option<&str>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        if typed == STANDARD_INPUT {
            return Self::told_apart(VoiceInput::standard()?, None, typed);
        }
        let variant = variant.map(Variant::find).transpose()?;
        let predefined = variant.map_or(&[][..], Variant::voices);
        let known = predefined.iter().find(|voice| voice.name == typed);
        let location = match (known, variant) {
            (Some(voice), Some(variant)) if !Path::new(typed).exists() => {
                match variant.predefined_voice_location(typed) {
                    Some(location) => location,
                    None => return Ok(Self::Included(FetchedFile::included(voice.name)?)),
                }
            }
            _ => typed.to_owned(),
        };
        let parsed: Location = location.parse()?;
        if let Location::Local(path) = &parsed
            && !path.exists()
        {
            if known.is_none() && PredefinedVoice::find(typed).is_some() {
                let names: Vec<_> = predefined.iter().map(|voice| voice.name).collect();
                let has = match names.as_slice() {
                    [] => String::new(),
                    names => format!(" (it has {})", names.join(" and ")),
                };
                return Err(VoiceProblem::OtherModel {
                    name: typed.to_owned(),
                    has,
                }
                .into());
            }
            // Only models that are known by name have predefined voices.
            let predefined = predefined.iter().map(|voice| voice.name);
            let names: Vec<_> = own.iter().copied().chain(predefined).collect();
            return Err(VoiceProblem::Unknown {
                name: typed.to_owned(),
                nearest: nearest(typed, &names),
            }
            .into());
        }
        if let Location::Local(path) = &parsed {
            return Self::told_apart(VoiceInput::open(path)?, None, &location);
        }
        // The hub's settings matter only if something has to be downloaded.
        let download = Download::fetch(Hub::from_env()?, &parsed, observer)?;
        Self::told_apart(VoiceInput::File(download.path()), Some(download), &location)
    }

    /// A voice file begins like a safetensors file, or has its ending.
    fn told_apart(input: VoiceInput, download: Option<Download>, location: &str) -> Result<Self> {
        let is_file = match input.file_type()? {
            FileType::Safetensors => true,
            FileType::Audio(_) | FileType::Video(_) => false,
            _ => is_voice_file(location),
        };
        let found = FetchedFile { input, download };
        Ok(if is_file {
            Self::File(found)
        } else {
            Self::Recording(found)
        })
    }

    /// Reads the voice for the bundle in `dir`, without running the model unless the file contains a
    /// prompt. The included voices are recordings, and refused.
    pub fn read(&self, dir: &Path, manifest: &Manifest, observer: &dyn Observer) -> Result<Voice> {
        let flow_lm = manifest.components.get(&ComponentName::FlowLm);
        let flow_lm = flow_lm.ok_or_else(|| VoiceProblem::NoFlowLm {
            bundle: dir.to_owned(),
        })?;
        match self {
            Self::Bundle(name) => {
                let entry = manifest.voices.iter().find(|voice| voice.name == *name);
                let entry =
                    entry.ok_or_else(|| VoiceProblem::NotInBundle { name: name.clone() })?;
                let path = dir.join(&entry.file.name);
                let file = fs::read(&path).about(|| format!("cannot read {}", path.display()))?;
                let voice = Voice::from_safetensors(&file, flow_lm).map_err(SpeechError::from);
                voice.about(|| format!("voice {}", path.display()))
            }
            // The reader of voice files refuses anything else and says what it is.
            Self::File(found) | Self::Recording(found) => {
                if let Some(voice) = found.state(observer, flow_lm)? {
                    return Ok(voice);
                }
                let engine = Arc::new(Engine::default());
                let cloner = Cloner::with_manifest(dir, manifest.clone(), engine, usual_threads())?;
                found.voice_file(observer, &cloner)
            }
            Self::Included(found) => Err(VoiceProblem::Included {
                name: found.name().to_owned(),
            }
            .into()),
        }
    }

    /// Reads or makes the voice.
    pub fn voice(&self, speaker: &Speaker, observer: &dyn Observer) -> Result<LoadedVoice> {
        let voice = match self {
            Self::Bundle(name) => {
                let voice = speaker.voice(Some(name));
                voice.about(|| format!("voice {name} of the bundle"))?
            }
            Self::File(found) => found.voice_file(observer, speaker)?,
            Self::Recording(found) | Self::Included(found) => {
                return found.clone_voice(speaker, observer);
            }
        };
        Ok(LoadedVoice {
            voice,
            notices: Vec::new(),
        })
    }
}

impl FetchedFile {
    /// A file on this machine.
    #[cfg(feature = "convert")]
    pub(crate) fn local(path: PathBuf) -> Self {
        Self {
            input: VoiceInput::File(path),
            download: None,
        }
    }

    /// The recording of a voice of the included model.
    #[cfg(feature = "starling")]
    fn included(name: &str) -> Result<Self> {
        let Some(bytes) = starling::voice(name) else {
            return Err(VoiceProblem::NotIncluded {
                name: name.to_owned(),
            }
            .into());
        };
        Ok(Self {
            input: VoiceInput::Memory {
                name: name.into(),
                bytes: bytes.into(),
            },
            download: None,
        })
    }

    #[cfg(not(feature = "starling"))]
    fn included(name: &str) -> Result<Self> {
        let name = name.to_owned();
        Err(VoiceProblem::NotIncluded { name }.into())
    }

    /// Its name for messages; for a download the address.
    pub fn name(&self) -> &Path {
        match &self.download {
            Some(download) => Path::new(download.location()),
            None => self.input.name(),
        }
    }

    /// Reads a voice file.
    pub fn voice_file(&self, observer: &dyn Observer, maker: &impl VoiceMaker) -> Result<Voice> {
        self.read(observer, |input| {
            let file = input.bytes(Expected::Voice)?;
            let voice = maker.read_voice(&file);
            voice.about(|| format!("voice {}", input.name().display()))
        })
    }

    /// Reads a voice file for `flow_lm`; `None` if it contains a prompt, for which the model has to
    /// be run.
    pub fn state(&self, observer: &dyn Observer, flow_lm: &Component) -> Result<Option<Voice>> {
        self.read(observer, |input| {
            let file = input.bytes(Expected::Voice)?;
            if StoredPrompt::is_in(&file) {
                return Ok(None);
            }
            let voice = Voice::from_safetensors(&file, flow_lm).map_err(SpeechError::from);
            let voice = voice.about(|| format!("voice {}", input.name().display()))?;
            Ok(Some(voice))
        })
    }

    /// Makes a voice from a recording, and collects notices about it.
    pub fn clone_voice(
        &self,
        maker: &impl VoiceMaker,
        observer: &dyn Observer,
    ) -> Result<LoadedVoice> {
        let limit = Duration::from_secs(u64::from(LONGEST_PROMPT));
        let recording = self.read(observer, |input| input.recording(limit))?;
        let cloned = maker.clone_voice(&recording);
        let name = self.name().display();
        let (voice, notices) = cloned.about(|| format!("recording {name}"))?;
        for notice in &notices {
            observer.notice(&format!("{name}: {notice}"));
        }
        Ok(LoadedVoice { voice, notices })
    }

    /// Reads the file; a useless download is repeated once.
    fn read<T>(
        &self,
        observer: &dyn Observer,
        read: impl Fn(&VoiceInput) -> Result<T>,
    ) -> Result<T> {
        match &self.download {
            None => read(&self.input),
            Some(download) => download.read(observer, || read(&self.input)),
        }
    }
}

/// For bundles of models that people trained themselves.
pub const NO_VOICE: &str =
    "this bundle has no voice, and predefined voices work with the released models only";

/// The requested voice, or the bundle's first one, or the language's predefined one.
pub fn resolve(
    speaker: &Speaker,
    typed: Option<&str>,
    observer: &dyn Observer,
) -> Result<LoadedVoice> {
    let manifest = speaker.model().manifest();
    if let Some(typed) = typed {
        return VoiceSource::find(typed, manifest, observer)?.voice(speaker, observer);
    }
    match &manifest.variant {
        Some(variant) if manifest.voices.is_empty() => {
            let name = Variant::find(variant)?.default_voice();
            VoiceSource::find(name, manifest, observer)?.voice(speaker, observer)
        }
        _ => match manifest.voices.first() {
            Some(first) => VoiceSource::Bundle(first.name.clone()).voice(speaker, observer),
            None => Err(VoiceProblem::None {
                way: way_to_a_voice(manifest),
            }
            .into()),
        },
    }
}

/// The way out for a bundle without a voice.
fn way_to_a_voice(manifest: &Manifest) -> &'static str {
    let encoder = manifest
        .components
        .contains_key(&ComponentName::MimiEncoder);
    if encoder {
        "clone one from a recording with `--voice recording.wav`, or put it into the bundle with \
         `pocket-onnx convert … --voices recording.wav`"
    } else {
        "give a voice file with `--voice voice.safetensors`; for recordings the bundle needs mimi_encoder"
    }
}

/// Voice files and recordings are told apart as in pocket-tts: by the ending of the location before
/// any `@revision`.
fn is_voice_file(location: &str) -> bool {
    let path = match location.strip_prefix("hf://") {
        Some(path) => path.split('@').next().unwrap_or_default(),
        None => location.split(['?', '#']).next().unwrap_or_default(),
    };
    Path::new(path)
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voice_files_are_told_from_recordings() {
        let cases = [
            ("hf://a/b/c.safetensors@main", true),
            ("hf://a/b/c.wav@main", false),
            ("https://example.org/v.safetensors?x=1", true),
            ("https://example.org/v.mp3", false),
            ("my voice.SAFETENSORS", true),
            ("voice.wav", false),
            ("safetensors", false),
        ];
        let wrong: Vec<_> = (cases.iter())
            .filter(|(location, is)| is_voice_file(location) != *is)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
