//! Arguments of `speak`.

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};
use encode::{Format, SampleFormat};

use super::{DEFAULT_BUNDLE, OptionArgs, RewritingArgs};

#[derive(Debug, Default, ClapArgs)]
pub(crate) struct SpeakArgs {
    /// What to say; `[pause 500ms]` and `[pause 1.2s]` add a pause. `-`, or no text, reads standard
    /// input and speaks each sentence as it comes. Put `--` before a text that begins with a dash.
    #[arg(
        value_name = "TEXT",
        conflicts_with = "text_file",
        allow_negative_numbers = true
    )]
    pub(crate) text: Option<String>,
    /// Read the text from a file, in UTF-8 or UTF-16; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) text_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) speaker: SpeakerArgs,
    #[command(flatten)]
    pub(crate) rewriting: RewritingArgs,
    /// A voice of the bundle, a predefined voice, a voice file, or a recording to clone (`-` is
    /// standard input); default: the bundle's first voice.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) voice: Option<String>,
    /// File to write: .wav, .flac, .opus, .mp3 or .pcm; `-` streams to standard output. Links are
    /// followed, and pipes and devices work too. No silence is added at the end (pocket-tts's own
    /// command adds 0.2 s). Default: speech.wav, or none with --play.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Play the sound while it is made, and write a file only if -o is given.
    #[arg(long)]
    pub(crate) play: bool,
    /// Format of the sound; default: the one that the file's ending names, or WAV.
    #[arg(long, value_enum)]
    pub(crate) format: Option<SoundFormat>,
    #[command(flatten)]
    pub(crate) options: OptionArgs,
    /// Write the time of each word into a file: as data (.json), or as subtitles (.srt, or with a mark
    /// for each word .vtt and .ass).
    #[arg(long, value_name = "FILE")]
    pub(crate) words: Option<PathBuf>,
    /// Print a summary as JSON, with word times if the model's word heads are known.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print errors only.
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

impl SpeakArgs {
    /// The file to write, if any.
    pub(crate) fn file(&self) -> Option<&Path> {
        let usual = (!self.play).then_some(Path::new("speech.wav"));
        self.output.as_deref().or(usual)
    }
}

/// What speaks.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct SpeakerArgs {
    /// Folder of the bundle. If the default folder has none, `starling` is used, the small model that
    /// is included in the program.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
}

/// What runs a model.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct RuntimeArgs {
    /// The runtime for the model.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) backend: BackendName,
    /// ONNX Runtime's shared library; default: the one that `cargo xtask setup` installed.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Threads: with 2 the decoder runs on a thread of its own; more only shorten the time until the
    /// first sound.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

/// A backend by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendName {
    /// The engine: the model in Rust.
    #[default]
    Engine,
    /// The ONNX graphs in ONNX Runtime, from its shared library.
    Onnxruntime,
    /// The ONNX graphs in the embedded runtime.
    Rten,
}

/// A format of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SoundFormat {
    /// WAV of 16-bit integers.
    #[value(alias = "i16")]
    Wav,
    /// WAV of 32-bit floating point: the model's samples, unchanged.
    F32,
    /// 16-bit integers in little-endian order, without a header.
    Pcm,
    /// FLAC: the same samples as WAV in half of the bytes.
    Flac,
    /// Opus in Ogg, 32 kbit/s.
    Opus,
    /// MP3, 64 kbit/s.
    Mp3,
}

impl SoundFormat {
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Wav => Format::Wav(SampleFormat::I16),
            Self::F32 => Format::Wav(SampleFormat::F32),
            Self::Pcm => Format::Pcm(SampleFormat::I16),
            Self::Flac => Format::Flac,
            Self::Opus => Format::Opus,
            Self::Mp3 => Format::Mp3,
        }
    }
}
