//! Where a voice comes from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use audio::Recording;
use bundle::{ComponentName, Manifest};
use checkpoint::{Hub, Location};
use config::{PredefinedVoice, Variant};
use speaker::Speaker;
use speech::{LONGEST_PROMPT, Voice};

use crate::output::{nearest, note};
use crate::progress::Bar;

/// A voice as it was typed, found but not read.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A voice of the bundle.
    Bundle(String),
    /// A voice file of pocket-tts, on this machine now.
    File(PathBuf),
    /// A recording, on this machine now.
    Recording(PathBuf),
}

impl Source {
    /// Finds `typed`: the name of a voice of the bundle, a path or location, or the name of a
    /// predefined voice, which is fetched.
    pub(crate) fn find(typed: &str, manifest: &Manifest, quiet: bool) -> Result<Self> {
        if manifest.voices.iter().any(|voice| voice.name == typed) {
            return Ok(Self::Bundle(typed.to_owned()));
        }
        let own: Vec<&str> = manifest.voices.iter().map(|v| v.name.as_str()).collect();
        Self::find_beside(&own, typed, manifest.variant.as_deref(), quiet)
    }

    /// [`Source::find`] without a bundle.
    pub(crate) fn find_outside(typed: &str, variant: Option<&str>, quiet: bool) -> Result<Self> {
        Self::find_beside(&[], typed, variant, quiet)
    }

    /// Finds what is none of the bundle's voices, `own`, which may have been meant all the same.
    fn find_beside(own: &[&str], typed: &str, variant: Option<&str>, quiet: bool) -> Result<Self> {
        let known = PredefinedVoice::find(typed);
        let location = match (known, variant) {
            (Some(_), Some(variant)) if !Path::new(typed).exists() => {
                Variant::find(variant)?.predefined_voice_location(typed)
            }
            _ => typed.to_owned(),
        };
        let parsed: Location = location.parse()?;
        if let Location::Local(path) = &parsed
            && !path.exists()
        {
            if known.is_some() {
                bail!(
                    "the predefined voice {typed} was made for the released models, and this is a model of \
                     its own: give a voice file or a recording"
                );
            }
            // Only released models have the predefined ones.
            let predefined = PredefinedVoice::all().iter().filter(|_| variant.is_some());
            let names: Vec<_> = own
                .iter()
                .copied()
                .chain(predefined.map(|v| v.name))
                .collect();
            bail!(
                "no voice {typed}: neither a file, nor a voice of the bundle, nor a predefined one{} \
                 (`pocket-onnx voice list` shows them)",
                nearest(typed, &names)
            );
        }
        let path = Hub::from_env()?.fetch(&parsed, &Bar::new(quiet))?;
        Ok(if is_voice_file(&location) {
            Self::File(path)
        } else {
            Self::Recording(path)
        })
    }

    /// Reads or makes the voice.
    pub(crate) fn voice(&self, speaker: &Speaker, quiet: bool) -> Result<Voice> {
        match self {
            Self::Bundle(name) => {
                let voice = speaker.voice(Some(name));
                voice.with_context(|| format!("voice {name} of the bundle"))
            }
            Self::File(path) => {
                let file = fs::read(path).with_context(|| path.display().to_string())?;
                let voice = speaker.read_voice(&file);
                voice.with_context(|| format!("voice {}", path.display()))
            }
            Self::Recording(path) => clone(path, speaker, quiet),
        }
    }
}

/// What holds of a bundle of a model that people trained themselves.
pub(crate) const NO_VOICE: &str =
    "this bundle has no voice, and predefined voices were made for the released models only";

/// The voice that was asked for, or the bundle's first one, or the language's own.
pub(crate) fn resolve(speaker: &Speaker, typed: Option<&str>, quiet: bool) -> Result<Voice> {
    let manifest = speaker.model().manifest();
    if let Some(typed) = typed {
        return Source::find(typed, manifest, quiet)?.voice(speaker, quiet);
    }
    match &manifest.variant {
        Some(variant) if manifest.voices.is_empty() => {
            let name = Variant::find(variant)?.default_voice();
            Source::find(name, manifest, quiet)?.voice(speaker, quiet)
        }
        _ => match manifest.voices.first() {
            Some(first) => Source::Bundle(first.name.clone()).voice(speaker, quiet),
            None => bail!("{}", without_voice(manifest)),
        },
    }
}

/// Why a bundle of a model of its own does not speak, and the way out.
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

/// Makes a voice from a recording.
fn clone(path: &Path, speaker: &Speaker, quiet: bool) -> Result<Voice> {
    let limit = std::time::Duration::from_secs(u64::from(LONGEST_PROMPT));
    let recording = Recording::read(path, Some(limit))?;
    if recording.truncated && !quiet {
        note(&format!(
            "notice: only the first {LONGEST_PROMPT} seconds of {} are used",
            path.display()
        ));
    }
    let cloned = speaker.clone_voice(&recording.samples, recording.sample_rate);
    let (voice, _) = cloned.with_context(|| format!("recording {}", path.display()))?;
    Ok(voice)
}

/// As pocket-tts tells them apart: by the ending of the location before any `@revision`.
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
