//! What can be typed.

use std::path::PathBuf;

use bundle::{ComponentName, Format};
use clap::{Args as ClapArgs, Parser, Subcommand};
use config::{Variant, WordHead};
use onnx::Opset;

mod rewriting;
mod speak;
mod tokenize;
mod typed;
mod voice;

use crate::output::nearest;

pub(crate) use self::rewriting::RewritingArgs;
pub(crate) use self::speak::{BackendName, Samples, SpeakArgs, SpeakerArgs};
pub(crate) use self::tokenize::TokenizeArgs;
pub(crate) use self::typed::typed;
pub(crate) use self::voice::{
    VoiceCommand, VoiceConvertArgs, VoiceExportArgs, VoiceFormArgs, VoiceImportArgs, VoiceListArgs,
};

/// Turn Kyutai's pocket-tts into ONNX graphs that speak in a web page.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Turn a checkpoint into a folder of ONNX graphs (a bundle).
    Convert(ConvertArgs),
    /// List the models that are known by name, or show the configuration of one.
    Variants(VariantsArgs),
    /// Prove a bundle: files, graphs, runtime against runtime, records.
    Verify(VerifyArgs),
    /// Show what a bundle holds.
    Inspect(InspectArgs),
    /// Speak a text from a bundle.
    Speak(SpeakArgs),
    /// Find the heads of a model that tell when words are spoken.
    Heads(HeadsArgs),
    /// Show how a text is prepared, cut into chunks and tokenized.
    Tokenize(TokenizeArgs),
    /// Make, convert and list voices.
    #[command(subcommand)]
    Voice(VoiceCommand),
    /// Serve the demo page and bundles to the browser of this machine.
    Serve(ServeArgs),
    /// Convert a model, prove it, and speak with it.
    Demo(DemoArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Folder of the bundle; a bundle that is there, of any version, is replaced once the new one
    /// is whole.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) output_dir: PathBuf,
    /// ONNX operator set of the graphs: 17 to 23.
    #[arg(long, value_name = "N", default_value = "17", value_parser = opset)]
    pub(crate) opset_version: Opset,
    /// Graphs to write, one or several names; all five unless given.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', value_parser = component)]
    pub(crate) components: Vec<ComponentName>,
    #[arg(
        long,
        help = format!(
            "How weights are stored: {}, for all graphs, or as `NAME=FORMAT` for one; several or repeated",
            Format::list(Format::ALL)
        ),
        value_name = "[NAME=]FORMAT",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = dtype
    )]
    pub(crate) dtype: Vec<Dtype>,
    /// Voices to put into the bundle: names of predefined voices, voice files or recordings, or
    /// `NAME=FILE`; `default` is the language's own, `all` are all predefined ones. `starling` has
    /// both of its voices unless given. Voices of your own that are in the old bundle stay, where
    /// the same weights made them.
    #[arg(long, value_name = "[NAME=]VOICE", num_args = 1..)]
    pub(crate) voices: Vec<String>,
    /// Heads that tell when words are spoken, in place of the model's own: layer and head, from 0
    /// (`pocket-onnx heads` finds them).
    #[arg(long, value_name = "LAYER.HEAD", num_args = 1.., value_delimiter = ',', value_parser = word_head)]
    pub(crate) word_heads: Vec<WordHead>,
    /// Let the graphs tell when words are spoken, which the engine does anyway: `flow_lm` gives the
    /// attention of the model's heads.
    #[arg(long)]
    pub(crate) word_times: bool,
    /// Print a summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

/// Which model, and where its files are.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct ModelArgs {
    /// Name or signature of a released model (see `pocket-onnx variants`), or `starling`, which the
    /// program brings; b6369a24 unless given.
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub(crate) variant: Option<String>,
    /// A pocket-tts configuration (YAML): a path, an https:// or an hf:// location.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,
    /// Weights in place of those that the configuration names: a safetensors file, a trainer's
    /// checkpoint (.pt), or the folder that a trainer wrote.
    #[arg(long, value_name = "FILE", conflicts_with = "synthetic")]
    pub(crate) weights: Option<String>,
    /// Weights of the audio codec (mimi) alone, in place of those of all other files; a trainer's
    /// checkpoint has none, and takes the configuration's unless this is given.
    #[arg(long, value_name = "FILE", conflicts_with = "synthetic")]
    pub(crate) mimi_weights: Option<String>,
    /// LoRA adapter to merge into the weights: the folder that peft, ownvoice or pocket-tts-finetune
    /// wrote, or the safetensors file in it.
    #[arg(long, value_name = "FILE", conflicts_with = "synthetic")]
    pub(crate) adapter: Option<String>,
    /// Tokenizer in place of the one that the configuration names.
    #[arg(long, value_name = "FILE")]
    pub(crate) tokenizer: Option<String>,
    /// Random weights of the model's real shapes, from this seed: they make noise, not speech.
    #[arg(long, value_name = "SEED")]
    pub(crate) synthetic: Option<u64>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HeadsArgs {
    /// Folder of the bundle.
    #[arg(value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// Sentences to speak, one a line, in the model's language: a dozen or more tell most.
    #[arg(long, value_name = "FILE")]
    pub(crate) text_file: Option<PathBuf>,
    /// A voice, as `speak` takes it.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) voice: Option<String>,
    /// Print what was found as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show no progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VariantsArgs {
    /// Show the configuration of this model as YAML, as `--config` takes it.
    pub(crate) name: Option<String>,
    /// Print the list as JSON.
    #[arg(long, conflicts_with = "name")]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyArgs {
    /// Folder of the bundle.
    #[arg(value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// Folder of reference outputs: what pocket-tts computed with the same weights.
    #[arg(long, visible_alias = "reference", value_name = "DIR")]
    pub(crate) records: Option<PathBuf>,
    /// ONNX Runtime's shared library, where it is not installed by `cargo xtask setup`.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Largest difference allowed, as a part of the tensor's largest value. Quantised weights
    /// may differ more from reference outputs.
    #[arg(long, value_name = "PART", default_value_t = ::verify::TOLERANCE, value_parser = tolerance)]
    pub(crate) tolerance: f64,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InspectArgs {
    /// Folder of the bundle.
    #[arg(value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// Print the manifest as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// Name or signature of a model (see `pocket-onnx variants`). `starling`, unless given, needs
    /// no network: it is small and made for demonstration.
    #[arg(long, value_name = "NAME", default_value = Variant::INCLUDED)]
    pub(crate) variant: String,
    /// Folder of the bundle.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) output_dir: PathBuf,
    /// WAV file to speak into.
    #[arg(long, value_name = "FILE", default_value = "demo.wav")]
    pub(crate) wav: PathBuf,
    /// Serve the page at the end, and show it speaking in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Folder of the built page.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_PAGE)]
    pub(crate) page: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// A bundle, or a folder of bundles. Where the default folder has none, the page speaks with
    /// `starling`, the small model that the program brings.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// Folder of the built page.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_PAGE)]
    pub(crate) page: PathBuf,
    /// Port on the loopback interface; a free one unless given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Leave out the headers that give the page threads, as simple hosts do.
    #[arg(long)]
    pub(crate) no_isolation: bool,
    /// Show the page in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Print address and models as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where bundles land: the web page's folder of models.
pub(crate) const DEFAULT_BUNDLE: &str = "browser/models/";
/// Where the page is built.
const DEFAULT_PAGE: &str = "browser/demo/dist/";

fn word_head(typed: &str) -> Result<WordHead, String> {
    let parts = typed.split_once('.');
    let parts = parts.and_then(|(layer, head)| Some((layer.parse().ok()?, head.parse().ok()?)));
    let (layer, head) = parts.ok_or("a head is written as layer and head, as in 3.8")?;
    Ok(WordHead { layer, head })
}

fn opset(text: &str) -> Result<Opset, String> {
    let version = text.parse().map_err(|_| "not a number".to_owned())?;
    Opset::new(version).map_err(|error| error.to_string())
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(part) if f64::is_finite(part) && part >= 0.0 => Ok(part),
        _ => Err("not a number from 0 on".to_owned()),
    }
}

/// A format, of one component or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dtype {
    pub(crate) component: Option<ComponentName>,
    pub(crate) format: Format,
}

fn dtype(text: &str) -> Result<Dtype, String> {
    let (name, format) = match text.split_once('=') {
        Some((name, format)) => (Some(name), format),
        None => (None, text),
    };
    let component = name.map(component).transpose()?;
    let names = Format::ALL.map(Format::as_str);
    let format = Format::from_name(format).ok_or_else(|| {
        let nearest = nearest(format, &names);
        format!("no such format{nearest}; there are {}", names.join(", "))
    })?;
    Ok(Dtype { component, format })
}

fn component(text: &str) -> Result<ComponentName, String> {
    ComponentName::from_name(text).ok_or_else(|| {
        let names = ComponentName::ALL.map(ComponentName::as_str);
        let nearest = nearest(text, &names);
        format!("no such component{nearest}; there are {}", names.join(", "))
    })
}

impl ModelArgs {
    /// The variant's name as typed, or the default one's.
    pub(crate) fn variant_name(&self) -> &str {
        self.variant.as_deref().unwrap_or(Variant::DEFAULT)
    }
}
