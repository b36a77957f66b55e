//! Arguments of `voice`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::{DEFAULT_BUNDLE, SpeakerArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum VoiceCommand {
    /// Make a voice file from a recording (wav, mp3, flac, ogg, opus, m4a, aiff, webm and others).
    Export(VoiceExportArgs),
    /// Check a voice file against a bundle and put it into the bundle.
    Import(VoiceImportArgs),
    /// Convert a voice file between the current and the older form.
    Convert(VoiceConvertArgs),
    /// List the voices of a bundle and of its model.
    List(VoiceListArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VoiceExportArgs {
    /// Recording: a path, `-` for standard input, an https:// or an hf:// location. The first 30
    /// seconds are used. Formats: WAV (of any length, RF64 too), MP3, FLAC, Ogg (Vorbis, Opus,
    /// FLAC), M4A and MP4 (AAC, ALAC), AAC, AIFF, CAF, webm and mkv. `ffmpeg -i IN OUT.wav`
    /// converts anything else.
    #[arg(value_name = "RECORDING")]
    pub(crate) recording: String,
    /// Voice file to write, which pocket-tts loads as well; `-` is standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) speaker: SpeakerArgs,
    #[command(flatten)]
    pub(crate) form: VoiceFormArgs,
    /// Print errors only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VoiceImportArgs {
    /// Voice file: a path, an https:// or an hf:// location, or the name of a predefined voice.
    #[arg(value_name = "VOICE")]
    pub(crate) voice: String,
    /// Name of the voice; default: made from the file's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Folder of the bundle.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VoiceConvertArgs {
    /// Voice file: a path, an https:// or an hf:// location, or the name of a predefined voice.
    #[arg(value_name = "VOICE")]
    pub(crate) voice: String,
    /// Voice file to write; `-` is standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Folder of a bundle of the voice's model.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    #[command(flatten)]
    pub(crate) form: VoiceFormArgs,
}

/// How a voice file is written.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct VoiceFormArgs {
    /// Write the older form, with `current_end` instead of `offset`.
    #[arg(long)]
    pub(crate) older: bool,
    /// Write f16 instead of f32: half the size.
    #[arg(long)]
    pub(crate) f16: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VoiceListArgs {
    /// Folder of the bundle.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// List the predefined voices of this released model instead.
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    /// Print the list as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
