//! `pocket-onnx convert`: from a checkpoint to a bundle.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use bundle::{Component, ComponentName, Manifest, WeightFormat};
use pocket_onnx::convert::{ComponentFormats, Conversion, GraphFormats};
use pocket_onnx::voices::NO_VOICE;
use serde_json::json;

use crate::args::{ConvertArgs, Dtype};
use crate::interrupt;
use crate::output::{SYNTHETIC, megabytes, note, path_text, print};
use crate::progress::Bar;

pub(crate) fn run(args: &ConvertArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    let started = Instant::now();
    let conversion = Conversion::new((&args.model).into())
        .opset(args.opset_version)
        .components(args.components.iter().copied())
        .formats(component_formats(&args.dtype, &args.components)?)
        .voices(args.voices.iter().cloned())
        .word_heads(args.word_heads.iter().copied())
        .word_times(args.word_times);
    let manifest = conversion.write_watched(&args.output_dir, &Bar::new(args.quiet))?;
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        let summary = json!({
            "output_dir": path_text(&args.output_dir),
            "variant": manifest.variant,
            "synthetic": manifest.synthetic,
            "voice_cloning": manifest.voice_cloning,
            "opset_version": manifest.opset_version,
            "components": manifest.components.keys().collect::<Vec<_>>(),
            "formats": manifest.components.iter().map(|(name, it)| (name, dtype_text(it))).collect::<BTreeMap<_, _>>(),
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
            NO_VOICE,
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

/// How the weights of every component are stored.
fn component_formats(dtypes: &[Dtype], components: &[ComponentName]) -> Result<ComponentFormats> {
    let mut general = dtypes.iter().filter(|dtype| dtype.component.is_none());
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
    for dtype in dtypes {
        let Some(component) = dtype.component else {
            continue;
        };
        if !named.insert(component) {
            bail!("--dtype names two formats for {component}");
        }
        if !components.is_empty() && !components.contains(&component) {
            bail!("--dtype names {component}, which --components leaves out");
        }
        let formats_of = GraphFormats {
            weights: dtype.format,
            slow: dtype.slow,
        };
        formats = formats.with(component, formats_of);
    }
    Ok(formats)
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

/// A component's formats, as `--dtype` takes them.
pub(crate) fn dtype_text(component: &Component) -> String {
    let formats: Vec<_> = component.formats().map(WeightFormat::as_str).collect();
    formats.join("+")
}

/// Names of all formats, the most exact first.
fn formats(manifest: &Manifest) -> String {
    let formats = manifest.components.values().flat_map(Component::formats);
    let used: HashSet<_> = formats.collect();
    let names: Vec<_> = (WeightFormat::ALL.into_iter())
        .filter(|format| used.contains(format))
        .map(WeightFormat::as_str)
        .collect();
    names.join(" and ")
}

/// Bytes of all files but the manifest.
pub(crate) fn bytes(manifest: &Manifest) -> u64 {
    manifest.files().map(|file| file.size).sum()
}
