//! `pocket-onnx variants`: the models that are known by name.

use std::process::ExitCode;

use anyhow::Result;
use config::Variant;
use serde_json::json;

use crate::args::VariantsArgs;
use crate::output::{megabytes, print, table};

pub(crate) fn run(args: &VariantsArgs) -> Result<ExitCode> {
    let text = match &args.name {
        Some(name) => Variant::find(name)?.config().to_yaml()?,
        None if args.json => list_json()?,
        None => list(),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> String {
    let header = [
        "NAME",
        "SIGNATURE",
        "LANGUAGE",
        "LAYERS",
        "PARAMETERS",
        "DOWNLOAD",
    ];
    let rows = Variant::all().iter().map(|variant| {
        let default = if variant.name == Variant::DEFAULT {
            " (default)"
        } else {
            ""
        };
        vec![
            format!("{}{default}", variant.name),
            variant.signature.unwrap_or("-").to_owned(),
            variant.language.to_string(),
            variant.layers().to_string(),
            format!("{:.1} M", variant.value_count() as f64 / 1e6),
            if variant.is_included() {
                "none".to_owned()
            } else {
                megabytes(variant.download_size())
            },
        ]
    });
    table(&header, rows, &[3, 4, 5])
}

fn list_json() -> Result<String> {
    let list = Variant::all().iter().map(|variant| {
        json!({
            "name": variant.name,
            "signature": variant.signature,
            "language": variant.language.to_string(),
            "layers": variant.layers(),
            "parameters": variant.value_count(),
            "download_bytes": if variant.is_included() { 0 } else { variant.download_size() },
            "included": variant.is_included(),
            "default": variant.name == Variant::DEFAULT,
        })
    });
    Ok(serde_json::to_string_pretty(&list.collect::<Vec<_>>())? + "\n")
}
