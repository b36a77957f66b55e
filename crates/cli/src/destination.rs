//! Where the command writes: outputs that cannot be meant are refused before the work.

use std::path::Path;

use anyhow::{Result, bail};
use bundle::{Outline, is_bundle_file};
use files::{Destination, OutputFile};

use crate::interrupt::Writing;

/// Endings of files of sound and of films that are no WAV files.
const OTHER_SOUND: [&str; 25] = [
    "mp3", "mp2", "ogg", "oga", "opus", "flac", "m4a", "m4b", "aac", "mp4", "m4v", "mov", "webm",
    "weba", "mka", "mkv", "avi", "aif", "aiff", "aifc", "caf", "wma", "amr", "ac3", "au",
];
/// Endings of files that programs know to be something else.
const OTHER_FILES: [&str; 14] = [
    "safetensors",
    "pt",
    "pth",
    "ckpt",
    "bin",
    "onnx",
    "json",
    "yaml",
    "yml",
    "model",
    "txt",
    "md",
    "html",
    "pdf",
];

/// Where the sound of `-o output` goes; `-` is standard output.
pub(crate) fn sound(output: &Path) -> Result<Destination> {
    let destination = Destination::find(output)?;
    if destination.is_terminal() {
        bail!("standard output is a terminal: give -o FILE, or pipe -o - into a player");
    }
    if destination.file().is_none() {
        return Ok(destination);
    }
    let ending = ending(output);
    let shown = output.display();
    let wav = output.with_extension("wav");
    let wav = wav.display();
    if OTHER_SOUND.contains(&ending.as_str()) {
        bail!(
            "{shown}: the sound is written as WAV, which does not match this name: give {wav}, and convert \
             it: ffmpeg -i {wav} {shown}"
        );
    }
    if OTHER_FILES.contains(&ending.as_str()) {
        bail!("{shown}: the sound is written as WAV, which does not match this name: give {wav}");
    }
    refuse_bundle_file(&destination, output)?;
    Ok(destination)
}

/// Where the voice of `-o output` goes; `-` is standard output.
pub(crate) fn voice(output: &Path) -> Result<Destination> {
    let destination = Destination::find(output)?;
    if destination.is_terminal() {
        bail!("standard output is a terminal: give -o FILE");
    }
    if destination.file().is_none() {
        return Ok(destination);
    }
    let ending = ending(output);
    let is_other = ["wav", "wave"].contains(&ending.as_str())
        || OTHER_SOUND.contains(&ending.as_str())
        || OTHER_FILES[1..].contains(&ending.as_str());
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

/// Opens an output, and with `begin` keeps interrupts from then on. Opening a pipe waits for its
/// reader: an interrupt still ends that at once.
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

/// A file of a bundle is changed by commands that change the bundle.
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

/// The ending of a file's name, in lower case.
fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_other_formats_are_refused_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["a.wav", "a.WAV", "a", "a.b", "a.wave", ".mp3", "a.mp3.wav"] {
            sound(&at(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        for name in ["a.mp3", "a.OGG", "a.b.flac", "a.m4a"] {
            let error = sound(&at(name)).unwrap_err().to_string();
            assert!(error.contains("ffmpeg -i "), "{error}");
        }
        let error = sound(&at("a.safetensors")).unwrap_err().to_string();
        assert!(
            error.contains("a.wav") && !error.contains("ffmpeg"),
            "{error}"
        );
        for name in ["a", "a.safetensors", "a.voice"] {
            voice(&at(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        for name in ["a.wav", "a.mp3", "a.json", "a.pt"] {
            let error = voice(&at(name)).unwrap_err().to_string();
            assert!(error.contains("a.safetensors"), "{error}");
        }
    }
}
