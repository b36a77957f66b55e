//! What the weight formats cost in quality, against f32.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{program, report};
use crate::run::target;

/// What is judged where no bundles are given.
const JUDGED_VARIANT: &str = "english_2026-01";
/// What the others are compared with: the formats' `--dtype`.
const EXACT: &[&str] = &["f32"];
/// The rows of the table: a name, and the formats' `--dtype`.
const ROWS: [(&str, &[&str]); 6] = [
    ("default", &[]),
    ("bf16", &["bf16"]),
    ("q16", &["q16"]),
    ("q8", &["q8"]),
    ("q6", &["q6"]),
    ("q4", &["q4"]),
];
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

/// Converts the model in every row's formats and speaks twenty sentences in each. `weights` are those
/// of the variant; without them they are random.
pub(crate) fn bench(weights: Option<&Path>) -> Result<()> {
    let (command, measuring) = (program::command()?, program::measuring("quality")?);
    let scratch = tempfile::tempdir_in(target("release"))?;
    let convert = |name: &str, formats: &[&str]| -> Result<PathBuf> {
        let bundle = scratch.path().join(name);
        let mut options = SPEAKING.map(OsStr::new).to_vec();
        for format in formats {
            options.extend(["--dtype", format].map(OsStr::new));
        }
        match weights {
            Some(weights) => options.extend([OsStr::new("--weights"), weights.as_os_str()]),
            None => options.extend(["--synthetic", "1"].map(OsStr::new)),
        }
        program::convert(&command, JUDGED_VARIANT, &options, &bundle)?;
        Ok(bundle)
    };
    let reference = convert("reference", EXACT)?;
    let bundles = ROWS.map(|(name, formats)| convert(name, formats));
    let bundles = bundles.into_iter().collect::<Result<Vec<_>>>()?;
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
    for ((name, _), line) in ROWS.iter().zip(lines.lines()) {
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
            "| {name} | {:.3} % | {same_end} of {sentences}, {other_end} frames off | {sound_db:.1} dB | \
             {quiet_db:.1} dB | {free_db:.1} dB |",
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
