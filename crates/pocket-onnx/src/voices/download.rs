//! Files that were downloaded from the web, and what happens if they cannot be used.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use checkpoint::{FetchProgress, Fetched, Hub, Location, WeightsError};

use crate::error::About;
use crate::observer::Watched;
use crate::{Error, Observer, Result};

/// A download younger than this is up to date.
const FRESH_DOWNLOAD: Duration = Duration::from_secs(10);

/// A fetched file.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    hub: Hub,
    fetched: Fetched,
}

impl Download {
    /// Fetches the file at `location`.
    pub(crate) fn fetch(hub: Hub, location: &Location, observer: &dyn Observer) -> Result<Self> {
        let path = hub.fetch(location, &Watched(observer))?;
        let location = location.to_string();
        Ok(Self {
            hub,
            fetched: Fetched { location, path },
        })
    }

    /// Its location, as given.
    pub(crate) fn location(&self) -> &str {
        &self.fetched.location
    }

    /// Its path on this machine.
    pub(crate) fn path(&self) -> PathBuf {
        self.fetched.path.clone()
    }

    /// Reads the file; see [`read_fetched`].
    pub(crate) fn read<T>(
        &self,
        observer: &dyn Observer,
        read: impl Fn() -> Result<T>,
    ) -> Result<T> {
        read_fetched(&self.hub, &[&self.fetched], &Watched(observer), read)
    }
}

/// Reads files that were fetched. Nothing guarantees the content of a file from the web: a copy
/// from an earlier run that cannot be read is downloaded once more, and if that cannot be read
/// either, it is deleted.
pub(crate) fn read_fetched<T>(
    hub: &Hub,
    files: &[&Fetched],
    progress: &dyn FetchProgress,
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
    let is_old = |file: &Fetched| age(file).is_none_or(|age| age > FRESH_DOWNLOAD);
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
    Err::<T, _>(error).about(|| {
        format!(
            "{described}, cannot be used; it was deleted, and will be downloaded again next time"
        )
    })
}

/// Whether each file could be read, but they do not match.
fn is_sound(error: &Error) -> bool {
    matches!(error.root(), Error::Weights(WeightsError::Mismatch(_)))
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
