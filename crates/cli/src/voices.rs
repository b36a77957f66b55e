//! The voices of a bundle: chosen, made and stored.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use bundle::{Component, ComponentName, Dim, FileEntry, Manifest};
use config::{PredefinedVoice, Variant};
use engine::Engine;
use speaker::Speaker;
use speech::{Noise, Voice, VoiceDType, VoiceForm};
use tensor::Tensor;

use crate::voice::Source;

/// What synthetic bundles speak with. They are as random as the weights.
const SYNTHETIC_VOICES: [&str; 2] = ["synthetic_1", "synthetic_2"];
/// Length of a synthetic voice: that of a prompt of four seconds.
const SYNTHETIC_POSITIONS: usize = 50;

/// Voices that a bundle is to have, found before anything is written.
pub(crate) struct Voices {
    sources: Vec<(String, Source)>,
    /// Seed of the synthetic ones, where there are none of the user's.
    synthetic: Option<u64>,
}

impl Voices {
    /// Finds what was typed after `--voices`; predefined ones are fetched.
    pub(crate) fn find(
        typed: &[String],
        variant: Option<&str>,
        synthetic: Option<u64>,
        quiet: bool,
    ) -> Result<Self> {
        let mut sources: Vec<(String, Source)> = Vec::new();
        for typed in expand(typed, variant)? {
            let name = name_of(&typed)?;
            if sources.iter().any(|(other, _)| *other == name) {
                bail!("two voices are called {name}: name one of the files differently");
            }
            sources.push((name, Source::find_outside(&typed, variant, quiet)?));
        }
        Ok(Self {
            synthetic: synthetic.filter(|_| sources.is_empty()),
            sources,
        })
    }

    /// Stores them in the bundle in `dir`, whose graphs are there, and in its manifest.
    pub(crate) fn add(&self, dir: &Path, manifest: &mut Manifest, quiet: bool) -> Result<()> {
        let Some(flow_lm) = manifest.components.get(&ComponentName::FlowLm) else {
            if self.sources.is_empty() {
                return Ok(());
            }
            bail!("voices need flow_lm: leave out --voices, or --components");
        };
        let flow_lm = flow_lm.clone();
        let mut speaker = None;
        for (name, source) in &self.sources {
            let state = match source {
                Source::File(found) => found.state(quiet, &flow_lm)?,
                Source::Recording(_) | Source::Bundle(_) => None,
            };
            let voice = if let Some(state) = state {
                state
            } else {
                let speaker = match &mut speaker {
                    Some(speaker) => speaker,
                    none => none.insert(open(dir, manifest)?),
                };
                source.voice(speaker, quiet)?.voice
            };
            manifest.voices.push(store(dir, name, &voice)?);
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

/// `default` and `all` as names.
fn expand(typed: &[String], variant: Option<&str>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for typed in typed {
        match (typed.as_str(), variant) {
            ("default", Some(variant)) => {
                names.push(Variant::find(variant)?.default_voice().to_owned());
            }
            ("all", Some(_)) => {
                names.extend(PredefinedVoice::all().iter().map(|v| v.name.to_owned()));
            }
            ("default" | "all", None) => bail!(
                "--voices {typed}: the predefined voices were made for the released models, and this is a \
                 model of its own: give voice files or recordings"
            ),
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

/// What a voice is called that came from there: the last part of its path, without the ending.
pub(crate) fn name_of(typed: &str) -> Result<String> {
    let path = typed.split(['@', '?', '#']).next().unwrap_or_default();
    let stem = Path::new(path).file_stem().unwrap_or_default();
    checked_name(&stem.to_string_lossy())
}

/// A name that can stand in a file's name and in an address.
pub(crate) fn checked_name(name: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        bail!("{name:?} cannot name a voice: letters, digits, _ and - only, at most 64");
    }
    Ok(name.to_owned())
}

/// Writes the file of a voice: trimmed to its positions, f16.
pub(crate) fn store(dir: &Path, name: &str, voice: &Voice) -> Result<bundle::Voice> {
    let file = voice.to_safetensors(VoiceForm::Current, VoiceDType::F16)?;
    let file_name = bundle::Voice::file_name(name);
    let path = dir.join(&file_name);
    crate::output::replace(&path, &file)?;
    Ok(bundle::Voice {
        name: name.to_owned(),
        positions: voice.position() as usize,
        file: FileEntry::of(dir, &file_name)?,
    })
}

/// The bundle that is being written, to make voices with.
fn open(dir: &Path, manifest: &Manifest) -> Result<Speaker> {
    Ok(Speaker::with_manifest(
        dir,
        manifest.clone(),
        Arc::new(Engine::default()),
        1,
    )?)
}

/// A voice of random rows.
fn synthetic(flow_lm: &Component, seed: u64) -> Result<Voice> {
    let mut noise = Noise::new(seed, 1.0, None)?;
    let states = flow_lm.states.iter().map(|state| {
        let size = |dim: &Dim| match dim {
            Dim::Fixed(size) => *size,
            Dim::Symbol(_) => SYNTHETIC_POSITIONS,
        };
        let shape: Vec<_> = state.shape.iter().map(size).collect();
        let mut rows = vec![0.0; shape.iter().product()];
        noise.fill(&mut rows);
        Ok((state.input.clone(), Tensor::f32(shape, rows)?))
    });
    let states = states.collect::<Result<Vec<_>>>()?;
    Ok(Voice::from_states(
        flow_lm,
        states,
        SYNTHETIC_POSITIONS as i64,
    )?)
}
