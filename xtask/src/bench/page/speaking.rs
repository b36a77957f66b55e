//! Speech with bundles of the released models' sizes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde::Deserialize;

use super::median;

/// Runs of one case.
#[derive(Debug, Deserialize)]
pub(super) struct SpeakingCase {
    browser: String,
    version: String,
    bundle: String,
    backend: String,
    threads: usize,
    runs: Vec<PageFigures>,
}

/// What one run measured; times in seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageFigures {
    cold: f64,
    cached: f64,
    clone: f64,
    first: f64,
    real_time_factor: f64,
    /// Milliseconds of a call, by component.
    parts: BTreeMap<String, f64>,
    memory: f64,
}

pub(super) fn table(cases: &[SpeakingCase], machine: &str) -> Result<String> {
    let mut rows = String::new();
    for case in cases {
        let of = |figure: &dyn Fn(&PageFigures) -> f64| {
            median(&case.runs.iter().map(figure).collect::<Vec<_>>())
        };
        let part = |name: &str| of(&|f| f.parts.get(name).copied().unwrap_or(f64::NAN));
        writeln!(
            rows,
            "| {} | {} | {} | {} | {:.3} | {:.0} ms | {:.1} ms | {:.1} ms | {:.1} ms | {:.0} ms | {:.2} s | \
             {:.2} s | {:.2} s | {:.0} MB |",
            case.browser,
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
    let mut versions: Vec<String> = (cases.iter())
        .map(|case| format!("{} {}", case.browser, case.version))
        .collect();
    versions.sort();
    versions.dedup();
    Ok(format!(
        "{}, the first two headless; synthetic bundles in the default formats: `english` is `english_2026-01`, \
         `english_2m` `english_2m_2026-10`, `english_24l` `english_2026-04_24l`. A cloned voice of 125 frames, about \
         28 tokens, speech to its length limit; medians of {runs} alternating runs; {machine}.\n\
         The backend `simd128` is the engine's build for browsers without relaxed SIMD. \
         *First sound* is from the call with a prepared voice; *clone* makes a voice of ten seconds; *cold* and \
         *cached* are from the call of `fromPretrained` to being ready. Memory is that of the engine's modules in \
         both workers, the encoder's included once a voice was cloned; ONNX Runtime's own is not counted.\n\n\
         | browser | bundle | backend | workers | real-time factor | first sound | flow_lm | flow_net | mimi_decoder | prefill | clone | cold | cached | memory |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}",
        versions.join(", "),
    ))
}
