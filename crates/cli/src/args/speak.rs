//! What can be typed after `speak`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use speech::Speed;

use super::{DEFAULT_BUNDLE, RewritingArgs};

#[derive(Debug, Default, ClapArgs)]
pub(crate) struct SpeakArgs {
    /// What to say; `[pause 500ms]` and `[pause 1.2s]` are silence. `-` is standard input, which is
    /// also read where no text is given, and spoken sentence by sentence as it comes. A text that begins with a dash stands behind `--`.
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
    /// standard input); the bundle's first voice unless given.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) voice: Option<String>,
    /// WAV file to write; `-` is standard output, which streams while it speaks. Links are
    /// followed; a pipe or a device is written to. No silence is added at the end, where pocket-tts's
    /// own command adds 0.2 s.
    #[arg(long, short, value_name = "FILE", default_value = "speech.wav")]
    pub(crate) output: PathBuf,
    /// Samples of the WAV file.
    #[arg(long, value_enum, default_value_t = Samples::I16)]
    pub(crate) format: Samples,
    /// Seed of the noise: the same seed gives the same samples. A new one unless given.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Variance of the noise; the model's own unless given.
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) temperature: Option<f32>,
    /// Steps of the sampler.
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<usize>,
    /// Largest magnitude of the noise; none unless given.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) noise_clamp: Option<f32>,
    /// The end-of-speech logit has to exceed this; the model's own unless given.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) eos_threshold: Option<f32>,
    /// Frames (80 ms) spoken after the end of speech; guessed from the text unless given.
    #[arg(long, value_name = "N")]
    pub(crate) frames_after_eos: Option<usize>,
    /// Tokens that are spoken in one go: longer texts are split between sentences.
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<usize>,
    /// How fast, from 0.5 to 2, at the same pitch; pauses are shorter or longer, too.
    #[arg(long, value_name = "X", default_value = "1", hide_default_value = true, value_parser = speed, allow_negative_numbers = true)]
    pub(crate) speed: Speed,
    /// Write when each word is spoken: as data (.json), or as subtitles (.srt, or with a mark for
    /// each word .vtt and .ass).
    #[arg(long, value_name = "FILE")]
    pub(crate) words: Option<PathBuf>,
    /// Print a summary as JSON, with the times of words where the model tells them.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

/// What speaks.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct SpeakerArgs {
    /// Folder of the bundle. Where the default folder has none, `speak` takes `starling`, the small
    /// model that the program brings.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// What runs the model.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) backend: BackendName,
    /// ONNX Runtime's shared library, where it is not installed by `cargo xtask setup`.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Threads: from 2 on the decoder has one of its own, and more change nothing.
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

/// Samples of a WAV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Samples {
    /// 16-bit integers.
    #[default]
    I16,
    /// 32-bit floating point, exactly what the model gives.
    F32,
}

fn speed(text: &str) -> Result<Speed, String> {
    let speed = text.parse().map_err(|_| "not a number".to_owned())?;
    Speed::new(speed).map_err(|error| error.to_string())
}
