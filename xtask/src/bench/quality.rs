//! What the weight formats cost in quality, against f32.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use weights::WeightFormat;

use super::{program, report};
use crate::run::target;

/// What is judged where no bundles are given.
const JUDGED_VARIANT: &str = "english_2026-01";
/// What the others are compared with.
const EXACT: WeightFormat = WeightFormat::F32;
/// What speaking needs.
const SPEAKING: [&str; 5] = [
    "--components",
    "text_conditioner",
    "flow_lm",
    "flow_net",
    "mimi_decoder",
];

/// What was measured of a format.
#[derive(Debug, Deserialize)]
struct QualityFigures {
    conditioning: f64,
    sound_db: f64,
    quiet_db: f64,
    free_db: f64,
    same_end: usize,
    other_end: usize,
    sentences: usize,
}

/// The name of a row: of one format for all components, or of the default ones.
fn row_name(format: Option<WeightFormat>) -> &'static str {
    format.map_or("default", WeightFormat::as_str)
}

/// Converts the model in its default formats, and in every format, and speaks twenty sentences in
/// each. `weights` are those of the variant; without them they are random.
pub(crate) fn bench(weights: Option<&Path>) -> Result<()> {
    let (command, measuring) = (program::command()?, program::measuring("quality")?);
    let scratch = tempfile::tempdir_in(target("release"))?;
    let convert = |format: Option<WeightFormat>| -> Result<PathBuf> {
        let bundle = scratch.path().join(row_name(format));
        let mut options = SPEAKING.map(OsStr::new).to_vec();
        if let Some(format) = format {
            options.extend(["--dtype", format.as_str()].map(OsStr::new));
        }
        match weights {
            Some(weights) => options.extend([OsStr::new("--weights"), weights.as_os_str()]),
            None => options.extend(["--synthetic", "1"].map(OsStr::new)),
        }
        program::convert(&command, JUDGED_VARIANT, &options, &bundle)?;
        Ok(bundle)
    };
    let reference = convert(Some(EXACT))?;
    let formats = || {
        let others = WeightFormat::ALL.into_iter().filter(|it| *it != EXACT);
        std::iter::once(None).chain(others.map(Some))
    };
    let bundles = formats().map(convert).collect::<Result<Vec<_>>>()?;
    let output = Command::new(measuring)
        .arg(&reference)
        .args(&bundles)
        .output()
        .context("cannot start the measurement")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let lines = String::from_utf8(output.stdout)?;
    let mut rows = String::new();
    for (format, line) in formats().zip(lines.lines()) {
        let QualityFigures {
            conditioning,
            sound_db,
            quiet_db,
            free_db,
            same_end,
            other_end,
            sentences,
        } = serde_json::from_str(line)?;
        writeln!(
            rows,
            "| {} | {:.3} % | {same_end} of {sentences}, {other_end} frames off | {sound_db:.1} dB | \
             {quiet_db:.1} dB | {free_db:.1} dB |",
            row_name(format),
            conditioning * 100.0,
        )?;
    }
    let whose = if weights.is_some() {
        ""
    } else {
        " (synthetic: a proxy only)"
    };
    let text = format!(
        "Model `{JUDGED_VARIANT}`{whose}, {} sentences in the engine, against f32 weights. *Conditioning* is the \
         backbone's relative error with the same latents; *end* is where speech ends when every format speaks \
         freely; *sound* is the decoder's signal-to-noise ratio with the same latents, and *quiet* how far its error \
         in the quietest tenth of the frames is below the level of the speech; *free* is the signal-to-noise ratio of \
         the first second when each format speaks with its own latents.\n\n\
         | formats | conditioning | end | sound | quiet | free |\n\
         | --- | --- | --- | --- | --- | --- |\n{rows}",
        20,
    );
    println!("{text}");
    report::write_section("quality", &text)
}
