//! `pocket-onnx verify`: checks a bundle.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use engine::Engine;
use runtime::onnxruntime::{self, OnnxRuntime};
use runtime::rten::{self, Rten};
use runtime::{Backend, RuntimeError};
use verify::{VerifyOptions, VerifyReport};

use crate::args::VerifyArgs;
use crate::output::{SYNTHETIC, note, print, table};

/// What `verify` checks, and against what.
pub(crate) struct VerifyRequest<'a> {
    pub(crate) bundle: &'a Path,
    pub(crate) records: Option<&'a Path>,
    pub(crate) onnxruntime: Option<&'a Path>,
    pub(crate) tolerance: f64,
}

pub(crate) fn run(args: &VerifyArgs) -> Result<ExitCode> {
    let report = verify_bundle(&VerifyRequest {
        bundle: &args.bundle,
        records: args.records.as_deref(),
        onnxruntime: args.onnxruntime.as_deref(),
        tolerance: args.tolerance,
    })?;
    let text = if args.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        describe(&report) + &verdict(&report)
    };
    print(&text)?;
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Checks and runs the bundle in every available backend.
pub(crate) fn verify_bundle(request: &VerifyRequest<'_>) -> Result<VerifyReport> {
    let engine = Engine::default();
    let embedded = Rten::new(rten::RtenOptions::default());
    let options = onnxruntime::OnnxRuntimeOptions {
        library: request.onnxruntime.map(Path::to_owned),
        ..onnxruntime::OnnxRuntimeOptions::default()
    };
    let onnxruntime = match OnnxRuntime::new(options) {
        Ok(backend) => Some(backend),
        // Without ONNX Runtime, rten alone has to do; a library that was named must work.
        Err(absent @ RuntimeError::NoOnnxRuntime { .. }) if request.onnxruntime.is_none() => {
            note(&format!("notice: {:#}", anyhow::Error::new(absent)));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut backends: Vec<&dyn Backend> = vec![&embedded];
    backends.extend(onnxruntime.iter().map(|backend| backend as &dyn Backend));
    backends.push(&engine);
    let options = VerifyOptions {
        backends,
        records: request.records,
        tolerance: request.tolerance,
    };
    Ok(verify::verify(request.bundle, &options, &|step| {
        note(step);
    })?)
}

/// The whole report in readable form.
fn describe(report: &VerifyReport) -> String {
    let mut lines = Vec::new();
    for check in &report.checks {
        let of = check
            .component
            .map(|name| format!(" of {name}"))
            .unwrap_or_default();
        if check.passed() {
            lines.push(format!("ok    {}{of}", check.name));
        }
        for finding in &check.findings {
            lines.push(format!("FAIL  {}{of}: {finding}", check.name));
        }
    }
    if !report.comparisons.is_empty() {
        lines.push(format!("\n{}", comparisons(report)));
    }
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n") + "\n\n"
}

fn comparisons(report: &VerifyReport) -> String {
    let header = [
        "",
        "COMPONENT",
        "TENSOR",
        "SOURCES",
        "ABSOLUTE",
        "RELATIVE",
        "WORST AT",
    ];
    let rows = report.comparisons.iter().map(|row| {
        let problem = row.problem.as_ref().map(|problem| format!(": {problem}"));
        vec![
            if row.passed { "ok" } else { "FAIL" }.to_owned(),
            row.component.to_string(),
            row.tensor.clone(),
            row.what.clone(),
            format!("{:.1e}", row.max_abs),
            format!("{:.1e}", row.max_rel),
            row.context.clone() + &problem.unwrap_or_default(),
        ]
    });
    table(&header, rows, &[])
}

/// The summary line.
pub(crate) fn verdict(report: &VerifyReport) -> String {
    let name = report.bundle.variant.as_deref().unwrap_or("custom model");
    let synthetic = match report.bundle.synthetic_seed {
        Some(_) => format!(" ({SYNTHETIC})"),
        None => String::new(),
    };
    let backends = report.backends.join(" and ");
    let failed = report.checks.iter().filter(|check| !check.passed()).count()
        + report.comparisons.iter().filter(|row| !row.passed).count();
    if failed > 0 {
        return format!("FAILED: {name}{synthetic}: {failed} failures, in {backends}\n");
    }
    let worst = report
        .comparisons
        .iter()
        .max_by(|a, b| a.max_rel.total_cmp(&b.max_rel));
    let worst = worst.map_or_else(String::new, |row| {
        format!(
            "; largest difference {:.1e} of the largest value ({} of {}, {})",
            row.max_rel, row.tensor, row.component, row.what
        )
    });
    format!(
        "passed: {name}{synthetic}: {} checks and {} comparisons in {backends}{worst}\n",
        report.checks.len(),
        report.comparisons.len(),
    )
}
