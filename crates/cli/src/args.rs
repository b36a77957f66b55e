//! The command's arguments.

use std::path::PathBuf;

use bundle::{ComponentName, WeightFormat};
use clap::{Args as ClapArgs, Parser, Subcommand};
use config::{Variant, WordHead};
use onnx::Opset;
use pocket_onnx::convert::ModelSource;
use pocket_onnx::suggest::nearest;

mod dispatcher;
mod options;
mod rewriting;
mod serve;
mod speak;
mod tokenize;
mod typed;
mod voice;

pub(crate) use self::dispatcher::{DispatcherArgs, DispatcherOptions};
pub(crate) use self::options::OptionArgs;
pub(crate) use self::rewriting::RewritingArgs;
pub(crate) use self::serve::{ApiArgs, DEFAULT_PAGE, LogForm, ServeArgs};
pub(crate) use self::speak::{BackendName, RuntimeArgs, SoundFormat, SpeakArgs, SpeakerArgs};
pub(crate) use self::tokenize::TokenizeArgs;
pub(crate) use self::typed::typed;
pub(crate) use self::voice::{
    VoiceCommand, VoiceConvertArgs, VoiceExportArgs, VoiceFormArgs, VoiceImportArgs, VoiceListArgs,
};

/// Convert Kyutai's pocket-tts to ONNX graphs, and speak with them here or in a web page.
#[derive(Debug, Parser)]
#[command(name = "pocket-onnx", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Convert a checkpoint to a folder of ONNX graphs (a bundle).
    Convert(ConvertArgs),
    /// List the models that are known by name, or show the configuration of one.
    Variants(VariantsArgs),
    /// Check a bundle: its files and graphs, and the backends' results against each other and against
    /// recorded outputs of pocket-tts.
    Verify(VerifyArgs),
    /// Show what a bundle contains.
    Inspect(InspectArgs),
    /// Speak a text from a bundle.
    Speak(SpeakArgs),
    /// Find the attention heads of a model that show which word is being spoken.
    Heads(HeadsArgs),
    /// Show how a text is prepared, split into chunks and tokenized.
    Tokenize(TokenizeArgs),
    /// Make, convert and list voices.
    #[command(subcommand)]
    Voice(VoiceCommand),
    /// Serve speech to other programs (OpenAI's API, Wyoming), and the demo page to the browser.
    Serve(ServeArgs),
    /// Speak for speech-dispatcher, and with it for screen readers: its output module.
    SpeechDispatcher(DispatcherArgs),
    /// Convert a model, check it, and speak with it.
    Demo(DemoArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Folder of the bundle. A bundle in it, of any version, is replaced when the new one is
    /// complete.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) output_dir: PathBuf,
    /// ONNX operator set of the graphs: 17 to 23.
    #[arg(long, value_name = "N", default_value = "17", value_parser = opset)]
    pub(crate) opset_version: Opset,
    /// Graphs to write: one or several names; all five by default.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', value_parser = component)]
    pub(crate) components: Vec<ComponentName>,
    #[arg(
        long,
        help = format!(
            "How weights are stored: {}, for all graphs, or as `NAME=FORMAT` for one; several or repeated. \
             `mimi_decoder=q16+q6` stores the decoder's slow layers in q6",
            WeightFormat::list(WeightFormat::ALL)
        ),
        value_name = "[NAME=]FORMAT",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = dtype
    )]
    pub(crate) dtype: Vec<Dtype>,
    /// Voices for the bundle: names of predefined voices, voice files or recordings, or
    /// `NAME=FILE`. `default` is the language's own voice, `all` are all predefined ones. By
    /// default a bundle of `starling` gets its two voices. Voices that you added to the old bundle
    /// are kept if they were made with the same weight files.
    #[arg(long, value_name = "[NAME=]VOICE", num_args = 1..)]
    pub(crate) voices: Vec<String>,
    /// Attention heads that show which word is being spoken, instead of the model's: layer and
    /// head, both from 0 (`pocket-onnx heads` finds them).
    #[arg(long, value_name = "LAYER.HEAD", num_args = 1.., value_delimiter = ',', value_parser = word_head)]
    pub(crate) word_heads: Vec<WordHead>,
    /// Give `flow_lm` an output with the attention of these heads, so that other runtimes can tell
    /// when words are spoken. The engine does not need it.
    #[arg(long)]
    pub(crate) word_times: bool,
    /// Print a summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print errors only.
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

/// Which model, and where its files are.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct ModelArgs {
    /// Name or signature of a released model (see `pocket-onnx variants`), or `starling`, which is
    /// included in the program; default: b6369a24 (english_2026-01, the first release).
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub(crate) variant: Option<String>,
    /// A pocket-tts configuration (YAML): a path, an https:// or an hf:// location.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,
    /// Weights to use instead of those that the configuration names: a safetensors file, a
    /// trainer's .pt file, or the folder that a trainer wrote.
    #[arg(long, value_name = "FILE", conflicts_with = "synthetic")]
    pub(crate) weights: Option<String>,
    /// Weights of the audio codec (mimi), instead of those in other files. A trainer's .pt file has
    /// none: by default they come from the file that the configuration names.
    #[arg(long, value_name = "FILE", conflicts_with = "synthetic")]
    pub(crate) mimi_weights: Option<String>,
    /// LoRA adapter to merge into the weights: the folder that peft, ownvoice or pocket-tts-finetune
    /// wrote, or the safetensors file in it.
    #[arg(long, value_name = "FILE", conflicts_with = "synthetic")]
    pub(crate) adapter: Option<String>,
    /// Tokenizer to use instead of the one that the configuration names.
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
    /// Sentences to speak, one per line, in the model's language; a dozen or more give the surest result.
    #[arg(long, value_name = "FILE")]
    pub(crate) text_file: Option<PathBuf>,
    /// A voice, as in `speak --voice`.
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
    /// ONNX Runtime's shared library; default: the one that `cargo xtask setup` installed.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Largest difference allowed, relative to the tensor's largest value. Quantised weights
    /// may differ more from reference outputs.
    #[arg(long, value_name = "PART", default_value_t = ::verify::DEFAULT_TOLERANCE, value_parser = tolerance)]
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
    /// Name or signature of a model (see `pocket-onnx variants`). The default, `starling`, needs
    /// no network: it is small and made for demonstration.
    #[arg(long, value_name = "NAME", default_value = Variant::INCLUDED)]
    pub(crate) variant: String,
    /// Folder of the bundle.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) output_dir: PathBuf,
    /// WAV file to write.
    #[arg(long, value_name = "FILE", default_value = "demo.wav")]
    pub(crate) wav: PathBuf,
    /// At the end, serve the page and open it in the browser, speaking.
    #[arg(long)]
    pub(crate) open: bool,
    /// Folder of the built page.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_PAGE)]
    pub(crate) page: PathBuf,
}

/// Default folder of a bundle: the web page's folder of models.
pub(crate) const DEFAULT_BUNDLE: &str = "browser/models/";

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
    pub(crate) format: WeightFormat,
    /// Of the decoder's slow layers, where that is another one.
    pub(crate) slow: Option<WeightFormat>,
}

fn dtype(text: &str) -> Result<Dtype, String> {
    let (name, format) = match text.split_once('=') {
        Some((name, format)) => (Some(name), format),
        None => (None, text),
    };
    let component = name.map(component).transpose()?;
    let (format, slow) = match format.split_once('+') {
        Some(_) if component != Some(ComponentName::MimiDecoder) => {
            return Err("only mimi_decoder has slow layers: mimi_decoder=FORMAT+FORMAT".to_owned());
        }
        Some((format, slow)) => (format, Some(weight_format(slow)?)),
        None => (format, None),
    };
    Ok(Dtype {
        component,
        format: weight_format(format)?,
        slow,
    })
}

fn weight_format(name: &str) -> Result<WeightFormat, String> {
    WeightFormat::from_name(name).ok_or_else(|| {
        let names = WeightFormat::ALL.map(WeightFormat::as_str);
        let nearest = nearest(name, &names);
        format!("no such format{nearest}; there are {}", names.join(", "))
    })
}

fn component(text: &str) -> Result<ComponentName, String> {
    ComponentName::from_name(text).ok_or_else(|| {
        let names = ComponentName::ALL.map(ComponentName::as_str);
        let nearest = nearest(text, &names);
        format!("no such component{nearest}; there are {}", names.join(", "))
    })
}

impl From<&ModelArgs> for ModelSource {
    fn from(args: &ModelArgs) -> Self {
        let ModelArgs {
            variant,
            config,
            weights,
            mimi_weights,
            adapter,
            tokenizer,
            synthetic,
        } = args.clone();
        Self {
            variant,
            config,
            weights,
            mimi_weights,
            adapter,
            tokenizer,
            synthetic,
        }
    }
}
