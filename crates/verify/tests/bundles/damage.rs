//! Damaged bundles: every damage is found and named, and undamaged parts are still verified.

mod graphs;

use std::path::Path;

use bundle::{Component, ComponentName, Manifest, WeightFormat};
use runtime::rten::Rten;
use verify::VerifyReport;

use crate::support::{edit_file, edit_manifest, failures, verify, verify_on};

use ComponentName::{FlowLm, FlowNet, MimiDecoder, MimiEncoder, TextConditioner};

/// A way to damage a bundle, and what has to be said of it.
struct Case {
    damage: fn(&Path),
    /// The component that must not be run; none where the damage concerns the whole bundle.
    component: Option<ComponentName>,
    check: &'static str,
    finding: &'static str,
}

fn case(
    damage: fn(&Path),
    component: impl Into<Option<ComponentName>>,
    check: &'static str,
    finding: &'static str,
) -> Case {
    Case {
        damage,
        component: component.into(),
        check,
        finding,
    }
}

#[test]
fn every_damage_is_found_and_named() {
    let mut wrong = Vec::new();
    let cases = [
        files(),
        manifests(),
        parameters(),
        graphs::graphs(),
        graphs::nodes(),
        graphs::weights(),
    ];
    let cases = cases.into_iter().flatten();
    for Case {
        damage,
        component,
        check,
        finding,
    } in cases
    {
        let bundle = testkit::bundle("tiny_2m", 17).unwrap();
        damage(&bundle.path());
        // One backend is enough to see that what is whole is still run.
        let report = verify_on(&[&Rten::default()], &bundle.path(), None).unwrap();
        let found = report.checks.iter().any(|c| {
            c.component == component
                && c.name == check
                && c.findings.iter().any(|f| f.contains(finding))
        });
        if !found || report.passed() {
            wrong.push(format!(
                "{component:?} {check}: {finding}: {:#?}",
                failures(&report)
            ));
        }
        wrong.extend(others_suffer(&report, component).map(|what| format!("{finding}: {what}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a component that is whole was not run, or one that is damaged was compared.
fn others_suffer(report: &VerifyReport, damaged: Option<ComponentName>) -> Option<String> {
    let mut rows = report.comparisons.iter();
    if let Some(row) = rows.find(|row| Some(row.component) == damaged) {
        return Some(format!("{} was compared", row.component));
    }
    let passed = |name: &str, component| {
        let mut checks = report.checks.iter();
        checks.any(|c| c.name == name && c.component == component && c.passed())
    };
    // The shape of the whole model being wrong leaves nothing to run.
    if !passed("model", None) {
        return None;
    }
    let mut others = ComponentName::ALL.into_iter();
    let lost = others.find(|name| Some(*name) != damaged && !passed("run", Some(*name)));
    lost.map(|name| format!("{name} was not run"))
}

fn edit(dir: &Path, name: ComponentName, edit: impl FnOnce(&mut Component)) {
    edit_manifest(dir, |m| edit(m.components.get_mut(&name).unwrap()));
}

/// Damage to files.
fn files() -> Vec<Case> {
    vec![
        case(
            |dir| flip(&dir.join("flow_lm.onnx.data"), 12_345),
            FlowLm,
            "files",
            "flow_lm.onnx.data has SHA-256",
        ),
        case(
            |dir| cut(&dir.join("mimi_decoder.onnx.data"), 100),
            MimiDecoder,
            "files",
            "bytes where the manifest says",
        ),
        case(
            |dir| edit(dir, FlowNet, |c| c.graph.sha256.replace_range(..4, "0000")),
            FlowNet,
            "files",
            "flow_net.onnx has SHA-256",
        ),
        case(
            |dir| std::fs::remove_file(dir.join("mimi_encoder.onnx.data")).unwrap(),
            MimiEncoder,
            "files",
            "cannot read",
        ),
        case(
            |dir| std::fs::remove_file(dir.join("text_conditioner.onnx")).unwrap(),
            TextConditioner,
            "files",
            "text_conditioner.onnx",
        ),
        case(
            |dir| {
                std::fs::remove_file(dir.join("flow_net.onnx")).unwrap();
                std::fs::create_dir(dir.join("flow_net.onnx")).unwrap();
            },
            FlowNet,
            "files",
            "flow_net.onnx is not a file",
        ),
        case(
            |dir| flip(&dir.join("tokenizer.model"), 99),
            None,
            "files",
            "tokenizer.model has SHA-256",
        ),
    ]
}

/// Damage to what the manifest says of parameters.
fn parameters() -> Vec<Case> {
    vec![
        case(
            |dir| edit(dir, FlowNet, |c| c.parameters[3].values.offset += 64),
            FlowNet,
            "weights",
            "where the manifest says",
        ),
        case(
            |dir| edit(dir, FlowNet, |c| drop(c.parameters.remove(3))),
            FlowNet,
            "weights",
            "is not in the manifest",
        ),
        case(
            |dir| {
                edit(dir, FlowNet, |c| {
                    let again = c.parameters[3].clone();
                    c.parameters.push(again);
                });
            },
            FlowNet,
            "weights",
            "two parameters have the tensor",
        ),
        case(
            |dir| {
                edit(dir, FlowNet, |c| {
                    "nowhere".clone_into(&mut c.parameters[3].name);
                });
            },
            FlowNet,
            "weights",
            "the graph has no initializer nowhere",
        ),
        case(
            |dir| edit(dir, FlowNet, |c| c.parameters[0].shape[0] = usize::MAX),
            FlowNet,
            "weights",
            "of shape [18446744073709551615,",
        ),
        case(
            |dir| edit(dir, FlowNet, |c| c.parameters[0].shape.reverse()),
            FlowNet,
            "weights",
            "where the manifest makes it",
        ),
        case(
            |dir| edit(dir, FlowNet, |c| c.format = WeightFormat::Q8),
            FlowNet,
            "weights",
            "is f32 where the format of the component, q8, makes it q8",
        ),
        case(
            |dir| {
                edit(dir, FlowNet, |c| {
                    c.parameters[0].scales = Some(c.parameters[0].values);
                });
            },
            FlowNet,
            "weights",
            "superfluous scales",
        ),
    ]
}

/// Damage to the manifest.
fn manifests() -> Vec<Case> {
    vec![
        case(
            |dir| edit_manifest(dir, |m| m.frame_size += 1),
            None,
            "manifest",
            "frame_size is 1921",
        ),
        case(
            |dir| edit_manifest(dir, |m| m.tokenizer.vocabulary = 7),
            None,
            "manifest",
            "tokenizer.vocabulary is 7",
        ),
        case(
            |dir| edit_manifest(dir, |m| m.voice_cloning = false),
            None,
            "manifest",
            "voice_cloning is false",
        ),
        case(
            |dir| edit_manifest(dir, |m| m.model.mimi.transformer.num_heads = 5),
            None,
            "model",
            "mimi.transformer",
        ),
        case(
            |dir| {
                edit(dir, FlowNet, |c| {
                    "conditions".clone_into(&mut c.inputs[0].name);
                });
            },
            FlowNet,
            "graph",
            "input conditions of the manifest is not in the graph",
        ),
        case(
            |dir| {
                edit(dir, FlowNet, |c| {
                    "conditions".clone_into(&mut c.inputs[0].name);
                });
            },
            FlowNet,
            "interface",
            "input conditioning is missing",
        ),
        case(
            |dir| edit(dir, MimiEncoder, |c| c.outputs.swap(0, 1)),
            MimiEncoder,
            "graph",
            "another order",
        ),
        case(
            |dir| {
                edit(dir, FlowLm, |c| {
                    "new_key.9".clone_into(&mut c.states[1].output);
                });
            },
            FlowLm,
            "states",
            "state past_value.0 has no output new_key.9",
        ),
        case(
            |dir| edit(dir, MimiDecoder, |c| c.position = None),
            MimiDecoder,
            "interface",
            "mimi_decoder has no position",
        ),
    ]
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn cut(path: &Path, by: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes.truncate(bytes.len() - by);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_value_that_is_not_finite_is_found() {
    let bundle = testkit::bundle("tiny_2m", 17).unwrap();
    edit_file(&bundle.path(), "flow_net.onnx.data", |bytes| {
        // The last weight: a bias of the output.
        *bytes.last_chunk_mut::<4>().unwrap() = f32::NAN.to_le_bytes();
    });
    let report = verify(&bundle.path(), None).unwrap();
    let rows = report.comparisons.iter();
    let (flow, others): (Vec<_>, Vec<_>) = rows.partition(|row| row.component == FlowNet);
    assert!(others.iter().all(|row| row.passed));
    assert!(!flow.is_empty() && flow.iter().all(|row| !row.passed));
    let problem = flow[0].problem.as_deref();
    assert_eq!(problem, Some("is not finite at [0, 15]"), "{flow:#?}");
}

#[test]
fn without_a_manifest_there_is_no_report() {
    let folder = tempfile::tempdir().unwrap();
    assert!(verify(folder.path(), None).is_err());
    std::fs::write(folder.path().join(Manifest::FILE), [0xff; 100]).unwrap();
    assert!(verify(folder.path(), None).is_err());
}

#[test]
fn a_file_outside_of_the_folder_is_refused_before_it_is_read() {
    let bundle = testkit::bundle("tiny_2m", 17).unwrap();
    edit(&bundle.path(), FlowNet, |c| {
        "../flow_net.onnx".clone_into(&mut c.graph.name);
    });
    let error = verify_on(&[&Rten::default()], &bundle.path(), None).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("\"../flow_net.onnx\" is not the name"),
        "{error}"
    );
}
