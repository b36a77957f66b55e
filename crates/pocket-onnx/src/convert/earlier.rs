//! The voices of the bundle that a conversion replaces.

use std::fs;
use std::path::{Path, PathBuf};

use bundle::{Component, ComponentName, Outline, VoiceEntry, WeightsId};
use config::Variant;
use filetype::FileType;

use super::voices::{SYNTHETIC_VOICES, store};
use crate::error::About;
use crate::voices::names;
use crate::{Observer, Result};

/// Voices in the old bundle.
pub(crate) struct Earlier {
    dir: PathBuf,
    /// Those of the manifest in their order, then files left by a killed import.
    names: Vec<String>,
    weights: Option<WeightsId>,
}

/// The new bundle, as far as its voices are concerned.
pub(crate) struct Successor<'a> {
    pub(crate) weights: &'a WeightsId,
    pub(crate) components: &'a [ComponentName],
    /// Names of the voices that were asked for.
    pub(crate) named: &'a [String],
}

/// What happens to the old voices.
#[derive(Debug, Default)]
struct Fate {
    kept: Vec<String>,
    /// Dropped, and why.
    lost: Vec<(String, &'static str)>,
}

impl Earlier {
    /// The voices of the bundle in `output`; empty if there is none.
    pub(crate) fn read(output: &Path) -> Option<Self> {
        let dir = files::resolve(output).ok()?;
        let outline = Outline::read(&dir)?;
        let mut names = outline.voices();
        let mut files: Vec<_> = (fs::read_dir(&dir).ok()?.flatten())
            .map(|entry| entry.file_name())
            .collect();
        files.sort_unstable();
        for file in files {
            let name = file
                .to_str()
                .and_then(VoiceEntry::name_of)
                .unwrap_or_default();
            if names::checked(name).is_ok() && !names.iter().any(|it| it == name) {
                names.push(name.to_owned());
            }
        }
        (!names.is_empty()).then(|| Self {
            weights: outline.weights(),
            dir,
            names,
        })
    }

    /// Tells which voices will be dropped, before anything is written.
    pub(crate) fn announce(&self, new: &Successor, observer: &dyn Observer) {
        let lost = self.fate(new).lost;
        let mut reasons: Vec<_> = lost.iter().map(|(_, reason)| *reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let names = lost.iter().filter(|(_, other)| *other == reason);
            let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
            let (voices, files) = if names.len() == 1 {
                ("voice", "its file")
            } else {
                ("voices", "their files")
            };
            observer.warning(&format!(
                "the new bundle will lack the {voices} {} of the old one: {reason}. To keep {files} \
                 ({}), interrupt this (Ctrl-C) and choose another --output-dir.",
                names.join(", "),
                self.dir.join(VoiceEntry::file_name(names[0])).display(),
            ));
        }
    }

    /// Copies the kept voices into the new bundle in `dir`, after those that it has.
    pub(crate) fn carry_over(
        &self,
        new: &Successor,
        dir: &Path,
        flow_lm: &Component,
        voices: &mut Vec<VoiceEntry>,
        observer: &dyn Observer,
    ) -> Result<()> {
        for name in self.fate(new).kept {
            let path = self.dir.join(VoiceEntry::file_name(&name));
            let file = fs::read(&path).about(|| format!("cannot read {}", path.display()))?;
            match speech::Voice::from_safetensors(&file, flow_lm) {
                Ok(voice) => voices.push(store(dir, &name, &voice)?),
                Err(error) => observer.warning(&format!(
                    "the new bundle lacks the voice {name} of the old one: {error}"
                )),
            }
        }
        Ok(())
    }

    fn fate(&self, new: &Successor) -> Fate {
        let mut fate = Fate::default();
        let is_random = new.weights.is_random();
        for name in &self.names {
            let is_synthetic = SYNTHETIC_VOICES.contains(&name.as_str());
            // Requested again, or made of random numbers.
            if new.named.contains(name)
                || (is_synthetic
                    && (is_random || self.weights.as_ref().is_some_and(WeightsId::is_random)))
            {
                continue;
            }
            let reason = if !new.components.contains(&ComponentName::FlowLm) {
                "without flow_lm there are no voices"
            } else if self.weights.as_ref() != Some(new.weights) {
                "it was made with other weights, and works with those only"
            } else if !new.named.is_empty() && is_predefined(name) {
                "--voices does not name it"
            } else if !self.is_voice_file(name) {
                "its file contains no voice"
            } else {
                fate.kept.push(name.clone());
                continue;
            };
            fate.lost.push((name.clone(), reason));
        }
        fate
    }

    fn is_voice_file(&self, name: &str) -> bool {
        let file = FileType::of_path(&self.dir.join(VoiceEntry::file_name(name)));
        matches!(file, Ok(FileType::Safetensors))
    }
}

/// Whether a model that is known by name has a voice of that name, which the user then did not
/// make.
fn is_predefined(name: &str) -> bool {
    let mut voices = Variant::all().iter().flat_map(Variant::voices);
    voices.any(|voice| voice.name == name)
}
