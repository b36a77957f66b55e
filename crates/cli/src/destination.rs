//! Where the command writes. Outputs that are surely a mistake are refused before the work.

use std::path::Path;

use anyhow::{Result, bail};
use bundle::{Outline, is_bundle_file};
use encode::{Ending, Format};
use files::{Destination, OutputFile};

use crate::interrupt::Writing;

/// The destination of `-o output` and its format: the one that was asked for, or the one of the
/// name's ending, or WAV. `-` is standard output.
pub(crate) fn sound(output: &Path, asked: Option<Format>) -> Result<(Destination, Format)> {
    let destination = Destination::find(output)?;
    if destination.is_terminal() {
        bail!("standard output is a terminal: give -o FILE, or pipe -o - into a player");
    }
    if destination.file().is_none() {
        return Ok((destination, Format::of_path(output, asked)));
    }
    let format = Format::of_file(output, asked)?;
    refuse_bundle_file(&destination, output)?;
    Ok((destination, format))
}

/// The destination of a voice file, as `-o` gives it; `-` is standard output.
pub(crate) fn voice(output: &Path) -> Result<Destination> {
    let destination = Destination::find(output)?;
    if destination.is_terminal() {
        bail!("standard output is a terminal: give -o FILE");
    }
    if destination.file().is_none() {
        return Ok(destination);
    }
    let is_other = match Ending::of(output) {
        Ending::Sound(_) | Ending::OtherSound => true,
        Ending::OtherFile => !ends_in(output, "safetensors"),
        Ending::Unknown => false,
    };
    if is_other {
        bail!(
            "{}: a voice is written as safetensors, which does not match this name: give {}",
            output.display(),
            output.with_extension("safetensors").display()
        );
    }
    refuse_bundle_file(&destination, output)?;
    Ok(destination)
}

/// Opens an output, and calls `begin`, which delays interrupts from then on. Opening a pipe waits for
/// its reader: an interrupt still ends that at once.
pub(crate) fn open(
    destination: Destination,
    begin: impl FnOnce() -> Writing,
) -> Result<(OutputFile, Writing)> {
    Ok(if destination.file().is_some() {
        let writing = begin();
        (destination.open()?, writing)
    } else {
        (destination.open()?, begin())
    })
}

/// Refuses an output that is also the file `input`, which is a `what`.
pub(crate) fn refuse_input(destination: &Destination, input: &Path, what: &str) -> Result<()> {
    let is_dash = input == Path::new("-");
    let read = if is_dash {
        Path::new("/dev/stdin")
    } else {
        input
    };
    if destination.is_same_file(read) {
        bail!(
            "{} is also the {what}, which would be lost: choose another name for the output",
            input.display()
        );
    }
    Ok(())
}

/// Refuses to write to a file of a bundle: only commands that change the bundle do that.
pub(crate) fn refuse_bundle_file(destination: &Destination, output: &Path) -> Result<()> {
    let file = destination.file().filter(|file| file.exists());
    let Some((dir, name)) = file.and_then(|file| Some((file.parent()?, file.file_name()?))) else {
        return Ok(());
    };
    if is_bundle_file(&name.to_string_lossy()) && Outline::read(dir).is_some() {
        bail!(
            "{} is a file of the bundle {}: choose another name",
            output.display(),
            dir.display()
        );
    }
    Ok(())
}

/// Whether a file's name has this ending, in upper or lower case.
fn ends_in(path: &Path, ending: &str) -> bool {
    let own = path.extension();
    own.is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_have_names_of_their_own_format() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["a", "a.safetensors", "a.SAFETENSORS", "a.voice"] {
            voice(&at(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        for name in ["a.wav", "a.mp3", "a.json", "a.pt"] {
            let error = voice(&at(name)).unwrap_err().to_string();
            assert!(error.contains("a.safetensors"), "{error}");
        }
    }
}
