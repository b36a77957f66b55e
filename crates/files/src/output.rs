//! An open output.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::destination::{OutputKind, beside};
use crate::{Destination, OutputError};

/// Receives the bytes of an output. If it is dropped without [`OutputFile::finish`], the existing
/// file is unchanged, unless no temporary file could be made and it is written directly.
#[derive(Debug)]
pub struct OutputFile {
    destination: Destination,
    writer: OutputWriter,
}

#[derive(Debug)]
enum OutputWriter {
    /// Bytes go out directly and cannot be taken back.
    Stream(StandardStream),
    /// A file next to the final one, or in the system's temporary folder.
    Staged(Staged),
    /// The file itself, if a temporary one is impossible everywhere.
    Direct(File),
}

#[derive(Debug)]
enum StandardStream {
    StandardOutput(io::Stdout),
    StandardError(io::Stderr),
    File(File),
}

#[derive(Debug)]
struct Staged {
    file: NamedTempFile,
    /// The final one.
    path: PathBuf,
    /// Whether it can replace the final file: it is in the same folder, and has the owner and mode
    /// of the existing file.
    renames: bool,
}

impl OutputFile {
    pub(crate) fn open(destination: Destination) -> Result<Self, OutputError> {
        let failed = destination.failed();
        let writer = match &destination.kind {
            OutputKind::StandardOutput => Ok(OutputWriter::Stream(StandardStream::StandardOutput(
                io::stdout(),
            ))),
            OutputKind::StandardError => Ok(OutputWriter::Stream(StandardStream::StandardError(
                io::stderr(),
            ))),
            OutputKind::Stream(path) => (File::options().write(true).open(path))
                .map(|file| OutputWriter::Stream(StandardStream::File(file))),
            OutputKind::File(path) => stage(path),
        };
        let writer = writer.map_err(failed)?;
        Ok(Self {
            destination,
            writer,
        })
    }

    /// Writes `content` and finishes.
    pub fn finish_with(mut self, content: &[u8]) -> Result<(), OutputError> {
        let failed = self.destination.failed();
        self.write_all(content).map_err(failed)?;
        self.finish()
    }

    /// Whether the written bytes can be changed until [`OutputFile::finish`].
    pub fn can_seek(&self) -> bool {
        match self.writer {
            OutputWriter::Stream(_) => false,
            OutputWriter::Staged(_) | OutputWriter::Direct(_) => true,
        }
    }

    /// What is written to.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Completes the output: moves the file into place, or flushes what was written directly.
    ///
    /// # Errors
    ///
    /// [`OutputError::Kept`] if only this failed: the finished file is not lost.
    pub fn finish(self) -> Result<(), OutputError> {
        let Self {
            destination,
            writer,
        } = self;
        let failed = destination.failed();
        match writer {
            OutputWriter::Stream(mut stream) => stream.flush().map_err(failed),
            OutputWriter::Staged(staged) => staged.finish(&destination),
            OutputWriter::Direct(file) => file.sync_all().map_err(failed),
        }
    }
}

impl Staged {
    fn finish(self, destination: &Destination) -> Result<(), OutputError> {
        let Self {
            file,
            path,
            renames,
        } = self;
        file.as_file().sync_all().map_err(destination.failed())?;
        let (mut file, error) = if renames {
            match file.persist(&path) {
                Ok(_) => return Ok(()),
                Err(error) => (error.file, error.error),
            }
        } else {
            (file, io::ErrorKind::PermissionDenied.into())
        };
        // A file on which another is mounted, or one in a folder where only its owner may replace
        // it, can still be overwritten.
        let there = fs::metadata(&path).is_ok_and(|found| found.is_file());
        let done = if there {
            copy_into(file.as_file_mut(), &path)
        } else {
            Err(error)
        };
        let Err(source) = done else {
            return Ok(());
        };
        let path = destination.name().into();
        match keep(file) {
            Ok(kept) => Err(OutputError::Kept { path, kept, source }),
            Err(_) => Err(OutputError::Write { path, source }),
        }
    }
}

/// Keeps a finished file where it is, and returns its path.
fn keep(mut file: NamedTempFile) -> io::Result<PathBuf> {
    if !file.path().exists() {
        // The folder was deleted: the file has no name any more, but is still open.
        let mut copy = tempfile::Builder::new().suffix(".partial").tempfile()?;
        file.seek(SeekFrom::Start(0))?;
        io::copy(&mut file, &mut copy)?;
        file = copy;
    }
    let (_, kept) = file.keep().map_err(|error| error.error)?;
    Ok(kept)
}

/// Creates the file that receives the bytes for `path`.
fn stage(path: &Path) -> io::Result<OutputWriter> {
    let replaced = match fs::symlink_metadata(path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let error = match beside(path, replaced.as_ref()) {
        Ok(file) => {
            let renames = replaced.is_none_or(|there| take_after(file.as_file(), &there).is_ok());
            let path = path.to_owned();
            return Ok(OutputWriter::Staged(Staged {
                file,
                path,
                renames,
            }));
        }
        Err(error) => error,
    };
    if replaced.is_none() {
        return Err(error);
    }
    let prefix = format!(
        "{}.",
        path.file_name().unwrap_or_default().to_string_lossy()
    );
    let prefix: String = prefix.chars().take(50).collect();
    let mut builder = tempfile::Builder::new();
    match builder.prefix(&prefix).suffix(".partial").tempfile() {
        Ok(file) => Ok(OutputWriter::Staged(Staged {
            file,
            path: path.to_owned(),
            renames: false,
        })),
        // For example, the output is mounted into a container that is read-only otherwise.
        Err(_) => Ok(OutputWriter::Direct(
            File::options().write(true).truncate(true).open(path)?,
        )),
    }
}

/// Gives `file` the owner and the mode of the file that it will replace.
fn take_after(file: &File, there: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (there.uid(), there.gid()) {
            fchown(file, Some(there.uid()), Some(there.gid()))?;
        }
    }
    file.set_permissions(there.permissions())
}

/// Overwrites the content of the file at `path` with that of `from`. If there is not enough room,
/// the old content stays.
fn copy_into(from: &mut File, path: &Path) -> io::Result<()> {
    let mut to = File::options().write(true).open(path)?;
    let (old, new) = (to.metadata()?.len(), from.metadata()?.len());
    if let Err(error) = reserve(&to, old, new) {
        to.set_len(old)?;
        return Err(error);
    }
    from.seek(SeekFrom::Start(0))?;
    io::copy(&mut from.take(new), &mut to)?;
    to.set_len(new)?;
    to.sync_all()
}

/// Checks whether a file of `old` bytes can grow to `new` bytes.
fn reserve(file: &File, old: u64, new: u64) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if new > old {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        return match fallocate(file, FallocateFlags::empty(), old, new - old) {
            // Some file systems cannot tell.
            Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        };
    }
    let _ = (file, old, new);
    Ok(())
}

// Errors of a `NamedTempFile` itself would name the temporary file.
impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            OutputWriter::Stream(stream) => stream.write(bytes),
            OutputWriter::Staged(staged) => staged.file.as_file_mut().write(bytes),
            OutputWriter::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            OutputWriter::Stream(stream) => stream.flush(),
            OutputWriter::Staged(staged) => staged.file.as_file_mut().flush(),
            OutputWriter::Direct(file) => file.flush(),
        }
    }
}

impl Seek for OutputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.writer {
            OutputWriter::Stream(_) => Err(io::ErrorKind::NotSeekable.into()),
            OutputWriter::Staged(staged) => staged.file.as_file_mut().seek(to),
            OutputWriter::Direct(file) => file.seek(to),
        }
    }
}

impl StandardStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::StandardOutput(out) => out.write(bytes),
            Self::StandardError(out) => out.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::StandardOutput(out) => out.flush(),
            Self::StandardError(out) => out.flush(),
            Self::File(file) => file.flush(),
        }
    }
}
