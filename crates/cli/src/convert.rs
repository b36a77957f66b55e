//! `pocket-onnx convert`: from a checkpoint to a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::panic;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bundle::{ComponentName, Manifest, WeightFormat, WeightsId};
use config::{Config, Variant, WordHead};
use export::{ComponentFormats, Export, Staging};
use onnx::Opset;
use serde_json::json;

use crate::args::{ConvertArgs, Dtype, ModelArgs};
use crate::interrupt::{self, Writing};
use crate::model::SourceModel;
use crate::output::{SYNTHETIC, megabytes, note, path_text, print};
use crate::progress::Bar;
use crate::scratch::ScratchFolder;
use crate::voice;
use crate::voices::{BundleVoices, Earlier, Successor};

/// Folder of a bundle that others are made from.
const SHARED_BUNDLE: &str = "whole";

/// What to convert, where to, and how much to say.
pub(crate) struct Conversion<'a> {
    pub(crate) model: &'a ModelArgs,
    pub(crate) output: &'a Path,
    pub(crate) opset: Opset,
    /// Empty means all.
    pub(crate) components: &'a [ComponentName],
    /// As typed.
    pub(crate) dtype: &'a [Dtype],
    /// As typed.
    pub(crate) voices: &'a [String],
    /// As typed.
    pub(crate) word_heads: &'a [WordHead],
    /// Whether the graphs tell when words are spoken.
    pub(crate) word_times: bool,
    pub(crate) quiet: bool,
}

pub(crate) fn run(args: &ConvertArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    let conversion = Conversion {
        model: &args.model,
        output: &args.output_dir,
        opset: args.opset_version,
        components: &args.components,
        dtype: &args.dtype,
        voices: &args.voices,
        word_heads: &args.word_heads,
        word_times: args.word_times,
        quiet: args.quiet,
    };
    let started = Instant::now();
    let manifest = conversion.run()?;
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        let summary = json!({
            "output_dir": path_text(&args.output_dir),
            "variant": manifest.variant,
            "synthetic": manifest.synthetic,
            "voice_cloning": manifest.voice_cloning,
            "opset_version": manifest.opset_version,
            "components": manifest.components.keys().collect::<Vec<_>>(),
            "formats": manifest.components.iter().map(|(name, it)| (name, it.format)).collect::<BTreeMap<_, _>>(),
            "voices": manifest.voices.iter().map(|voice| &voice.name).collect::<Vec<_>>(),
            "bytes": bytes(&manifest),
            "seconds": seconds,
        });
        print(&format!("{summary:#}\n"))?;
    } else if !args.quiet {
        print(&format!(
            "{} in {seconds:.1} s\n",
            summary(&manifest, &args.output_dir)
        ))?;
    }
    if !args.quiet {
        note_voiceless(&manifest, &args.output_dir);
    }
    Ok(ExitCode::SUCCESS)
}

/// Hints at how to get a voice if the model has none: only released models have predefined voices.
fn note_voiceless(manifest: &Manifest, bundle: &Path) {
    let has = |name| manifest.components.contains_key(&name);
    let speaks = ComponentName::ALL
        .into_iter()
        .all(|name| name == ComponentName::MimiEncoder || has(name));
    if speaks && manifest.variant.is_none() && manifest.voices.is_empty() {
        let bundle = bundle.display();
        note(&format!(
            "notice: {}. Next:\n{}",
            voice::NO_VOICE,
            if has(ComponentName::MimiEncoder) {
                format!(
                    "  pocket-onnx speak \"Hello.\" --bundle {bundle} --voice recording.wav   clones a voice\n  \
                     pocket-onnx convert … --voices recording.wav   puts it into the bundle, for the page too"
                )
            } else {
                format!(
                    "  pocket-onnx voice import voice.safetensors --bundle {bundle}   puts a voice file into the bundle"
                )
            }
        ));
    }
}

impl Conversion<'_> {
    /// Writes the bundle.
    pub(crate) fn run(&self) -> Result<Manifest> {
        // Nothing is downloaded if the conversion would be refused.
        let formats = self.formats()?;
        Staging::check(self.output)?;
        let bar = Bar::new(self.quiet);
        let mut model = SourceModel::open(self.model, &bar)?;
        self.set_heads(&mut model.config, model.identity.variant.as_deref())?;
        for notice in model.notices.iter().filter(|_| !self.quiet) {
            note(&format!("notice: {notice}"));
        }
        let components = self.components(model.identity.voice_cloning)?;
        let export = Export {
            config: &model.config,
            weights: model.weights.as_ref(),
            tokenizer: &model.tokenizer,
            components: &components,
            opset: self.opset,
            attention: self.word_times,
            formats,
            identity: model.identity,
        };
        let variant = export.identity.variant.as_deref();
        let synthetic = export.identity.synthetic;
        let typed = self.voices(variant, synthetic, &components);
        let mut voices = BundleVoices::find(&typed, variant, synthetic, &components, self.quiet)?;
        // Digests tell whether a voice was made by these weights.
        let earlier = Earlier::read(self.output);
        let described = (earlier.as_ref())
            .map(|_| model.files.describe())
            .transpose()?;
        if let (Some(earlier), Some(source)) = (&earlier, &described) {
            earlier.announce(&Successor {
                weights: &WeightsId::new(variant, synthetic, source),
                components: &components,
                named: &voices.names(),
            });
        }
        let whole = if voices.need_encoder() && !components.contains(&ComponentName::MimiEncoder) {
            Some(self.whole(&typed)?)
        } else {
            None
        };
        if let Some(whole) = &whole {
            voices.take_from(&whole.path().join(SHARED_BUNDLE));
        }
        let _writing = Writing::begin();
        // Otherwise the digests of what was read are computed while the rest is written.
        thread::scope(|scope| {
            let source = scope.spawn(|| match described {
                Some(source) => Ok(source),
                None => model.files.describe(),
            });
            let complete = |dir: &Path, manifest: &mut Manifest| {
                let source = source.join();
                manifest.source = source.unwrap_or_else(|panic| panic::resume_unwind(panic))?;
                // Another voice may have been imported meanwhile; from now on none can be.
                let earlier = Earlier::read(self.output);
                Ok(voices.add(dir, manifest, earlier.as_ref(), self.quiet)?)
            };
            Ok(export.write_with(self.output, &bar, complete)?)
        })
    }

    /// Puts the heads that tell the times of words into the configuration, where the variant alone
    /// does not say them.
    fn set_heads(&self, config: &mut Config, variant: Option<&str>) -> Result<()> {
        if !self.word_heads.is_empty() {
            config.timestamp_heads = Some(self.word_heads.to_vec());
            config.validate().context("--word-heads")?;
        } else if self.word_times && config.timestamp_heads.is_none() {
            let variant = variant.and_then(|name| Variant::find(name).ok());
            let heads = variant.map_or(&[][..], Variant::word_heads);
            if heads.is_empty() {
                bail!(
                    "--word-times: the word heads of this model are not known: convert \
                     without it, let `pocket-onnx heads` find them, and name them with --word-heads"
                );
            }
            config.timestamp_heads = Some(heads.to_vec());
        }
        Ok(())
    }

    /// The requested voices; by default the included model gets its own.
    fn voices(
        &self,
        variant: Option<&str>,
        synthetic: Option<u64>,
        components: &[ComponentName],
    ) -> Vec<String> {
        if self.voices.is_empty()
            && variant == Some(Variant::INCLUDED)
            && synthetic.is_none()
            && components.contains(&ComponentName::FlowLm)
        {
            return vec!["all".to_owned()];
        }
        self.voices.to_vec()
    }

    /// The same bundle with the encoder, which is needed to make voices from recordings.
    fn whole(&self, voices: &[String]) -> Result<ScratchFolder> {
        let scratch = ScratchFolder::new()?;
        let conversion = Conversion {
            output: &scratch.path().join(SHARED_BUNDLE),
            components: &[],
            voices,
            quiet: true,
            ..*self
        };
        conversion.run()?;
        Ok(scratch)
    }

    /// How the weights of every component are stored.
    fn formats(&self) -> Result<ComponentFormats> {
        let mut general = self.dtype.iter().filter(|dtype| dtype.component.is_none());
        let mut formats = match (general.next(), general.next()) {
            (None, _) => ComponentFormats::default(),
            (Some(dtype), None) => ComponentFormats::all(dtype.format),
            (Some(first), Some(second)) => bail!(
                "--dtype names two formats for all components, {} and {}: give one, or NAME=FORMAT",
                first.format,
                second.format
            ),
        };
        let mut named = BTreeSet::new();
        for dtype in self.dtype {
            let Some(component) = dtype.component else {
                continue;
            };
            if !named.insert(component) {
                bail!("--dtype names two formats for {component}");
            }
            if !self.components.is_empty() && !self.components.contains(&component) {
                bail!("--dtype names {component}, which --components leaves out");
            }
            formats = formats.with(component, dtype.format);
        }
        Ok(formats)
    }

    /// The graphs to write, in the order of use.
    fn components(&self, voice_cloning: bool) -> Result<Vec<ComponentName>> {
        let asked =
            |name: &ComponentName| self.components.is_empty() || self.components.contains(name);
        let mut components: Vec<_> = ComponentName::ALL.into_iter().filter(asked).collect();
        if !voice_cloning {
            if self.components.contains(&ComponentName::MimiEncoder) {
                bail!("mimi_encoder needs the weights with voice cloning, which are not available");
            }
            components.retain(|&name| name != ComponentName::MimiEncoder);
        }
        Ok(components)
    }
}

/// One line that tells what was made.
pub(crate) fn summary(manifest: &Manifest, output: &Path) -> String {
    let name = manifest.variant.as_deref().unwrap_or("custom model");
    let synthetic = match &manifest.synthetic {
        Some(synthetic) => format!(" ({SYNTHETIC}; seed {})", synthetic.seed),
        None => String::new(),
    };
    let count = manifest.components.len();
    let graphs = if count == 1 { "graph" } else { "graphs" };
    format!(
        "{name}{synthetic}: {count} {graphs}, opset {}, {}, {} in {}",
        manifest.opset_version,
        formats(manifest),
        megabytes(bytes(manifest)),
        output.display(),
    )
}

/// Names of all formats, the most exact first.
fn formats(manifest: &Manifest) -> String {
    let used = |format: &WeightFormat| manifest.components.values().any(|it| it.format == *format);
    let names: Vec<_> = (WeightFormat::ALL.into_iter().filter(used))
        .map(WeightFormat::as_str)
        .collect();
    names.join(" and ")
}

/// Bytes of all files but the manifest.
pub(crate) fn bytes(manifest: &Manifest) -> u64 {
    manifest.files().map(|file| file.size).sum()
}
