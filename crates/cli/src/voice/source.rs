//! Where a voice comes from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bundle::{Component, ComponentName, Manifest};
use checkpoint::{Hub, Location};
use config::{PredefinedVoice, Variant};
use filetype::{Expected, FileType};
use speaker::{Speaker, VoiceMaker};
use speech::{LONGEST_PROMPT, RecordingNotice, StoredPrompt, Voice};

use super::input::{STANDARD_INPUT, VoiceInput};
use crate::download::Download;
use crate::output::{nearest, note};

/// Where a requested voice was found; it is not read yet.
#[derive(Clone, Debug)]
pub(crate) enum VoiceSource {
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
pub(crate) struct FetchedFile {
    input: VoiceInput,
    download: Option<Download>,
}

/// A voice, and what the user should know about the recording that it was made from.
pub(crate) struct LoadedVoice {
    pub(crate) voice: Voice,
    pub(crate) notices: Vec<RecordingNotice>,
}

impl VoiceSource {
    /// Finds `typed`: the name of a voice in the bundle, a path or location, or the name of a
    /// predefined voice, which is downloaded.
    pub(crate) fn find(typed: &str, manifest: &Manifest, quiet: bool) -> Result<Self> {
        if typed.trim().is_empty() {
            bail!("the voice has an empty name: give a voice of the bundle, a file or a location");
        }
        if manifest.voices.iter().any(|voice| voice.name == typed) {
            return Ok(Self::Bundle(typed.to_owned()));
        }
        let own: Vec<&str> = manifest.voices.iter().map(|v| v.name.as_str()).collect();
        Self::find_beside(&own, typed, manifest.variant.as_deref(), quiet)
    }

    /// [`VoiceSource::find`] without a bundle.
    pub(crate) fn find_outside(typed: &str, variant: Option<&str>, quiet: bool) -> Result<Self> {
        Self::find_beside(&[], typed, variant, quiet)
    }

    /// Finds a voice that is not one of the bundle's, `own`; their names are used for suggestions.
    fn find_beside(own: &[&str], typed: &str, variant: Option<&str>, quiet: bool) -> Result<Self> {
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
                bail!(
                    "the predefined voice {typed} works with the released models only, and this is a model of \
                     its own{has}: give a voice file or a recording"
                );
            }
            // Only models that are known by name have predefined voices.
            let predefined = predefined.iter().map(|voice| voice.name);
            let names: Vec<_> = own.iter().copied().chain(predefined).collect();
            bail!(
                "no voice {typed}: neither a file, nor a voice of the bundle, nor a predefined one{} \
                 (`pocket-onnx voice list` shows them)",
                nearest(typed, &names)
            );
        }
        if let Location::Local(path) = &parsed {
            return Self::told_apart(VoiceInput::open(path)?, None, &location);
        }
        // The hub's settings matter only if something has to be downloaded.
        let download = Download::fetch(Hub::from_env()?, &parsed, quiet)?;
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

    /// Reads or makes the voice.
    pub(crate) fn voice(&self, speaker: &Speaker, quiet: bool) -> Result<LoadedVoice> {
        let voice = match self {
            Self::Bundle(name) => {
                let voice = speaker.voice(Some(name));
                voice.with_context(|| format!("voice {name} of the bundle"))?
            }
            Self::File(found) => found.voice_file(quiet, speaker)?,
            Self::Recording(found) | Self::Included(found) => {
                return found.clone_voice(speaker, quiet);
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
    pub(crate) fn local(path: PathBuf) -> Self {
        Self {
            input: VoiceInput::File(path),
            download: None,
        }
    }

    /// The recording of a voice of the included model.
    fn included(name: &str) -> Result<Self> {
        let Some(bytes) = starling::voice(name) else {
            bail!("the program includes no voice {name}");
        };
        Ok(Self {
            input: VoiceInput::Memory {
                name: name.into(),
                bytes: bytes.into(),
            },
            download: None,
        })
    }

    /// Its name for messages; for a download the address.
    pub(crate) fn name(&self) -> &Path {
        match &self.download {
            Some(download) => Path::new(download.location()),
            None => self.input.name(),
        }
    }

    /// Reads a voice file.
    pub(crate) fn voice_file(&self, quiet: bool, maker: &impl VoiceMaker) -> Result<Voice> {
        self.read(quiet, |input| {
            let file = input.bytes(Expected::Voice)?;
            let voice = maker.read_voice(&file);
            voice.with_context(|| format!("voice {}", input.name().display()))
        })
    }

    /// Reads a voice file for `flow_lm`; `None` if it contains a prompt, for which the model has to
    /// be run.
    pub(crate) fn state(&self, quiet: bool, flow_lm: &Component) -> Result<Option<Voice>> {
        self.read(quiet, |input| {
            let file = input.bytes(Expected::Voice)?;
            if StoredPrompt::is_in(&file) {
                return Ok(None);
            }
            let voice = Voice::from_safetensors(&file, flow_lm);
            let voice = voice.with_context(|| format!("voice {}", input.name().display()))?;
            Ok(Some(voice))
        })
    }

    /// Makes a voice from a recording, and collects notices about it.
    pub(crate) fn clone_voice(&self, maker: &impl VoiceMaker, quiet: bool) -> Result<LoadedVoice> {
        let limit = Duration::from_secs(u64::from(LONGEST_PROMPT));
        let recording = self.read(quiet, |input| input.recording(limit))?;
        let cloned = maker.clone_voice(&recording);
        let name = self.name().display();
        let (voice, notices) = cloned.with_context(|| format!("recording {name}"))?;
        if !quiet {
            for notice in &notices {
                note(&format!("notice: {name}: {notice}"));
            }
        }
        Ok(LoadedVoice { voice, notices })
    }

    /// Reads the file; a useless download is repeated once.
    fn read<T>(&self, quiet: bool, read: impl Fn(&VoiceInput) -> Result<T>) -> Result<T> {
        match &self.download {
            None => read(&self.input),
            Some(download) => download.read(quiet, || read(&self.input)),
        }
    }
}

/// For bundles of models that people trained themselves.
pub(crate) const NO_VOICE: &str =
    "this bundle has no voice, and predefined voices work with the released models only";

/// The requested voice, or the bundle's first one, or the language's predefined one.
pub(crate) fn resolve(speaker: &Speaker, typed: Option<&str>, quiet: bool) -> Result<LoadedVoice> {
    let manifest = speaker.model().manifest();
    if let Some(typed) = typed {
        return VoiceSource::find(typed, manifest, quiet)?.voice(speaker, quiet);
    }
    match &manifest.variant {
        Some(variant) if manifest.voices.is_empty() => {
            let name = Variant::find(variant)?.default_voice();
            VoiceSource::find(name, manifest, quiet)?.voice(speaker, quiet)
        }
        _ => match manifest.voices.first() {
            Some(first) => VoiceSource::Bundle(first.name.clone()).voice(speaker, quiet),
            None => bail!("{}", without_voice(manifest)),
        },
    }
}

/// Why a bundle without a voice cannot speak, and the way out.
fn without_voice(manifest: &Manifest) -> String {
    let encoder = manifest
        .components
        .contains_key(&ComponentName::MimiEncoder);
    let way = if encoder {
        "clone one from a recording with `--voice recording.wav`, or put it into the bundle with \
         `pocket-onnx convert … --voices recording.wav`"
    } else {
        "give a voice file with `--voice voice.safetensors`; for recordings the bundle needs mimi_encoder"
    };
    format!("{NO_VOICE}: {way}")
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
