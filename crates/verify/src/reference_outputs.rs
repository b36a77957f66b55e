//! Recorded outputs of pocket-tts, one file per part of the model.

mod decoder;
mod encoder;
mod file;
mod solver;
mod steps;
mod text;
mod voice;

use std::collections::BTreeMap;
use std::path::Path;

use bundle::ComponentName;
use runtime::RuntimeError;
use speech::SamplerError;
use tensor::TensorError;

use crate::VerifyError;
use crate::component_run::ComponentRun;

pub(crate) use self::file::{ReferenceFile, ReferenceFileError};

/// The files that records consist of, and the component that each is for.
const RECORD_FILES: [(&str, ComponentName); 7] = [
    (text::TEXT_FILE, ComponentName::TextConditioner),
    (encoder::ENCODER_FILE, ComponentName::MimiEncoder),
    (voice::VOICE_FILE, ComponentName::FlowLm),
    (voice::OLD_VOICE_FILE, ComponentName::FlowLm),
    (steps::STEPS_FILE, ComponentName::FlowLm),
    (solver::SOLVER_FILE, ComponentName::FlowNet),
    (decoder::DECODER_FILE, ComponentName::MimiDecoder),
];

/// A folder of records: what pocket-tts computed for one checkpoint.
pub(crate) struct ReferenceOutputs {
    files: BTreeMap<&'static str, ReferenceFile>,
    /// Files that are there and cannot be read, and why.
    pub(crate) damaged: Vec<ReferenceFileError>,
}

/// Why a component cannot be compared with a record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReferenceError {
    /// The record lacks something, or is damaged.
    #[error(transparent)]
    Record(#[from] ReferenceFileError),
    /// The component does not take what was recorded.
    #[error("rejects the inputs in {file}: are these records of this model?")]
    Run {
        file: &'static str,
        source: Box<RuntimeError>,
    },
    /// The component fails.
    #[error(transparent)]
    Runtime(Box<RuntimeError>),
    /// What it gives cannot be sampled with.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
}

impl From<RuntimeError> for ReferenceError {
    fn from(error: RuntimeError) -> Self {
        Self::Runtime(Box::new(error))
    }
}

impl From<TensorError> for ReferenceError {
    fn from(error: TensorError) -> Self {
        RuntimeError::from(error).into()
    }
}

impl ReferenceError {
    /// For an error in a call whose inputs come from `file`.
    fn run(file: &'static str) -> impl FnOnce(RuntimeError) -> Self {
        move |source| Self::Run {
            file,
            source: Box::new(source),
        }
    }
}

/// Compares a component with one file of records.
type Compare = fn(&ReferenceOutputs, &mut ComponentRun<'_>) -> Result<(), ReferenceError>;

impl ReferenceOutputs {
    /// Reads all records in `dir`.
    pub(crate) fn open(dir: &Path) -> Result<Self, VerifyError> {
        let readable = std::fs::read_dir(dir);
        readable.map_err(|source| VerifyError::ReferenceOutputs {
            path: dir.to_owned(),
            source,
        })?;
        let mut records = Self {
            files: BTreeMap::new(),
            damaged: Vec::new(),
        };
        for (name, _) in RECORD_FILES {
            match ReferenceFile::open(dir, name) {
                Ok(Some(file)) => {
                    records.files.insert(name, file);
                }
                Ok(None) => {}
                Err(error) => records.damaged.push(error),
            }
        }
        if records.files.is_empty() && records.damaged.is_empty() {
            return Err(VerifyError::NoReferenceOutputs {
                path: dir.to_owned(),
                expected: RECORD_FILES
                    .iter()
                    .map(|(name, _)| (*name).to_owned())
                    .collect(),
            });
        }
        Ok(records)
    }

    /// The record `name`, if it is there.
    fn get(&self, name: &str) -> Option<&ReferenceFile> {
        self.files.get(name)
    }

    /// What is not recorded, and what of it has nothing to be compared with.
    pub(crate) fn notes(&self, has: impl Fn(ComponentName) -> bool) -> Vec<String> {
        let mut notes = Vec::new();
        for (name, component) in RECORD_FILES {
            let there = self.files.contains_key(name);
            if !there && !self.damaged.iter().any(|error| error.file() == name) {
                notes.push(format!("{name}: not recorded"));
            } else if there && !has(component) {
                notes.push(format!(
                    "{name}: not used, {component} is not in this bundle"
                ));
            }
        }
        let steps_lack = steps::lacks(self).filter(|_| has(ComponentName::FlowLm));
        notes.extend(
            steps_lack.map(|lack| format!("{}: not used without {lack}", steps::STEPS_FILE)),
        );
        if self.get(voice::VOICE_FILE).is_some() && self.get(encoder::ENCODER_FILE).is_none() {
            let (voice, encoder) = (voice::VOICE_FILE, encoder::ENCODER_FILE);
            notes.push(format!(
                "{voice}: its prompt is not recorded without {encoder}"
            ));
        }
        notes
    }

    /// Compares a component with everything that is recorded of it.
    pub(crate) fn compare(&self, run: &mut ComponentRun<'_>) -> Vec<ReferenceError> {
        let compare: &[Compare] = match run.component {
            ComponentName::TextConditioner => &[text::compare],
            ComponentName::MimiEncoder => &[encoder::compare],
            ComponentName::FlowLm => &[voice::compare, steps::compare],
            ComponentName::FlowNet => &[solver::compare, steps::compare_latents],
            ComponentName::MimiDecoder => &[decoder::compare],
        };
        (compare.iter())
            .filter_map(|compare| compare(self, run).err())
            .collect()
    }
}
