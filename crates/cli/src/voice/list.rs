//! `pocket-onnx voice list`: lists voices.

use std::process::ExitCode;

use anyhow::Result;
use bundle::Manifest;
use config::{PredefinedVoice, Variant};
use serde_json::json;

use crate::args::VoiceListArgs;
use crate::included;
use crate::output::{megabytes, note_synthetic, print, table};

pub(crate) fn run(args: &VoiceListArgs) -> Result<ExitCode> {
    let manifest = if args.variant.is_some() {
        None
    } else {
        let chosen = included::or_included(&args.bundle, args.json)?;
        Some(Manifest::read(&chosen.bundle)?)
    };
    let variant = args.variant.as_deref();
    let variant = variant.or(manifest.as_ref().and_then(|m| m.variant.as_deref()));
    let variant = variant.map(Variant::find).transpose()?;
    let bundled = manifest.as_ref().map_or(&[][..], |m| &m.voices);
    let predefined = variant.map_or(&[][..], Variant::voices);
    let text = if args.json {
        let location = |voice: &PredefinedVoice| {
            variant.and_then(|variant| variant.predefined_voice_location(voice.name))
        };
        let list = json!({
            "synthetic": manifest.as_ref().and_then(|m| m.synthetic.as_ref()),
            "bundle": bundled,
            "predefined": (predefined.iter())
                .map(|voice| json!({
                    "name": voice.name,
                    "default": variant.is_some_and(|v| v.default_voice() == voice.name),
                    "location": location(voice),
                    "recording": voice.origin,
                }))
                .collect::<Vec<_>>(),
        });
        format!("{list:#}\n")
    } else {
        if let Some(manifest) = &manifest {
            note_synthetic(manifest);
        }
        describe(bundled, predefined, variant)
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn describe(
    bundled: &[bundle::VoiceEntry],
    predefined: &[PredefinedVoice],
    variant: Option<&Variant>,
) -> String {
    let own = bundled.iter().map(|voice| {
        vec![
            voice.name.clone(),
            format!("in the bundle, {}", megabytes(voice.file.size)),
        ]
    });
    let others = predefined
        .iter()
        .filter(|p| bundled.iter().all(|b| b.name != p.name));
    let others = others.map(|voice| {
        let default = variant.is_some_and(|v| v.default_voice() == voice.name);
        let included = variant.is_some_and(Variant::is_included);
        let note = match (included, default) {
            (true, true) => "included in pocket-onnx, the model's default",
            (true, false) => "included in pocket-onnx",
            (false, true) => "predefined, fetched on use, the language's default",
            (false, false) => "predefined, fetched on use",
        };
        vec![voice.name.to_owned(), note.to_owned()]
    });
    let rows: Vec<_> = own.chain(others).collect();
    if rows.is_empty() {
        return "no voices: add one with `pocket-onnx voice import`\n".to_owned();
    }
    table(&["VOICE", "WHERE"], rows, &[])
}
