//! Files that came from the web, and what is done where they turn out to be something else.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use checkpoint::{Fetched, Hub, Location, Progress, WeightsError};

use crate::progress::Bar;

/// A download of this age is what the server has now.
const FRESH: Duration = Duration::from_secs(10);

/// A file that was fetched.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    hub: Hub,
    fetched: Fetched,
}

impl Download {
    /// Fetches the file at `location`.
    pub(crate) fn fetch(hub: Hub, location: &Location, quiet: bool) -> Result<Self> {
        let path = hub.fetch(location, &Bar::new(quiet))?;
        let location = location.to_string();
        Ok(Self {
            hub,
            fetched: Fetched { location, path },
        })
    }

    /// Where it came from.
    pub(crate) fn location(&self) -> &str {
        &self.fetched.location
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.fetched.path.clone()
    }

    /// Reads the file; see [`read_fetched`].
    pub(crate) fn read<T>(&self, quiet: bool, read: impl Fn() -> Result<T>) -> Result<T> {
        read_fetched(&self.hub, &[&self.fetched], &Bar::new(quiet), read)
    }
}

/// Reads files that were fetched. Nothing vouches for a file of the web: what an earlier run
/// downloaded and cannot be read is downloaded once more, and what cannot be read even then is
/// not kept.
pub(crate) fn read_fetched<T>(
    hub: &Hub,
    files: &[&Fetched],
    progress: &dyn Progress,
    read: impl Fn() -> Result<T>,
) -> Result<T> {
    let mut error = match read() {
        Err(error) if !is_sound(&error) => error,
        done => return done,
    };
    let mut downloads = Vec::new();
    for file in files {
        if let Ok(location @ Location::Web(_)) = file.location.parse() {
            downloads.push((location, *file));
        }
    }
    if downloads.is_empty() {
        return Err(error);
    }
    let is_old = |file: &Fetched| age(file).is_none_or(|age| age > FRESH);
    if downloads.iter().any(|(_, file)| is_old(file)) {
        for (location, _) in &downloads {
            hub.forget(location)?;
            hub.fetch(location, progress)?;
        }
        match read() {
            Err(again) if !is_sound(&again) => error = again,
            done => return done,
        }
    }
    let described: Vec<_> = (downloads.iter())
        .map(|(_, file)| format!("{}, downloaded {}", file.location, ago(age(file))))
        .collect();
    for (location, _) in &downloads {
        hub.forget(location)?;
    }
    let described = described.join(" and ");
    Err(error).with_context(|| {
        format!(
            "{described}, cannot be used; it is not kept, and is downloaded again the next time"
        )
    })
}

/// Whether the files were read, and do not fit each other.
fn is_sound(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<WeightsError>()
        .is_some_and(|error| matches!(error, WeightsError::Mismatch(_)))
}

fn age(file: &Fetched) -> Option<Duration> {
    let written = std::fs::metadata(&file.path).ok()?.modified().ok()?;
    SystemTime::now().duration_since(written).ok()
}

fn ago(age: Option<Duration>) -> String {
    let Some(age) = age else {
        return "at an unknown time".to_owned();
    };
    let (count, unit) = match age.as_secs() {
        0..60 => return "just now".to_owned(),
        seconds @ 60..3_600 => (seconds / 60, "minute"),
        seconds @ 3_600..86_400 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}
