//! How fast bundles speak in a page, in a real browser.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{machine, median, program, report};
use crate::run::{run, target};
use crate::setup::{debian, npm};
use crate::wasm;

/// Bundles by name, and the variants that they are made of.
const BUNDLES: [(&str, &str); 3] = [
    ("english", "english_2026-01"),
    ("english_2m", "english_2m_2026-10"),
    ("english_24l", "english_2026-04_24l"),
];

/// Runs of one case.
#[derive(Debug, Deserialize)]
struct Case {
    bundle: String,
    backend: String,
    threads: usize,
    runs: Vec<Figures>,
}

/// What one run measured; times in seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    cold: f64,
    cached: f64,
    clone: f64,
    first: f64,
    real_time_factor: f64,
    /// Milliseconds of a call, by component.
    parts: BTreeMap<String, f64>,
    memory: f64,
}

pub(crate) fn bench() -> Result<()> {
    debian::ensure("chromium", "--version", &["chromium"])?;
    wasm::wasm()?;
    let command = program::command()?;
    let scratch = tempfile::tempdir_in(target(""))?;
    for (name, variant) in BUNDLES {
        let bundle = scratch.path().join(name);
        program::convert(&command, variant, &["--synthetic", "1"], &bundle)?;
    }
    let machine = machine::describe();
    let figures = scratch.path().join("figures.json");
    run(npm::command(
        &wasm::package(),
        &[
            "exec",
            "vitest",
            "--",
            "run",
            "--config",
            "vitest.bench.config.ts",
        ],
    )
    .env("POCKET_ONNX_BUNDLES", scratch.path())
    .env("POCKET_ONNX_COMMAND", &command)
    .env("POCKET_ONNX_FIGURES", &figures))?;
    let text = fs::read_to_string(&figures).context("the browser wrote no figures")?;
    let cases: Vec<Case> = serde_json::from_str(&text)?;

    let mut rows = String::new();
    for case in &cases {
        let of = |figure: &dyn Fn(&Figures) -> f64| {
            median(&case.runs.iter().map(figure).collect::<Vec<_>>())
        };
        let part = |name: &str| of(&|f| f.parts.get(name).copied().unwrap_or(f64::NAN));
        writeln!(
            rows,
            "| {} | {} | {} | {:.3} | {:.0} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.0} ms | {:.2} s | {:.2} s | \
             {:.2} s | {:.0} MB |",
            case.bundle,
            case.backend,
            case.threads,
            of(&|f| f.real_time_factor),
            of(&|f| f.first) * 1e3,
            part("flow_lm"),
            part("flow_net"),
            part("mimi_decoder"),
            part("prefill"),
            of(&|f| f.clone),
            of(&|f| f.cold),
            of(&|f| f.cached),
            of(&|f| f.memory) / 1e6,
        )?;
    }
    let runs = cases.first().map_or(0, |case| case.runs.len());
    let text = format!(
        "Chromium, headless; synthetic bundles in the default formats: `english` is `english_2026-01`, `english_2m` \
         `english_2m_2026-10`, `english_24l` `english_2026-04_24l`. A cloned voice of 125 frames, about 28 tokens, \
         speech to its length limit; medians of {runs} alternating runs; {machine}.\n\
         *First sound* is from the call with a prepared voice; *clone* makes a voice of ten seconds; *cold* and \
         *cached* are from the call of `fromPretrained` to being ready. Memory is that of the engine's modules in \
         both workers, the encoder's included once a voice was cloned; ONNX Runtime's own is not counted.\n\n\
         | bundle | backend | workers | real-time factor | first sound | flow_lm | flow_net | mimi_decoder | prefill | clone | cold | cached | memory |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}"
    );
    println!("{text}");
    report::write_section("page", &text)
}
