//! How fast a bundle speaks, in every backend, and pocket-tts beside them where it is installed.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use config::Variant;
use serde::Deserialize;

use super::checkpoint_file;
use super::{machine, median, program, report};
use crate::run::target;

const SPEAKING_VARIANT: &str = "english_2026-01";
/// Runs of each, in alternation.
const SPEAK_RUNS: usize = 3;
/// What is measured: the bundle's formats, what runs it, and threads.
const SPEAK_CASES: [(&str, &str, usize); 7] = [
    ("default", "engine", 1),
    ("default", "engine", 2),
    ("f32", "engine", 1),
    ("f32", "engine", 2),
    ("f32", "ONNX Runtime", 1),
    ("f32", "ONNX Runtime", 2),
    ("f32", "rten", 1),
];
/// What the benchmark holds the engine to, on one thread and on two.
const MAX_ENGINE: [f64; 2] = [0.15, 0.1];
/// What it holds ONNX Runtime to, on two threads.
const MAX_REAL_TIME_FACTOR: f64 = 0.4;
const MAX_FIRST_SOUND: f64 = 0.25;
/// A step after 900 positions against one after 100, in every backend of ONNX graphs.
const MAX_STEP_RATIO: f64 = 1.35;
/// The same utterance by pocket-tts.
const POCKET_TTS: &str = include_str!("pocket_tts.py");

/// What one run measured.
#[derive(Debug, Deserialize)]
struct SpeakFigures {
    load: f64,
    real_time_factor: f64,
    first_sound: f64,
    prefill_ms: f64,
    flow_lm_ms: f64,
    flow_net_ms: f64,
    mimi_decoder_ms: f64,
    memory: u64,
    step_ms: [f64; 3],
}

pub(crate) fn bench() -> Result<()> {
    let machine = machine::describe();
    let (command, measuring) = (program::command()?, program::measuring("measure")?);
    let scratch = tempfile::tempdir_in(target("release"))?;
    let bundle = |format: &str| scratch.path().join(format);
    let random = ["--synthetic", "1"];
    let exact = ["--synthetic", "1", "--dtype", "f32"];
    for (format, options) in [("default", &random[..]), ("f32", &exact[..])] {
        program::convert(&command, SPEAKING_VARIANT, options, &bundle(format))?;
    }
    let original = Original::find(scratch.path())?;

    let mut measured: Vec<Vec<SpeakFigures>> = SPEAK_CASES.iter().map(|_| Vec::new()).collect();
    let mut originals = Vec::new();
    for _ in 0..SPEAK_RUNS {
        for ((format, backend, threads), runs) in SPEAK_CASES.iter().zip(&mut measured) {
            runs.push(measure(&measuring, &bundle(format), backend, *threads)?);
        }
        originals.extend(original.as_ref().map(Original::measure).transpose()?);
    }

    let mut rows = String::new();
    for ((format, backend, threads), runs) in SPEAK_CASES.iter().zip(&measured) {
        rows += &row(&format!("{backend}, {format}"), *threads, runs)?;
    }
    let case = |backend: &str, threads: usize| {
        let found = SPEAK_CASES
            .iter()
            .position(|case| case.1 == backend && case.2 == threads);
        &measured[found.unwrap_or_default()]
    };
    let of = |figure: fn(&SpeakFigures) -> f64, backend: &str, threads: usize| {
        middle(case(backend, threads), figure)
    };
    let original = if originals.is_empty() {
        "On this machine pocket-tts was not installed, so it was not run beside them.".to_owned()
    } else {
        let theirs = median(&originals);
        let ours = of(|f| f.real_time_factor, "engine", 1);
        format!(
            "pocket-tts itself, in alternation, one thread: {theirs:.2}, {:.2} times the engine's.",
            theirs / ours
        )
    };
    let text = format!(
        "Model `{SPEAKING_VARIANT}` (synthetic), in the default formats and in f32, a voice of 125 positions, 28 tokens, 120 frames; medians of {SPEAK_RUNS} \
         alternating runs; {machine}.\n\
         The real-time factor is seconds of work for a second of speech. With two threads the decoder has one of \
         its own. *First sound* is from the call, with a loaded voice; *step* is one of `flow_lm` after 100, 300 \
         and 900 positions; memory is the process's peak.\n\n\
         | backend | threads | real-time factor | first sound | prefill | flow_lm | flow_net | mimi_decoder | step | load | memory |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}\n{original}\n"
    );
    report::write_section("speak", &text)?;
    let mut failures = Vec::new();
    for (threads, limit) in (1..).zip(MAX_ENGINE) {
        if of(|f| f.real_time_factor, "engine", threads) > limit {
            failures.push("the engine's real-time factor");
        }
    }
    if of(|f| f.real_time_factor, "ONNX Runtime", 2) > MAX_REAL_TIME_FACTOR {
        failures.push("real-time factor");
    }
    if of(|f| f.first_sound, "ONNX Runtime", 2) > MAX_FIRST_SOUND {
        failures.push("first sound");
    }
    for backend in ["ONNX Runtime", "rten"] {
        if of(|f| f.step_ms[2] / f.step_ms[0], backend, 1) > MAX_STEP_RATIO {
            failures.push("step after 900 positions");
        }
    }
    if !failures.is_empty() {
        bail!("past the limits: {}", failures.join(", "));
    }
    Ok(())
}

fn measure(measuring: &Path, bundle: &Path, backend: &str, threads: usize) -> Result<SpeakFigures> {
    let output = Command::new(measuring)
        .arg(bundle)
        .arg(backend)
        .arg(threads.to_string())
        .output()
        .context("cannot start the measurement")?;
    if !output.status.success() {
        bail!("{backend}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let figures: SpeakFigures = serde_json::from_slice(&output.stdout)?;
    println!("{backend}, {threads} threads: {figures:?}");
    Ok(figures)
}

fn middle(runs: &[SpeakFigures], figure: impl Fn(&SpeakFigures) -> f64) -> f64 {
    median(&runs.iter().map(figure).collect::<Vec<_>>())
}

fn row(backend: &str, threads: usize, runs: &[SpeakFigures]) -> Result<String> {
    let of = |figure: fn(&SpeakFigures) -> f64| middle(runs, figure);
    let mut row = String::new();
    writeln!(
        row,
        "| {backend} | {threads} | {:.2} | {:.0} ms | {:.0} ms | {:.1} ms | {:.1} ms | {:.1} ms | \
         {:.1} / {:.1} / {:.1} ms | {:.2} s | {:.0} MB |",
        of(|f| f.real_time_factor),
        of(|f| f.first_sound) * 1e3,
        of(|f| f.prefill_ms),
        of(|f| f.flow_lm_ms),
        of(|f| f.flow_net_ms),
        of(|f| f.mimi_decoder_ms),
        of(|f| f.step_ms[0]),
        of(|f| f.step_ms[1]),
        of(|f| f.step_ms[2]),
        of(|f| f.load),
        of(|f| f.memory as f64) / 1e6,
    )?;
    Ok(row)
}

/// The Python package, with a checkpoint of the same shape.
struct Original {
    script: std::path::PathBuf,
    config: std::path::PathBuf,
}

impl Original {
    /// None where `python3` cannot import it.
    fn find(scratch: &Path) -> Result<Option<Self>> {
        let import = Command::new("python3")
            .args(["-c", "import pocket_tts"])
            .output();
        if !import.is_ok_and(|ran| ran.status.success()) {
            return Ok(None);
        }
        let config = Variant::find(SPEAKING_VARIANT)?.config();
        let original = Self {
            script: scratch.join("pocket_tts_bench.py"),
            config: checkpoint_file::write_model(config, scratch)?,
        };
        std::fs::write(&original.script, POCKET_TTS)?;
        Ok(Some(original))
    }

    /// Its real-time factor.
    fn measure(&self) -> Result<f64> {
        let output = Command::new("python3")
            .arg(&self.script)
            .arg(&self.config)
            .output()?;
        if !output.status.success() {
            bail!("pocket-tts: {}", String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8(output.stdout)?;
        text.trim().parse().context("pocket-tts gave no number")
    }
}
