//! What all tests of bundles need.

use std::path::Path;

use bundle::{ComponentName, FileEntry, Manifest};
use engine::Engine;
use onnx::proto::ModelProto;
use prost::Message as _;
use runtime::Backend;
use runtime::onnxruntime::{self, OnnxRuntime};
use runtime::rten::Rten;
use verify::{VerifyError, VerifyOptions, VerifyReport};

/// The error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Both backends for graphs, ONNX Runtime first.
pub(crate) fn backends() -> (OnnxRuntime, Rten) {
    let onnx_runtime = OnnxRuntime::new(onnxruntime::OnnxRuntimeOptions::default());
    (
        onnx_runtime.unwrap_or_else(|error| panic!("{}", chain(&error))),
        Rten::default(),
    )
}

/// Verifies on all backends.
pub(crate) fn verify(dir: &Path, records: Option<&Path>) -> Result<VerifyReport, VerifyError> {
    let (onnx_runtime, rten) = backends();
    verify_on(&[&onnx_runtime, &rten, &Engine::default()], dir, records)
}

/// Verifies on these backends.
pub(crate) fn verify_on(
    backends: &[&dyn Backend],
    dir: &Path,
    records: Option<&Path>,
) -> Result<VerifyReport, VerifyError> {
    let options = VerifyOptions {
        backends: backends.to_vec(),
        records,
        ..VerifyOptions::default()
    };
    verify::verify(dir, &options, &|_| {})
}

/// Everything that is wrong, one line each.
pub(crate) fn failures(report: &VerifyReport) -> Vec<String> {
    let mut failures = Vec::new();
    for check in &report.checks {
        let component = check.component.map_or("bundle", ComponentName::as_str);
        let findings = check.findings.iter();
        failures.extend(findings.map(|f| format!("{component} {}: {f}", check.name)));
    }
    for row in report.comparisons.iter().filter(|row| !row.passed) {
        failures.push(format!(
            "{} {} ({}), {}: {:.1e} {:?}",
            row.component, row.tensor, row.what, row.context, row.max_rel, row.problem
        ));
    }
    failures
}

/// Changes the manifest in place.
pub(crate) fn edit_manifest(dir: &Path, edit: impl FnOnce(&mut Manifest)) {
    let mut manifest = Manifest::read(dir).unwrap();
    edit(&mut manifest);
    std::fs::write(dir.join(Manifest::FILE), manifest.to_json().unwrap()).unwrap();
}

/// Changes a file, and the manifest so that size and digest are right again.
pub(crate) fn edit_file(dir: &Path, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    let path = dir.join(name);
    let mut bytes = std::fs::read(&path).unwrap();
    edit(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    let new = FileEntry::of(dir, name).unwrap();
    edit_manifest(dir, |manifest| {
        for component in manifest.components.values_mut() {
            for entry in [&mut component.graph, &mut component.data] {
                if entry.name == name {
                    *entry = new.clone();
                }
            }
        }
        if manifest.tokenizer.file.name == name {
            manifest.tokenizer.file = new.clone();
        }
    });
}

/// Changes the graph of a component, and the manifest with it.
pub(crate) fn edit_graph(dir: &Path, name: ComponentName, edit: impl FnOnce(&mut ModelProto)) {
    edit_file(dir, &format!("{name}.onnx"), |bytes| {
        let mut model = ModelProto::decode(bytes.as_slice()).unwrap();
        edit(&mut model);
        *bytes = model.encode_to_vec();
    });
}
