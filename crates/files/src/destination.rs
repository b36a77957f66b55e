//! Decides before the work how an output is written.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::links::{Descriptor, descriptor};
use crate::{OutputError, OutputFile, resolve};

/// An output that can be written, as far as this can be known in advance.
#[derive(Clone, Debug)]
pub struct Destination {
    /// As given, for messages.
    typed: PathBuf,
    pub(crate) kind: OutputKind,
}

/// How an output is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutputKind {
    /// To standard output.
    StandardOutput,
    /// To standard error.
    StandardError,
    /// To a device, a pipe or an open file, which is opened and written to.
    Stream(PathBuf),
    /// To a regular file at this path (without links), existing or not: a new file replaces it.
    File(PathBuf),
}

impl Destination {
    /// Decides how `typed` is written; `-` is standard output.
    ///
    /// # Errors
    ///
    /// If it is a folder, its folder is missing or not writable, the name is too long, or the
    /// existing file must not be written.
    pub fn find(typed: &Path) -> Result<Self, OutputError> {
        let kind = if typed == Path::new("-") {
            OutputKind::StandardOutput
        } else {
            OutputKind::find(typed)?
        };
        Ok(Self {
            typed: typed.to_owned(),
            kind,
        })
    }

    /// Its name for messages.
    pub fn name(&self) -> String {
        match &self.kind {
            OutputKind::StandardOutput if self.typed == Path::new("-") => {
                "standard output".to_owned()
            }
            OutputKind::StandardOutput
            | OutputKind::StandardError
            | OutputKind::Stream(_)
            | OutputKind::File(_) => self.typed.display().to_string(),
        }
    }

    /// Whether bytes go to standard output.
    pub fn is_standard_output(&self) -> bool {
        self.kind == OutputKind::StandardOutput
    }

    /// Whether bytes would appear on a terminal.
    pub fn is_terminal(&self) -> bool {
        match &self.kind {
            OutputKind::StandardOutput => io::stdout().is_terminal(),
            OutputKind::StandardError => io::stderr().is_terminal(),
            // A terminal's device that was named explicitly is allowed.
            OutputKind::Stream(_) | OutputKind::File(_) => false,
        }
    }

    /// The path of the file, without links; `None` for anything but a file.
    pub fn file(&self) -> Option<&Path> {
        match &self.kind {
            OutputKind::File(path) => Some(path),
            OutputKind::StandardOutput | OutputKind::StandardError | OutputKind::Stream(_) => None,
        }
    }

    /// Whether `input` is the file that would be written.
    pub fn is_same_file(&self, input: &Path) -> bool {
        self.file().is_some_and(|file| same(file, input))
    }

    /// Opens it. Nothing that exists changes before [`OutputFile::finish`], with these exceptions:
    /// a device or a pipe takes bytes at once, a file for which no temporary one can be made is
    /// emptied, and opening a pipe waits for its reader.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or no file can be created.
    pub fn open(self) -> Result<OutputFile, OutputError> {
        OutputFile::open(self)
    }

    /// Turns a failure of the system into an [`OutputError`].
    pub(crate) fn failed(&self) -> impl FnOnce(io::Error) -> OutputError + use<> {
        let path = PathBuf::from(self.name());
        move |source| OutputError::Write { path, source }
    }
}

impl OutputKind {
    fn find(typed: &Path) -> Result<Self, OutputError> {
        if typed.as_os_str().is_empty() {
            return Err(OutputError::Empty);
        }
        let path = typed.to_owned();
        let fail = |source| OutputError::Write {
            path: path.clone(),
            source,
        };
        let folder = || OutputError::Folder { path: path.clone() };
        let file = resolve(typed).map_err(fail)?;
        let found = match fs::metadata(&file) {
            Ok(found) => Some(found),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(fail(error)),
        };
        if found.as_ref().is_some_and(Metadata::is_dir) || ends_as_folder(typed) {
            return Err(folder());
        }
        if let Some(Descriptor { own, number }) = descriptor(&file) {
            return match (own, number) {
                // An open file is continued at its position, as after `>>`.
                (true, 1) => Ok(Self::StandardOutput),
                (true, 2) => Ok(Self::StandardError),
                _ if found.is_some() => Ok(Self::Stream(file)),
                _ => Err(fail(io::ErrorKind::NotFound.into())),
            };
        }
        match found {
            Some(found) if !found.is_file() => return Ok(Self::Stream(file)),
            // A read-only file must not be overwritten. If only its folder is read-only, it can
            // still be written in place.
            Some(_) => drop(File::options().write(true).open(&file).map_err(fail)?),
            None => {
                check_folder(typed, &file)?;
                drop(beside(&file, None).map_err(fail)?);
            }
        }
        Ok(Self::File(file))
    }
}

/// Whether `error` means that a file, or a folder on the way to it, does not exist.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether only a folder can have this name.
fn ends_as_folder(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let last = text
        .rsplit(|byte| std::path::is_separator(char::from(*byte)))
        .next();
    last.is_none_or(|last| last.is_empty() || last == b"." || last == b"..")
}

/// Whether the folder for a new file exists.
fn check_folder(typed: &Path, file: &Path) -> Result<(), OutputError> {
    let folder = file.parent().unwrap_or(file);
    let path = typed.to_owned();
    // In the user's own words, unless a link leads elsewhere.
    let near = typed.parent().filter(|near| !near.as_os_str().is_empty());
    let said = match near {
        Some(near) if resolve(near).is_ok_and(|near| near == folder) => near.to_owned(),
        _ => folder.to_owned(),
    };
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(OutputError::NotAFolder { path, folder: said }),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(OutputError::NotAFolder { path, folder: said })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OutputError::NoFolder { path, folder: said })
        }
        Err(source) => Err(OutputError::Write { path, source }),
    }
}

/// Whether two paths refer to the same file.
fn same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
        matches!((id(one), id(other)), (Ok(one), Ok(other)) if one == other)
    }
    #[cfg(not(unix))]
    {
        matches!((resolve(one), resolve(other)), (Ok(one), Ok(other)) if one == other)
    }
}

/// A file next to `file` that is deleted unless it is moved there. `replaced` is the existing file.
pub(crate) fn beside(file: &Path, replaced: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let name = file.file_name().unwrap_or(OsStr::new("output"));
    // After a kill, the name identifies what is left; it must not be too long.
    let name: String = name.to_string_lossy().chars().take(50).collect();
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".partial");
    // A new file gets the usual permissions; one that replaces another is private until it has the
    // other's mode.
    #[cfg(unix)]
    if replaced.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = replaced;
    builder.tempfile_in(folder).map_err(without_path)
}

/// An operating system's error without the path of the temporary file, which means nothing to a
/// user.
fn without_path(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.source());
    let inner = inner.and_then(|inner| inner.downcast_ref::<io::Error>());
    match inner.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}
