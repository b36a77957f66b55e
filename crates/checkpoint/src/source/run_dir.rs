//! The folder that pocket-tts's trainer writes: `model.safetensors`, `checkpoint_<step>.pt`,
//! `optim_<step>.pt`, `args.yaml`.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Location;

/// Weights of the last checkpoint, with the codec, as pocket-tts reads them.
const EXPORT: &str = "model.safetensors";

/// Why weights cannot be taken from a folder.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// The operating system refuses to list it.
    #[error("cannot read the folder {}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// None of its files has weights.
    #[error(
        "{} is a folder without {EXPORT} and without a checkpoint_….pt, which a trainer writes: name a file",
        path.display()
    )]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
}

/// The location of weights: for a folder the export in it, or else the last checkpoint; any other
/// location unchanged.
pub(super) fn weights(location: &str) -> Result<Cow<'_, str>, RunDirError> {
    let Ok(Location::Local(folder)) = location.parse() else {
        return Ok(location.into());
    };
    if !folder.is_dir() {
        return Ok(location.into());
    }
    let export = folder.join(EXPORT);
    let file = if export.is_file() {
        export
    } else {
        last_checkpoint(&folder)?
    };
    Ok(file.display().to_string().into())
}

/// The checkpoint of the greatest step.
fn last_checkpoint(folder: &Path) -> Result<PathBuf, RunDirError> {
    let unreadable = |source| RunDirError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut last: Option<(u64, PathBuf)> = None;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let step = name
            .strip_prefix("checkpoint_")
            .and_then(|name| name.strip_suffix(".pt"))
            .and_then(|step| step.parse().ok());
        if let Some(step) = step
            && last.as_ref().is_none_or(|(other, _)| *other < step)
        {
            last = Some((step, path));
        }
    }
    let last = last.map(|(_, path)| path);
    last.ok_or_else(|| RunDirError::NoWeights {
        path: folder.to_owned(),
    })
}
