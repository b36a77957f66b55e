//! What can be said of a bundle without running it.

mod files;
mod graph;
mod interface;
mod manifest;
mod nodes;
mod states;
mod weights;

use std::path::Path;

use bundle::{Component, ComponentName, Manifest};
use onnx::proto::GraphProto;

use crate::Check;

/// All checks, and what passed them.
pub(crate) struct Structure {
    /// The checks.
    pub(crate) checks: Vec<Check>,
    /// Components that can be run: nothing is wrong with them.
    pub(crate) undamaged: Vec<ComponentName>,
}

/// Checks manifest, files and graphs of the bundle in `dir`.
pub(crate) fn check(dir: &Path, manifest: &Manifest) -> Structure {
    let mut checks = manifest::check(manifest);
    let model_is_sound = checks
        .iter()
        .all(|check| check.name != manifest::MODEL_CHECK || check.passed());
    checks.push(Check {
        name: files::FILES_CHECK,
        component: None,
        findings: files::tokenizer(dir, manifest),
    });
    if !manifest.voices.is_empty() {
        checks.push(Check {
            name: files::VOICES_CHECK,
            component: None,
            findings: files::voices(dir, manifest),
        });
    }
    let mut undamaged = Vec::new();
    for (&name, component) in &manifest.components {
        let found = check_component(dir, manifest, name, component);
        if model_is_sound && found.iter().all(Check::passed) {
            undamaged.push(name);
        }
        checks.extend(found);
    }
    Structure { checks, undamaged }
}

/// All checks of one component, as far as its files can be read.
fn check_component(
    dir: &Path,
    manifest: &Manifest,
    name: ComponentName,
    component: &Component,
) -> Vec<Check> {
    let check = |rule: &'static str, findings: Vec<String>| Check {
        name: rule,
        component: Some(name),
        findings,
    };
    let files = files::component(dir, component);
    let graph_is_there = files.graph_can_be_read;
    let mut checks = vec![
        check(files::FILES_CHECK, files.findings),
        check("interface", interface::check(manifest, name, component)),
        check("states", states::check(component)),
    ];
    if !graph_is_there {
        return checks;
    }
    let model = match graph::read(&dir.join(&component.graph.name)) {
        Ok(model) => model,
        Err(finding) => {
            checks.push(check("graph", vec![finding]));
            return checks;
        }
    };
    let none = GraphProto::default();
    let graph = model.graph.as_ref().unwrap_or(&none);
    checks.extend([
        check("graph", graph::compare(component, &model)),
        check("opset", graph::opset(manifest.opset_version, &model)),
        check("nodes", nodes::check(&model, graph)),
        check("weights", weights::check(component, graph)),
    ]);
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arbitrary_bytes_are_findings() {
        let bundle = testkit::bundle("tiny_2m", 17).unwrap();
        let dir = bundle.path();
        let manifest = Manifest::read(&dir).unwrap();
        assert_eq!(check(&dir, &manifest).undamaged.len(), 5);
        let path = dir.join("flow_net.onnx");
        let whole = std::fs::read(&path).unwrap();
        let mut wrong = Vec::new();
        // Steps and lengths that meet tags, lengths, names and numbers alike.
        for at in (0..whole.len()).step_by(61) {
            for length in [1, 40] {
                let mut bytes = whole.clone();
                bytes[at..]
                    .iter_mut()
                    .take(length)
                    .for_each(|byte| *byte = !*byte);
                std::fs::write(&path, &bytes).unwrap();
                let Structure { undamaged, .. } = check(&dir, &manifest);
                if undamaged.len() != 4 || undamaged.contains(&ComponentName::FlowNet) {
                    wrong.push((at, length));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
