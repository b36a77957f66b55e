//! Which files make up an adapter.

use std::path::Path;

use super::settings::AdapterWriter;
use super::{AdapterError, AdapterFiles};
use crate::hub::{FetchProgress, Hub};
use crate::{Fetched, Location};

/// What PEFT writes without `safe_serialization`.
const PICKLE: &str = "adapter_model.bin";

pub(super) fn fetch(
    location: &str,
    hub: &Hub,
    progress: &dyn FetchProgress,
) -> Result<AdapterFiles, AdapterError> {
    let parsed: Location = location.parse()?;
    let (location, writer) = match &parsed {
        Location::Local(folder) if folder.is_dir() => {
            let writer = in_folder(folder)?;
            let file = folder.join(writer.weights());
            (file.display().to_string(), writer)
        }
        Location::Local(_) | Location::Hub(_) | Location::Web(_) => {
            (location.to_owned(), of_file(location, &parsed)?)
        }
    };
    let get = |location: String| {
        let path = hub.fetch(&location.parse()?, progress);
        let path = path.map_err(|source| AdapterError::Fetch {
            location: location.clone(),
            source: Box::new(source),
        })?;
        Ok::<_, AdapterError>(Fetched { location, path })
    };
    let settings = sibling(&location, writer.settings());
    // A missing file is reported later.
    let is_there = |text: &str| match text.parse() {
        Ok(Location::Local(path)) => path.is_file(),
        Ok(Location::Hub(_) | Location::Web(_)) | Err(_) => true,
    };
    if is_there(&location) && !is_there(&settings) {
        return Err(AdapterError::NoSettings {
            location,
            looked: vec![writer.settings()],
        });
    }
    Ok(AdapterFiles {
        weights: get(location)?,
        settings: get(settings)?.path,
        writer,
    })
}

/// Which program wrote the adapter in a folder.
fn in_folder(folder: &Path) -> Result<AdapterWriter, AdapterError> {
    let has = |name: &str| folder.join(name).is_file();
    let mut found: Vec<_> = AdapterWriter::ALL.to_vec();
    found.retain(|writer| has(writer.weights()));
    match found.as_slice() {
        [writer] => Ok(*writer),
        [] if has(PICKLE) => Err(AdapterError::Pickled {
            location: folder.join(PICKLE).display().to_string(),
        }),
        [] => Err(AdapterError::NoAdapter {
            path: folder.to_owned(),
        }),
        several => Err(AdapterError::Several {
            path: folder.to_owned(),
            names: several.iter().map(|writer| writer.weights()).collect(),
        }),
    }
}

/// Which program wrote the adapter in a file: its name tells, or the settings in the same folder.
fn of_file(location: &str, parsed: &Location) -> Result<AdapterWriter, AdapterError> {
    let name = file_name(location);
    if let Some(writer) = AdapterWriter::ALL
        .into_iter()
        .find(|it| it.weights() == name)
    {
        return Ok(writer);
    }
    let is_pickle = [".bin", ".pt", ".pth"].iter().any(|it| name.ends_with(it));
    if is_pickle {
        return Err(AdapterError::Pickled {
            location: location.to_owned(),
        });
    }
    let mut found: Vec<_> = AdapterWriter::ALL.to_vec();
    found.retain(|writer| {
        let path = Path::new(location).with_file_name(writer.settings());
        matches!(parsed, Location::Local(_)) && path.is_file()
    });
    match found.as_slice() {
        [writer] => Ok(*writer),
        [] | [_, ..] => Err(AdapterError::NoSettings {
            location: location.to_owned(),
            looked: AdapterWriter::ALL
                .iter()
                .map(|writer| writer.settings())
                .collect(),
        }),
    }
}

/// The path of a location, and what follows it: a query, a fragment or a revision.
fn split(location: &str) -> (&str, &str) {
    let end = if location.starts_with("hf://") {
        location.find('@')
    } else if location.contains("://") {
        location.find(['?', '#'])
    } else {
        None
    };
    location.split_at(end.unwrap_or(location.len()))
}

fn file_name(location: &str) -> &str {
    let (path, _) = split(location);
    path.rsplit(['/', std::path::MAIN_SEPARATOR])
        .next()
        .unwrap_or(path)
}

/// The location of another file in the same folder.
fn sibling(location: &str, name: &str) -> String {
    let (path, rest) = split(location);
    let folder = &path[..path.len() - file_name(location).len()];
    format!("{folder}{name}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_lie_in_the_folder_of_the_tensors() {
        let cases = [
            ("a/adapter.safetensors", "a/s.json"),
            ("adapter.safetensors", "s.json"),
            ("/a/b@c/x.safetensors", "/a/b@c/s.json"),
            ("hf://o/r/x.safetensors@main", "hf://o/r/s.json@main"),
            (
                "https://e.org/a/x.safetensors?k=1",
                "https://e.org/a/s.json?k=1",
            ),
        ];
        for (location, expected) in cases {
            assert_eq!(sibling(location, "s.json"), expected);
        }
    }
}
