//! The graph file: can it be read, and is it what the manifest says?

use std::path::Path;

use bundle::{Component, TensorInfo};
use export::interface;
use onnx::proto::{ModelProto, OperatorSetIdProto, ValueInfoProto};
use prost::Message as _;

use crate::error::chain;

/// Largest graph that is read: a hundred times that of a large model, whose weights are outside.
const LARGEST_GRAPH: u64 = 64 << 20;

/// Reads a graph file; the error is a finding.
pub(super) fn read(path: &Path) -> Result<ModelProto, String> {
    let name = path.file_name().unwrap_or_default().display();
    let failed = |error: &dyn std::error::Error| format!("{name}: {}", chain(error));
    let size = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
    if size > LARGEST_GRAPH {
        return Err(format!(
            "{name} has {size} bytes, too many for a graph without weights"
        ));
    }
    let bytes = std::fs::read(path).map_err(|e| failed(&e))?;
    let model = ModelProto::decode(bytes.as_slice())
        .map_err(|e| format!("{name} is not an ONNX model: {}", chain(&e)))?;
    if model.graph.is_none() {
        return Err(format!("{name} is an ONNX model without a graph"));
    }
    Ok(model)
}

/// Compares inputs and outputs with the manifest's, exactly and in order.
pub(super) fn compare(component: &Component, model: &ModelProto) -> Vec<String> {
    let Some(graph) = &model.graph else {
        return Vec::new();
    };
    let Some((inputs, outputs)) = interface(graph) else {
        let names = |values: &[ValueInfoProto]| {
            let names: Vec<&str> = values.iter().map(ValueInfoProto::name).collect();
            names.join(", ")
        };
        let all = format!("{}, {}", names(&graph.input), names(&graph.output));
        return vec![format!("one of {all} is no f32 or i64 tensor with a shape")];
    };
    let mut findings = differences("input", &component.inputs, &inputs);
    findings.extend(differences("output", &component.outputs, &outputs));
    findings
}

fn differences(what: &str, manifest: &[TensorInfo], graph: &[TensorInfo]) -> Vec<String> {
    let mut findings = Vec::new();
    for info in manifest {
        match graph.iter().find(|other| other.name == info.name) {
            None => findings.push(format!(
                "{what} {} of the manifest is not in the graph",
                info.name
            )),
            Some(other) if other != info => findings.push(format!(
                "{what} {} is {} in the manifest and {} in the graph",
                info.name,
                shown(info),
                shown(other)
            )),
            Some(_) => {}
        }
    }
    let unknown = graph
        .iter()
        .filter(|info| !manifest.iter().any(|m| m.name == info.name));
    findings.extend(
        unknown.map(|info| format!("{what} {} of the graph is not in the manifest", info.name)),
    );
    if findings.is_empty() && manifest != graph {
        findings.push(format!(
            "{what}s are in another order in the manifest than in the graph"
        ));
    }
    findings
}

fn shown(info: &TensorInfo) -> String {
    let dims: Vec<String> = info.shape.iter().map(ToString::to_string).collect();
    format!("{:?} [{}]", info.dtype, dims.join(", "))
}

/// Whether the graph is written for the manifest's operator set and no other.
pub(super) fn opset(version: u32, model: &ModelProto) -> Vec<String> {
    let mut findings = Vec::new();
    if model.ir_version() <= 0 {
        findings.push("ir_version is missing".to_owned());
    }
    let imports = &model.opset_import;
    let named = |import: &OperatorSetIdProto| format!("{:?} {}", import.domain(), import.version());
    let is_default =
        |import: &OperatorSetIdProto| import.domain().is_empty() || import.domain() == "ai.onnx";
    match imports.as_slice() {
        [import] if is_default(import) && import.version() == i64::from(version) => {}
        _ => {
            let imports: Vec<String> = imports.iter().map(named).collect();
            findings.push(format!(
                "imports the operator sets [{}], not the default one of version {version} alone",
                imports.join(", ")
            ));
        }
    }
    findings
}
