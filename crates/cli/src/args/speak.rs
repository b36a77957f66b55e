//! Arguments of `speak`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use encode::{Format, SampleFormat};
use speech::Speed;

use super::{DEFAULT_BUNDLE, RewritingArgs};

#[derive(Debug, Default, ClapArgs)]
pub(crate) struct SpeakArgs {
    /// What to say; `[pause 500ms]` and `[pause 1.2s]` are silence. `-`, or no text, reads standard
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
    /// command adds 0.2 s).
    #[arg(long, short, value_name = "FILE", default_value = "speech.wav")]
    pub(crate) output: PathBuf,
    /// Format of the sound; default: the one that the file's ending names, or WAV.
    #[arg(long, value_enum)]
    pub(crate) format: Option<SoundFormat>,
    /// Seed of the noise: the same seed gives the same samples. Default: a new one each time.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Variance of the noise: 0 gives the likeliest speech, more gives more variety; default: the
    /// model's.
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) temperature: Option<f32>,
    /// Steps of the sampler.
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<usize>,
    /// Largest magnitude of the noise; default: no limit.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) noise_clamp: Option<f32>,
    /// Speech ends when the end-of-speech score exceeds this; default: the model's.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) eos_threshold: Option<f32>,
    /// Frames (80 ms) spoken after the end of speech; default: estimated from the text.
    #[arg(long, value_name = "N")]
    pub(crate) frames_after_eos: Option<usize>,
    /// Most tokens of a chunk, which is spoken in one go; longer texts are split between sentences.
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<usize>,
    /// How fast, from 0.5 to 2, at the same pitch; pauses change with it.
    #[arg(long, value_name = "X", default_value = "1", hide_default_value = true, value_parser = speed, allow_negative_numbers = true)]
    pub(crate) speed: Speed,
    /// Write when each word is spoken: as data (.json), or as subtitles (.srt, or with a mark for
    /// each word .vtt and .ass).
    #[arg(long, value_name = "FILE")]
    pub(crate) words: Option<PathBuf>,
    /// Print a summary as JSON, with word times if the model's word heads are known.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print errors only.
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

/// What speaks.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct SpeakerArgs {
    /// Folder of the bundle. If the default folder has none, `starling` is used, the small model that
    /// is included in the program.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// The runtime for the model.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) backend: BackendName,
    /// ONNX Runtime's shared library; default: the one that `cargo xtask setup` installed.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Threads: with 2 the decoder runs on a thread of its own; more change nothing.
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
    /// WAV of 32-bit floating point, exactly what the model gives.
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

fn speed(text: &str) -> Result<Speed, String> {
    let speed = text.parse().map_err(|_| "not a number".to_owned())?;
    Speed::new(speed).map_err(|error| error.to_string())
}
