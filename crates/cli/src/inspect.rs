//! `pocket-onnx inspect`: what a bundle contains.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Result;
use bundle::{Carry, Component, Dim, Manifest, TensorInfo};

use crate::args::InspectArgs;
use crate::convert::{dtype_text, summary};
use crate::output::{megabytes, print, table};

pub(crate) fn run(args: &InspectArgs) -> Result<ExitCode> {
    let manifest = Manifest::read(&args.bundle)?;
    let text = if args.json {
        manifest.to_json()?
    } else {
        describe(&manifest, args)?
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn describe(manifest: &Manifest, args: &InspectArgs) -> Result<String> {
    let mut text = summary(manifest, &args.bundle) + "\n";
    let Manifest {
        sample_rate,
        frame_rate,
        frame_size,
        tokenizer,
        ..
    } = manifest;
    writeln!(
        text,
        "{sample_rate} Hz, {frame_rate} latents per second, {frame_size} samples each"
    )?;
    writeln!(
        text,
        "tokenizer: {}, {} pieces ({})",
        tokenizer.kind, tokenizer.vocabulary, tokenizer.file.name
    )?;
    let cloning = if manifest.voice_cloning { "yes" } else { "no" };
    writeln!(text, "voice cloning: {cloning}")?;
    let voices = (manifest.voices.iter())
        .map(|voice| format!("{} ({} positions)", voice.name, voice.positions))
        .collect::<Vec<_>>();
    if !voices.is_empty() {
        writeln!(text, "voices: {}", voices.join(", "))?;
    }
    for (name, component) in &manifest.components {
        writeln!(
            text,
            "\n{name}: graph {}, weights {} in {}",
            megabytes(component.graph.size),
            megabytes(component.data.size),
            dtype_text(component)
        )?;
        text += &interface(component);
        text += &states(component);
    }
    Ok(text)
}

/// Inputs and outputs that are not states.
fn interface(component: &Component) -> String {
    let mut rows = Vec::new();
    let mut add = |direction: &str, info: &TensorInfo, is_state: bool| {
        if !is_state {
            let dtype = format!("{:?}", info.dtype).to_lowercase();
            rows.push(vec![
                direction.to_owned(),
                info.name.clone(),
                dtype,
                shape(&info.shape),
            ]);
        }
    };
    for info in &component.inputs {
        add(
            "  in",
            info,
            component.states.iter().any(|s| s.input == info.name),
        );
    }
    for info in &component.outputs {
        add(
            "  out",
            info,
            component.states.iter().any(|s| s.output == info.name),
        );
    }
    table(&["", "NAME", "TYPE", "SHAPE"], rows, &[])
}

fn states(component: &Component) -> String {
    if component.states.is_empty() {
        return String::new();
    }
    let rows = component.states.iter().map(|state| {
        let index = state.index.map(|i| format!("[{i}]")).unwrap_or_default();
        let rule = match state.carry {
            Carry::Append { axis } => format!("appended, axis {axis}"),
            Carry::Replace => "replaced".to_owned(),
        };
        vec![
            format!("  {} -> {}", state.input, state.output),
            shape(&state.shape),
            rule,
            format!("{}/{}{index}", state.module, state.key),
        ]
    });
    table(&["  STATE", "SHAPE", "CARRIED", "UPSTREAM"], rows, &[])
}

fn shape(dims: &[Dim]) -> String {
    let dims: Vec<String> = dims.iter().map(Dim::to_string).collect();
    format!("[{}]", dims.join(","))
}
