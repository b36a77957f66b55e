//! Why a recording cannot be read.

use std::io;
#[cfg(feature = "codecs")]
use std::path::PathBuf;

#[cfg(feature = "codecs")]
use filetype::Foreign;

/// Why a WAV file cannot be read. The texts follow the file's name.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// The operating system cannot read on.
    #[error("cannot be read")]
    Read(#[source] io::Error),
    /// No format chunk before the samples, or only a part of one.
    #[error("is a damaged WAV file: it does not say how its samples are stored")]
    NoFormat,
    /// The size of a frame does not fit its channels and bits.
    #[error(
        "is a damaged WAV file: frames of {frame} bytes do not fit {channels} channels of {bits} bits"
    )]
    Contradiction {
        /// Bytes of a frame.
        frame: usize,
        /// Samples of a frame.
        channels: usize,
        /// Bits of a sample.
        bits: u32,
    },
    /// No samples.
    #[error("is a WAV file without samples: record it again")]
    NoSamples,
}

/// Why a recording cannot be read.
#[cfg(feature = "codecs")]
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The operating system refuses the file.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not a recording.
    #[error("{} {foreign}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        foreign: Foreign,
    },
    /// A recording in an unsupported format.
    #[error(
        "{path} is {what}, which is not supported: convert it to WAV first, with \
         `ffmpeg -i {path} voice.wav`",
        path = path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// A video without a sound track.
    #[error("{} is {what} without sound: give a file with somebody's voice in it", path.display())]
    NoSound {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// A WAV file that contradicts itself.
    #[error("{} {problem}", path.display())]
    Wav {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: WavError,
    },
    /// Nothing in it can be decoded.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A recording without sound.
    #[error("{} has no samples: record it again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A pipe sent more than the limit.
    #[error("{} sends more than {limit} MB: save it to a file, and give the file", path.display())]
    TooLong {
        /// The pipe.
        path: PathBuf,
        /// Megabytes that are read from a pipe.
        limit: u64,
    },
}
