//! A model's weights, from one file or several.

use std::collections::HashMap;
use std::path::PathBuf;

use config::TensorSpec;

use crate::entry::{CheckpointEntry, EntryValues};
use crate::file::TensorFile;
use crate::training::{self, WeightNormReader};
use crate::{TensorReader, Weights, WeightsError};

mod mismatch;

pub(crate) use mismatch::list;
pub use mismatch::{Mismatch, Misshapen};

/// The files that make up one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointFiles {
    /// One file, as published.
    Whole(PathBuf),
    /// A published file whose codec another file replaces.
    WholeWithMimi {
        /// The published file; its `mimi.*` tensors are ignored.
        whole: PathBuf,
        /// The codec, in the training or in the published layout.
        mimi: PathBuf,
    },
    /// Backbone and codec, each in the training layout.
    Parts {
        /// The backbone.
        flow_lm: PathBuf,
        /// The codec, in the training or in the published layout.
        mimi: PathBuf,
    },
}

/// The weights of one model, compared with its configuration.
#[derive(Debug)]
pub struct Checkpoint {
    files: Vec<TensorFile>,
    tensors: HashMap<String, FileTensor>,
}

#[derive(Debug)]
struct FileTensor {
    file: usize,
    values: EntryValues,
}

impl Checkpoint {
    /// Opens the files and compares every tensor with `tensors`, the table of the
    /// configuration.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Mismatch`] lists all missing, unexpected and misshapen
    /// tensors; the other variants are about a file that cannot be used at all.
    pub fn open(files: &CheckpointFiles, tensors: &[TensorSpec]) -> Result<Self, WeightsError> {
        let files = match files {
            CheckpointFiles::Whole(path) => {
                let file = TensorFile::open(path)?;
                vec![(training::published(&file, |_| true), file)]
            }
            CheckpointFiles::WholeWithMimi { whole, mimi } => {
                let whole = TensorFile::open(whole)?;
                let mimi = TensorFile::open(mimi)?;
                vec![
                    (
                        training::published(&whole, |key| !key.starts_with("mimi.")),
                        whole,
                    ),
                    (training::mimi(&mimi)?, mimi),
                ]
            }
            CheckpointFiles::Parts { flow_lm, mimi } => {
                let flow_lm = TensorFile::open(flow_lm)?;
                let mimi = TensorFile::open(mimi)?;
                vec![
                    (training::flow_lm(&flow_lm)?, flow_lm),
                    (training::mimi(&mimi)?, mimi),
                ]
            }
        };
        for (_, file) in &files {
            refuse_named_voices(file)?;
        }
        mismatch::compare(&files, tensors)?;
        let mut checkpoint = Self {
            files: Vec::new(),
            tensors: HashMap::new(),
        };
        for (entries, file) in files {
            for CheckpointEntry { key, values } in entries {
                // Reads nothing yet, but finds an unreadable dtype now.
                values.check(&file)?;
                let file = checkpoint.files.len();
                checkpoint.tensors.insert(key, FileTensor { file, values });
            }
            checkpoint.files.push(file);
        }
        Ok(checkpoint)
    }
}

/// Refuses models that know voices by name (`VoiceLUT` of pocket-tts after 4.0.1, which adds a term
/// for the voice to every frame and keeps it in the state). No release has it yet.
fn refuse_named_voices(file: &TensorFile) -> Result<(), WeightsError> {
    const PREFIXES: [&str; 3] = ["flow_lm.voice_lut.", "voice_lut.", "voice_prompts."];
    if PREFIXES.iter().any(|prefix| file.has(prefix)) {
        return Err(WeightsError::NamedVoices {
            path: file.path().to_owned(),
        });
    }
    Ok(())
}

impl Weights for Checkpoint {
    fn open(&self, key: &str) -> Result<Box<dyn TensorReader + '_>, WeightsError> {
        let unknown = || WeightsError::UnknownTensor {
            key: key.to_owned(),
        };
        let stored = self.tensors.get(key).ok_or_else(unknown)?;
        let file = self.files.get(stored.file).ok_or_else(unknown)?;
        Ok(match stored.values.storing(file)? {
            (tensor, None) => Box::new(tensor.reader()),
            (v, Some(g)) => Box::new(WeightNormReader::new(g, v)),
        })
    }
}
