//! The voices of a bundle: chosen, made and stored.

use std::path::Path;
use std::sync::Arc;

use bundle::{Component, ComponentName, Dim, FileEntry, Manifest, WeightsId};
use config::Variant;
use engine::Engine;
use files::Destination;
use runtime::Backend;
use speaker::Cloner;
use speech::{Noise, SpeechError, Voice, VoiceDType, VoiceForm};
use tensor::Tensor;

use super::earlier::{Earlier, Successor};
use crate::voices::names::{self, Named};
use crate::voices::{FetchedFile, VoiceProblem, VoiceSource};
use crate::{Observer, Result, usual_threads};

/// Names of the voices in synthetic bundles. They are as random as the weights.
pub(super) const SYNTHETIC_VOICES: [&str; 2] = ["synthetic_1", "synthetic_2"];
/// Length of a synthetic voice: as after a prompt of four seconds.
const SYNTHETIC_POSITIONS: usize = 50;

/// Voices for a bundle, found before anything is written.
pub(crate) struct BundleVoices {
    sources: Vec<(String, VoiceSource)>,
    /// Seed of the synthetic ones, if the user gave none.
    synthetic: Option<u64>,
}

impl BundleVoices {
    /// Finds the voices that were asked for, for a bundle with these components; predefined ones
    /// are downloaded.
    pub(crate) fn find(
        typed: &[String],
        variant: Option<&str>,
        synthetic: Option<u64>,
        components: &[ComponentName],
        observer: &dyn Observer,
    ) -> Result<Self> {
        let mut sources: Vec<(String, VoiceSource)> = Vec::new();
        for typed in expand(typed, variant)? {
            let Named {
                name,
                from,
                adapted,
            } = Named::parse(&typed)?;
            if sources.iter().any(|(other, _)| *other == name) {
                return Err(VoiceProblem::Twice { name, from }.into());
            }
            let source = VoiceSource::find_outside(&from, variant, observer)?;
            check_components(&source, &from, components)?;
            if adapted {
                observer.notice(&format!(
                    "the voice from {from} is named {name} (NAME={from} gives it another name)"
                ));
            }
            sources.push((name, source));
        }
        Ok(Self {
            synthetic: synthetic.filter(|_| sources.is_empty()),
            sources,
        })
    }

    /// Names of the requested voices.
    pub(crate) fn names(&self) -> Vec<String> {
        self.sources.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Whether one is adapted from a recording that is included in the program.
    pub(crate) fn need_encoder(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|(_, source)| matches!(source, VoiceSource::Included(_)))
    }

    /// Takes the included model's voices from the bundle in `dir`, which has them all.
    pub(crate) fn take_from(&mut self, dir: &Path) {
        for (name, source) in &mut self.sources {
            if let VoiceSource::Included(_) = source {
                let path = dir.join(bundle::VoiceEntry::file_name(name));
                *source = VoiceSource::File(FetchedFile::local(path));
            }
        }
    }

    /// Stores them in the bundle in `dir`, whose graphs are complete, and in its manifest, together
    /// with the kept voices of the bundle that it replaces.
    pub(crate) fn add(
        &self,
        dir: &Path,
        manifest: &mut Manifest,
        earlier: Option<&Earlier>,
        observer: &dyn Observer,
    ) -> Result<()> {
        let Some(flow_lm) = manifest.components.get(&ComponentName::FlowLm) else {
            return Ok(());
        };
        let flow_lm = flow_lm.clone();
        let mut cloner = None;
        for (name, source) in &self.sources {
            let state = match source {
                VoiceSource::File(found) => found.state(observer, &flow_lm)?,
                VoiceSource::Recording(_) | VoiceSource::Included(_) | VoiceSource::Bundle(_) => {
                    None
                }
            };
            let voice = if let Some(state) = state {
                state
            } else {
                let cloner = match &mut cloner {
                    Some(cloner) => cloner,
                    none => none.insert(open(dir, manifest)?),
                };
                match source {
                    VoiceSource::File(found) => found.voice_file(observer, cloner)?,
                    VoiceSource::Recording(found) | VoiceSource::Included(found) => {
                        found.clone_voice(cloner, observer)?.voice
                    }
                    VoiceSource::Bundle(name) => {
                        return Err(VoiceProblem::NotInBundle { name: name.clone() }.into());
                    }
                }
            };
            manifest.voices.push(store(dir, name, &voice)?);
        }
        if let Some(earlier) = earlier {
            let components: Vec<_> = manifest.components.keys().copied().collect();
            let new = Successor {
                weights: &WeightsId::of(manifest),
                components: &components,
                named: &self.names(),
            };
            earlier.carry_over(&new, dir, &flow_lm, &mut manifest.voices, observer)?;
        }
        if let Some(seed) = self.synthetic {
            for (name, seed) in SYNTHETIC_VOICES.iter().zip(seed..) {
                let voice = synthetic(&flow_lm, seed)?;
                manifest.voices.push(store(dir, name, &voice)?);
            }
        }
        Ok(())
    }
}

/// Refuses a voice that a bundle without some components cannot have.
fn check_components(source: &VoiceSource, from: &str, components: &[ComponentName]) -> Result<()> {
    if !components.contains(&ComponentName::FlowLm) {
        return Err(VoiceProblem::NeedFlowLm.into());
    }
    if matches!(source, VoiceSource::Recording(_))
        && !components.contains(&ComponentName::MimiEncoder)
    {
        return Err(VoiceProblem::NeedEncoder {
            from: from.to_owned(),
        }
        .into());
    }
    Ok(())
}

/// `default` and `all` as names.
fn expand(typed: &[String], variant: Option<&str>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for typed in typed.iter().flat_map(|typed| names::split(typed)) {
        match (typed.as_str(), variant) {
            ("default", Some(variant)) => {
                names.push(Variant::find(variant)?.default_voice().to_owned());
            }
            ("all", Some(variant)) => {
                let voices = Variant::find(variant)?.voices();
                names.extend(voices.iter().map(|voice| voice.name.to_owned()));
            }
            ("default" | "all", None) => {
                return Err(VoiceProblem::NoPredefined { typed }.into());
            }
            _ => names.push(typed.clone()),
        }
    }
    let mut seen = Vec::new();
    names.retain(|name| {
        let new = !seen.contains(name);
        seen.push(name.clone());
        new
    });
    Ok(names)
}

/// Writes the file of a voice: trimmed to its positions, f16.
pub(crate) fn store(dir: &Path, name: &str, voice: &Voice) -> Result<bundle::VoiceEntry> {
    let file = voice.to_safetensors(VoiceForm::Current, VoiceDType::F16);
    let file = file.map_err(SpeechError::from)?;
    let file_name = bundle::VoiceEntry::file_name(name);
    let path = dir.join(&file_name);
    Destination::find(&path)?.open()?.finish_with(&file)?;
    Ok(bundle::VoiceEntry {
        name: name.to_owned(),
        positions: voice.position() as usize,
        file: FileEntry::of(dir, &file_name)?,
    })
}

/// The bundle that is being written, to make voices with.
fn open(dir: &Path, manifest: &Manifest) -> Result<Cloner> {
    let backend: Arc<dyn Backend> = Arc::new(Engine::default());
    Ok(Cloner::with_manifest(
        dir,
        manifest.clone(),
        backend,
        usual_threads(),
    )?)
}

/// A voice of random numbers.
fn synthetic(flow_lm: &Component, seed: u64) -> Result<Voice> {
    let mut noise = Noise::new(seed, 1.0, None).map_err(SpeechError::from)?;
    let states = flow_lm.states.iter().map(|state| {
        let size = |dim: &Dim| match dim {
            Dim::Fixed(size) => *size,
            Dim::Symbol(_) => SYNTHETIC_POSITIONS,
        };
        let shape: Vec<_> = state.shape.iter().map(size).collect();
        let mut rows = vec![0.0; shape.iter().product()];
        noise.fill(&mut rows);
        let tensor = Tensor::f32(shape, rows).map_err(SpeechError::from)?;
        Ok((state.input.clone(), tensor))
    });
    let states = states.collect::<Result<Vec<_>>>()?;
    let voice = Voice::from_states(flow_lm, states, SYNTHETIC_POSITIONS as i64);
    Ok(voice.map_err(SpeechError::from)?)
}
