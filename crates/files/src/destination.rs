//! Where an output goes, found out before the work.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::links::{Descriptor, descriptor};
use crate::{OutputError, OutputFile, resolve};

/// An output that can be written as far as can be known before.
#[derive(Clone, Debug)]
pub struct Destination {
    /// As it was typed, for messages.
    typed: PathBuf,
    pub(crate) way: Way,
}

/// How an output is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To standard output.
    StandardOutput,
    /// To standard error.
    StandardError,
    /// Into a device, a pipe or an open file, which is opened and written to.
    Stream(PathBuf),
    /// A regular file, or none yet, at this path without links: the new one takes its place.
    File(PathBuf),
}

impl Destination {
    /// Finds out how `typed` is to be written; `-` is standard output.
    ///
    /// # Errors
    ///
    /// Where it is a folder, its folder is missing or cannot be written, the name is too long, or
    /// the file that is there may not be written.
    pub fn find(typed: &Path) -> Result<Self, OutputError> {
        let way = if typed == Path::new("-") {
            Way::StandardOutput
        } else {
            Way::find(typed)?
        };
        Ok(Self {
            typed: typed.to_owned(),
            way,
        })
    }

    /// What people call it.
    pub fn name(&self) -> String {
        match &self.way {
            Way::StandardOutput if self.typed == Path::new("-") => "standard output".to_owned(),
            Way::StandardOutput | Way::StandardError | Way::Stream(_) | Way::File(_) => {
                self.typed.display().to_string()
            }
        }
    }

    /// Whether bytes go to standard output.
    pub fn is_standard_output(&self) -> bool {
        self.way == Way::StandardOutput
    }

    /// Whether bytes would be shown on a terminal.
    pub fn is_terminal(&self) -> bool {
        match &self.way {
            Way::StandardOutput => io::stdout().is_terminal(),
            Way::StandardError => io::stderr().is_terminal(),
            // Whoever names a terminal's device wants it.
            Way::Stream(_) | Way::File(_) => false,
        }
    }

    /// The path of the file, without links; none of what is not written as a file.
    pub fn file(&self) -> Option<&Path> {
        match &self.way {
            Way::File(path) => Some(path),
            Way::StandardOutput | Way::StandardError | Way::Stream(_) => None,
        }
    }

    /// Whether `input` is the file that would be written.
    pub fn is_same_file(&self, input: &Path) -> bool {
        self.file().is_some_and(|file| same(file, input))
    }

    /// Opens it. Nothing of what is there changes before [`OutputFile::finish`], but where that
    /// cannot be: a device or a pipe takes what comes, and opening a pipe waits for its reader.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened, or no file can be made.
    pub fn open(self) -> Result<OutputFile, OutputError> {
        OutputFile::open(self)
    }

    /// Turns a failure of the system into an [`OutputError`].
    pub(crate) fn failed(&self) -> impl FnOnce(io::Error) -> OutputError + use<> {
        let path = PathBuf::from(self.name());
        move |source| OutputError::Write { path, source }
    }
}

impl Way {
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
                // What is open already goes on where it is: a redirection that appends, say.
                (true, 1) => Ok(Self::StandardOutput),
                (true, 2) => Ok(Self::StandardError),
                _ if found.is_some() => Ok(Self::Stream(file)),
                _ => Err(fail(io::ErrorKind::NotFound.into())),
            };
        }
        match found {
            Some(found) if !found.is_file() => return Ok(Self::Stream(file)),
            // A file that is read-only is not to be overwritten. Where its folder is, it can
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

/// Whether `error` says that a file, or a folder on the way to it, is not there.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether the name can only be a folder's.
fn ends_as_folder(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let last = text
        .rsplit(|byte| std::path::is_separator(char::from(*byte)))
        .next();
    last.is_none_or(|last| last.is_empty() || last == b"." || last == b"..")
}

/// Whether the folder of a new file is there.
fn check_folder(typed: &Path, file: &Path) -> Result<(), OutputError> {
    let folder = file.parent().unwrap_or(file);
    let path = typed.to_owned();
    // In the words of who typed it, unless a link leads elsewhere.
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

/// Whether two paths are one file.
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

/// A file beside `file` that goes unless it is moved there. `replaced` is what is there now.
pub(crate) fn beside(file: &Path, replaced: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let name = file.file_name().unwrap_or(OsStr::new("output"));
    // After a kill, what is left is found by the name, which must not be too long.
    let name: String = name.to_string_lossy().chars().take(50).collect();
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".partial");
    // A new file is made as other programs make theirs; one that takes another's place is for
    // nobody else until it has the other's mode.
    #[cfg(unix)]
    if replaced.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(without_path)
}

/// An error of the operating system without the path of the file that was not made: its name says
/// nothing to a user.
fn without_path(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.source());
    let inner = inner.and_then(|inner| inner.downcast_ref::<io::Error>());
    match inner.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}
