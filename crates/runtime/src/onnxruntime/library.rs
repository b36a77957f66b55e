//! The ONNX Runtime library of this process.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::RuntimeError;
use crate::install::installed_library;

/// The library of this process, and the environment that its sessions share.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// Where the library is, with all links resolved.
pub(super) fn find(explicit: Option<&Path>) -> Result<PathBuf, RuntimeError> {
    let variable = std::env::var_os("ORT_DYLIB_PATH");
    locate(explicit, variable.as_deref(), installed_library())
}

/// The first of the three that is given: what someone asked for is never replaced in silence.
fn locate(
    explicit: Option<&Path>,
    variable: Option<&OsStr>,
    installed: PathBuf,
) -> Result<PathBuf, RuntimeError> {
    let path = match (explicit, variable) {
        (Some(path), _) => path.to_owned(),
        (None, Some(path)) if path != OsStr::new("") => PathBuf::from(path),
        _ => installed,
    };
    match path.canonicalize() {
        Ok(path) if path.is_file() => Ok(path),
        _ => Err(RuntimeError::NoOnnxRuntime { looked: path }),
    }
}

/// Loads the library, or gives its environment if it is loaded already.
pub(super) fn load(library: &Path) -> Result<Environment, RuntimeError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((path, environment)) = loaded.as_ref() {
        if path != library {
            return Err(RuntimeError::OtherLibrary {
                library: library.to_owned(),
                loaded: path.clone(),
            });
        }
        return Ok(environment.clone());
    }
    let environment = start(library).map_err(|source| RuntimeError::Library {
        library: library.to_owned(),
        source,
    })?;
    *loaded = Some((library.to_owned(), environment.clone()));
    Ok(environment)
}

fn start(library: &Path) -> Result<Environment, Box<dyn std::error::Error + Send + Sync>> {
    let environment = ort::init_from(library)?
        .with_name("pocket-onnx")
        .with_telemetry(false)
        .build()?;
    // Failures are returned as errors; they need not be printed as well.
    environment.set_log_level(LogLevel::Fatal);
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_comes_first() {
        // Any file will do.
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = |name: &str| dir.join(name).canonicalize().unwrap();
        let manifest = file("Cargo.toml");
        let source = file("src/lib.rs");
        let model = file("src/backend.rs");
        let nowhere = dir.join("nowhere.so");
        let cases = [
            (
                Some(&manifest),
                Some(source.as_os_str()),
                &model,
                Ok(&manifest),
            ),
            (None, Some(source.as_os_str()), &model, Ok(&source)),
            (None, Some(OsStr::new("")), &model, Ok(&model)),
            (None, None, &model, Ok(&model)),
            (
                Some(&nowhere),
                Some(source.as_os_str()),
                &model,
                Err(&nowhere),
            ),
            (None, Some(nowhere.as_os_str()), &model, Err(&nowhere)),
            (None, None, &nowhere, Err(&nowhere)),
        ];
        let mut wrong = Vec::new();
        for (i, (explicit, variable, installed, expected)) in cases.into_iter().enumerate() {
            let explicit = explicit.map(PathBuf::as_path);
            let fits = match (locate(explicit, variable, installed.clone()), expected) {
                (Ok(found), Ok(expected)) => found == *expected,
                (Err(RuntimeError::NoOnnxRuntime { looked }), Err(expected)) => looked == *expected,
                _ => false,
            };
            if !fits {
                wrong.push(i);
            }
        }
        assert!(wrong.is_empty(), "cases {wrong:?}");
    }
}
