//! Where the command writes. Outputs that are surely a mistake are refused before the work.

use std::path::Path;

use anyhow::{Result, bail};
use bundle::{Outline, is_bundle_file};
use encode::{Format, SampleFormat};
use files::{Destination, OutputFile};

use crate::interrupt::Writing;

/// Format of a name without a known ending.
const WAV: Format = Format::Wav(SampleFormat::I16);

/// Endings of audio and video formats that are not supported.
const OTHER_SOUND: [&str; 20] = [
    "mp2", "m4a", "m4b", "aac", "mp4", "m4v", "mov", "webm", "weba", "mka", "mkv", "avi", "aif",
    "aiff", "aifc", "caf", "wma", "amr", "ac3", "au",
];
/// Endings of files that are not audio.
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

/// The destination of `-o output` and its format: the one that was asked for, or the one of the
/// name's ending, or WAV. `-` is standard output.
pub(crate) fn sound(output: &Path, asked: Option<Format>) -> Result<(Destination, Format)> {
    let destination = Destination::find(output)?;
    if destination.is_terminal() {
        bail!("standard output is a terminal: give -o FILE, or pipe -o - into a player");
    }
    let ending = ending(output);
    let named = Format::of_extension(&ending);
    let format = asked.or(named).unwrap_or(WAV);
    if destination.file().is_none() {
        return Ok((destination, format));
    }
    let shown = output.display();
    let better = output.with_extension(format.extensions()[0]);
    let better = better.display();
    if let (Some(asked), Some(named)) = (asked, named)
        && asked.name() != named.name()
    {
        bail!(
            "{shown}: this name is of a {named} file, and --format asks for {asked}: give {better}"
        );
    }
    if OTHER_SOUND.contains(&ending.as_str()) {
        bail!(
            "{shown}: this format is not supported (.wav, .flac, .opus, .mp3 and .pcm are): give {better}, and \
             convert it: ffmpeg -i {better} {shown}"
        );
    }
    if OTHER_FILES.contains(&ending.as_str()) {
        bail!(
            "{shown}: the sound is written as {format}, which does not match this name: give {better}"
        );
    }
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
    let ending = ending(output);
    let is_other = Format::of_extension(&ending).is_some()
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
        for (name, format) in [
            ("a.wav", "wav"),
            ("a.WAV", "wav"),
            ("a", "wav"),
            ("a.b", "wav"),
            ("a.wave", "wav"),
            (".mp3", "wav"),
            ("a.mp3.wav", "wav"),
            ("a.mp3", "mp3"),
            ("a.OGG", "opus"),
            ("a.b.flac", "flac"),
            ("a.raw", "pcm"),
        ] {
            let found = sound(&at(name), None);
            let (_, found) = found.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(found.name(), format, "{name}");
        }
        let (_, asked) = sound(&at("a.b"), Some(Format::Opus)).unwrap();
        assert_eq!(asked, Format::Opus);
        let error = sound(&at("a.wav"), Some(Format::Opus)).unwrap_err();
        assert!(error.to_string().contains("a.opus"), "{error}");
        let error = sound(&at("a.m4a"), None).unwrap_err().to_string();
        assert!(error.contains("ffmpeg -i "), "{error}");
        let error = sound(&at("a.safetensors"), None).unwrap_err().to_string();
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
