//! The format of a file by its name. Names that are surely a mistake are refused, with the way out.

use std::path::Path;

use crate::{Format, SampleFormat};

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

/// What the ending of a file's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A format of sound that can be written.
    Sound(Format),
    /// Another format of audio or video.
    OtherSound,
    /// A file that is not audio.
    OtherFile,
    /// Nothing: there is no ending, or none that is known.
    Unknown,
}

impl Ending {
    /// What the ending of `path` says, in upper or lower case.
    pub fn of(path: &Path) -> Self {
        let ending = path.extension().unwrap_or_default();
        let ending = ending.to_string_lossy().to_lowercase();
        if let Some(format) = Format::of_extension(&ending) {
            Self::Sound(format)
        } else if OTHER_SOUND.contains(&ending.as_str()) {
            Self::OtherSound
        } else if OTHER_FILES.contains(&ending.as_str()) {
            Self::OtherFile
        } else {
            Self::Unknown
        }
    }
}

/// Why a file of sound should not have a name. Each has a better name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Another format was asked for than the one that the name has.
    #[error("{path}: this name is of a {named} file, and --format asks for {asked}: give {better}")]
    OtherFormat {
        /// The name.
        path: String,
        /// The name's format.
        named: Format,
        /// The format that was asked for.
        asked: Format,
        /// A name of that format.
        better: String,
    },
    /// A format that cannot be written.
    #[error(
        "{path}: this format is not supported (.wav, .flac, .opus, .mp3 and .pcm are): give {better}, and \
         convert it: ffmpeg -i {better} {path}"
    )]
    Unsupported {
        /// The name.
        path: String,
        /// A name of a supported format.
        better: String,
    },
    /// A file that is not audio.
    #[error(
        "{path}: the sound is written as {format}, which does not match this name: give {better}"
    )]
    NotSound {
        /// The name.
        path: String,
        /// The format that would be written.
        format: Format,
        /// A name of that format.
        better: String,
    },
}

impl Format {
    /// The format of output that does not have a name of its own, such as a pipe: the one that was asked for, or the one
    /// of the ending of `path`, or WAV.
    pub fn of_path(path: &Path, asked: Option<Self>) -> Self {
        let named = match Ending::of(path) {
            Ending::Sound(format) => Some(format),
            Ending::OtherSound | Ending::OtherFile | Ending::Unknown => None,
        };
        asked.or(named).unwrap_or(WAV)
    }

    /// As [`Format::of_path`], for the name of a file.
    ///
    /// # Errors
    ///
    /// [`NameError`] if the name is of another format than the one asked for, or of a file that cannot be
    /// written.
    pub fn of_file(path: &Path, asked: Option<Self>) -> Result<Self, NameError> {
        let format = Self::of_path(path, asked);
        let better = path.with_extension(format.extensions()[0]);
        let better = better.display().to_string();
        let shown = path.display().to_string();
        match Ending::of(path) {
            Ending::Sound(named) if named.name() != format.name() => Err(NameError::OtherFormat {
                path: shown,
                named,
                asked: format,
                better,
            }),
            Ending::OtherSound => Err(NameError::Unsupported {
                path: shown,
                better,
            }),
            Ending::OtherFile => Err(NameError::NotSound {
                path: shown,
                format,
                better,
            }),
            Ending::Sound(_) | Ending::Unknown => Ok(format),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_other_formats_are_refused_with_the_way_out() {
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
            let found = Format::of_file(Path::new(name), None);
            let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(found.name(), format, "{name}");
        }
        let refused = |name: &str, asked| {
            let error = Format::of_file(Path::new(name), asked).unwrap_err();
            error.to_string()
        };
        let opus = Some(Format::Opus);
        assert_eq!(Format::of_file(Path::new("a.b"), opus), Ok(Format::Opus));
        let error = refused("a.wav", opus);
        assert!(error.contains("a.opus"), "{error}");
        let error = refused("a.m4a", None);
        assert!(error.contains("ffmpeg -i a.wav a.m4a"), "{error}");
        let error = refused("a.safetensors", None);
        assert!(
            error.contains("a.wav") && !error.contains("ffmpeg"),
            "{error}"
        );
    }
}
