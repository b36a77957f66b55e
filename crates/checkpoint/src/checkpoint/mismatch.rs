//! The tensors of a checkpoint against those of its configuration.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use config::TensorSpec;

use crate::WeightsError;
use crate::entry::CheckpointEntry;
use crate::file::TensorFile;

/// Most tensors of each kind that a message lists.
const LISTED_TENSORS: usize = 8;

/// The differences between the tensors of a checkpoint and those that a configuration requires.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Mismatch {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// Tensors that no file has, in the order of the configuration's table.
    pub missing: Vec<String>,
    /// Tensors that the configuration does not have, by their names in the files.
    pub extra: Vec<String>,
    /// Tensors of another shape.
    pub misshapen: Vec<Misshapen>,
}

/// A tensor of the wrong shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    /// Its name in the published checkpoint.
    pub key: String,
    /// The configuration's shape.
    pub expected: Vec<usize>,
    /// The file's shape.
    pub actual: Vec<usize>,
}

/// Refuses files that do not contain exactly the tensors of the table.
pub(super) fn compare(
    files: &[(Vec<CheckpointEntry>, TensorFile)],
    tensors: &[TensorSpec],
) -> Result<(), WeightsError> {
    let mut mismatch = Mismatch::default();
    let mut unused = HashMap::new();
    for (entries, file) in files {
        mismatch.paths.push(file.path().to_owned());
        for entry in entries {
            unused.insert(entry.key.as_str(), (entry, file));
        }
    }
    for TensorSpec { key, shape } in tensors {
        let found = unused
            .remove(key.as_str())
            .and_then(|(entry, file)| file.shape(entry.values.shaping()));
        match found {
            None => mismatch.missing.push(key.clone()),
            Some(actual) if actual != shape => mismatch.misshapen.push(Misshapen {
                key: key.clone(),
                expected: shape.clone(),
                actual: actual.to_owned(),
            }),
            Some(_) => {}
        }
    }
    let entries = files.iter().flat_map(|(entries, _)| entries);
    mismatch.extra = entries
        .filter(|entry| unused.contains_key(entry.key.as_str()))
        .map(|entry| entry.values.shaping().to_owned())
        .collect();
    if mismatch.missing.is_empty() && mismatch.extra.is_empty() && mismatch.misshapen.is_empty() {
        return Ok(());
    }
    Err(WeightsError::Mismatch(Box::new(mismatch)))
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut paths = self.paths.iter().map(|path| path.display());
        if let Some(path) = paths.next() {
            write!(out, "{path}")?;
        }
        for path in paths {
            write!(out, " with {path}")?;
        }
        out.write_str(" is not the model that the configuration describes")?;
        list(out, "missing", &self.missing, |out, key| out.write_str(key))?;
        list(out, "not expected", &self.extra, |out, key| {
            out.write_str(key)
        })?;
        list(out, "of another shape", &self.misshapen, |out, tensor| {
            let Misshapen {
                key,
                expected,
                actual,
            } = tensor;
            write!(out, "{key} is {actual:?} instead of {expected:?}")
        })
    }
}

/// Writes `; N tensors KIND: …`, or nothing where there are none.
pub(crate) fn list<T>(
    out: &mut fmt::Formatter<'_>,
    kind: &str,
    tensors: &[T],
    name: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if tensors.is_empty() {
        return Ok(());
    }
    let plural = if tensors.len() == 1 { "" } else { "s" };
    write!(out, "; {} tensor{plural} {kind}: ", tensors.len())?;
    for (at, tensor) in tensors.iter().take(LISTED_TENSORS).enumerate() {
        if at > 0 {
            out.write_str(", ")?;
        }
        name(out, tensor)?;
    }
    match tensors.len().saturating_sub(LISTED_TENSORS) {
        0 => Ok(()),
        more => write!(out, " and {more} more"),
    }
}
