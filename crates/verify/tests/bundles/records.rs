//! Records that do not fit, and bundles that compute something else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bundle::ComponentName;
use safetensors::{SafeTensors, tensor::TensorView};
use tempfile::TempDir;
use testkit::BundleRecipe;
use verify::{Comparison, VerifyError};

use crate::support::{failures, verify};

use ComponentName::{FlowLm, FlowNet, MimiDecoder, MimiEncoder, TextConditioner};

const RECORDED_MODEL: &str = "tiny_2m";

/// A copy of the model's records that may be changed.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(testkit::records(RECORDED_MODEL)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

/// Adds to one value of a tensor, whatever its number type.
fn change(path: &Path, tensor: &str, at: usize, by: f32) {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut data: BTreeMap<String, Vec<u8>> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, view.data().to_vec()))
        .collect();
    let values = data.get_mut(tensor).unwrap();
    match file.tensor(tensor).unwrap().dtype() {
        safetensors::Dtype::F32 => {
            let value = values[4 * at..].first_chunk_mut::<4>().unwrap();
            *value = (f32::from_le_bytes(*value) + by).to_le_bytes();
        }
        safetensors::Dtype::BF16 => {
            let value = values[2 * at..].first_chunk_mut::<2>().unwrap();
            let wide = f32::from_le_bytes([0, 0, value[0], value[1]]) + by;
            value.copy_from_slice(&wide.to_le_bytes()[2..]);
        }
        other => panic!("{tensor} is {other:?}"),
    }
    let views = data.iter().map(|(name, data)| {
        let view = file.tensor(name).unwrap();
        (
            name,
            TensorView::new(view.dtype(), view.shape().to_vec(), data).unwrap(),
        )
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// A value that is changed in a record of one component.
struct Case {
    component: ComponentName,
    file: &'static str,
    tensor: &'static str,
    at: usize,
    /// Tensor that has to be named, and how the name of the call begins.
    found: (&'static str, &'static str),
}

fn changed_values() -> Vec<Case> {
    let case = |component, file, tensor, at, found| Case {
        component,
        file,
        tensor,
        at,
        found,
    };
    let cache = |layer| match layer {
        1 => "transformer.layers.1.self_attn/cache",
        _ => "state.2.decoder_transformer.transformer.layers.2.self_attn/cache",
    };
    vec![
        case(
            TextConditioner,
            "text",
            "embeddings",
            99,
            ("embeddings", "text"),
        ),
        case(
            MimiEncoder,
            "encoder",
            "latents",
            3,
            ("latents", "encoder.safetensors, latents"),
        ),
        case(
            MimiEncoder,
            "encoder",
            "prompt_odd",
            60,
            ("prompt", "encoder.safetensors, prompt_odd"),
        ),
        case(
            FlowLm,
            "voice",
            cache(1),
            40,
            ("past_key.1", "voice.safetensors"),
        ),
        case(
            FlowLm,
            "steps",
            "2.backbone",
            5,
            ("conditioning", "step 2 after"),
        ),
        case(
            FlowLm,
            "steps",
            "4.eos_logit",
            0,
            ("eos_logit", "step 4 after"),
        ),
        case(
            FlowLm,
            "steps",
            "kv_rows.1.v",
            7,
            ("past_value.1", "step 0 after"),
        ),
        case(FlowNet, "steps", "5.latent", 2, ("latent", "step 5")),
        case(FlowNet, "solver", "net.out", 17, ("flow", "solver")),
        case(
            FlowNet,
            "solver",
            "latent.4",
            0,
            ("latent", "solver.safetensors, 4 steps"),
        ),
        case(
            MimiDecoder,
            "decoder",
            "audio",
            12 * 1920 + 7,
            ("audio", "frame 12"),
        ),
        case(
            MimiDecoder,
            "decoder",
            "state.1.decoder.model.5/partial",
            3,
            ("partial.decoder.model.5", "frame 1"),
        ),
        case(
            MimiDecoder,
            "decoder",
            cache(2),
            48 * 2 * 12 + 30,
            ("past_value.2", "frame 2"),
        ),
    ]
}

#[test]
fn a_changed_value_is_found_and_named() {
    let mut wrong = Vec::new();
    for Case {
        component,
        file,
        tensor,
        at,
        found,
    } in changed_values()
    {
        let recipe = BundleRecipe {
            components: &[component],
            ..BundleRecipe::of(RECORDED_MODEL)
        };
        let bundle = recipe.make().unwrap();
        let records = copy();
        // Values are near 1, so this is far beyond rounding and far below what one would see.
        let path = records.path().join(format!("{file}.safetensors"));
        change(&path, tensor, at, 1e-3);
        let report = verify(&bundle.path(), Some(records.path())).unwrap();
        let is_it = |row: &&Comparison| {
            !row.passed && row.tensor == found.0 && row.context.starts_with(found.1)
        };
        let rows: Vec<_> = report.comparisons.iter().filter(is_it).collect();
        let sources: Vec<_> = rows.iter().map(|row| row.what.as_str()).collect();
        let all = ["ONNX Runtime / record", "rten / record", "engine / record"];
        if sources != all || report.passed() {
            wrong.push(format!("{file} {tensor}: {:#?}", failures(&report)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_changed_weight_is_found() {
    let cases = [
        (
            "flow_lm.conditioner.proj.weight",
            "text_conditioner",
            "embeddings",
        ),
        (
            "flow_lm.transformer.layers.1.linear1.weight",
            "flow_lm",
            "conditioning",
        ),
        (
            "flow_lm.flow_net.final_layer.linear.bias",
            "flow_net",
            "flow",
        ),
        (
            "mimi.encoder.model.0.conv.weight",
            "mimi_encoder",
            "latents",
        ),
        ("mimi.decoder.model.2.convtr.bias", "mimi_decoder", "audio"),
    ];
    let mut wrong = Vec::new();
    for (tensor, component, output) in cases {
        let folder = tempfile::tempdir().unwrap();
        let weights = folder.path().join("model.safetensors");
        std::fs::copy(testkit::checkpoint(RECORDED_MODEL), &weights).unwrap();
        change(&weights, tensor, 1, 0.25);
        let recipe = BundleRecipe {
            weights: Some(&weights),
            ..BundleRecipe::of(RECORDED_MODEL)
        };
        let bundle = recipe.make().unwrap();
        let report = verify(&bundle.path(), Some(&testkit::records(RECORDED_MODEL))).unwrap();
        for what in ["ONNX Runtime / record", "rten / record"] {
            let is_it = |row: &Comparison| {
                row.component.as_str() == component && row.tensor == output && row.what == what
            };
            let row = report.comparisons.iter().find(|row| is_it(row)).unwrap();
            if row.passed {
                wrong.push(format!("{tensor}: {row:?}"));
            }
        }
        // Backends agree with each other, and nothing else is at fault.
        let other = |row: &&Comparison| {
            !row.passed && (row.component.as_str() != component || !row.what.ends_with("record"))
        };
        wrong.extend(
            report
                .comparisons
                .iter()
                .find(other)
                .map(|row| format!("{tensor}: {row:?}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn records_of_another_model_are_refused() {
    let bundle = testkit::bundle(RECORDED_MODEL, 17).unwrap();
    let records = testkit::records("tiny_english");
    let report = verify(&bundle.path(), Some(&records)).unwrap();
    let failures = failures(&report);
    let expected = [
        "text_conditioner embeddings (rten / record), text.safetensors: 0.0e0 Some(\"has the shape",
        "flow_lm in rten: rejects the inputs in encoder.safetensors: are these records of this model?",
        "flow_net in rten: rejects the inputs in solver.safetensors",
        "mimi_decoder",
    ];
    for text in expected {
        assert!(
            failures.iter().any(|f| f.contains(text)),
            "{text}: {failures:#?}"
        );
    }
}

#[test]
fn damaged_and_missing_records_are_named() {
    let bundle = testkit::bundle(RECORDED_MODEL, 17).unwrap();
    let records = copy();
    std::fs::write(records.path().join("solver.safetensors"), [0xff; 100]).unwrap();
    std::fs::remove_file(records.path().join("voice_v1.safetensors")).unwrap();
    std::fs::remove_file(records.path().join("text.safetensors")).unwrap();
    let report = verify(&bundle.path(), Some(records.path())).unwrap();
    let wrong = failures(&report);
    let [wrong] = wrong.as_slice() else {
        panic!("{wrong:#?}");
    };
    assert!(
        wrong.contains("solver.safetensors is not a safetensors file"),
        "{wrong}"
    );
    let notes = [
        "text.safetensors: not recorded",
        "voice_v1.safetensors: not recorded",
        "steps.safetensors: not used without text.safetensors",
    ];
    assert_eq!(report.notes, notes);
}

#[test]
fn a_folder_without_records_is_an_error() {
    let bundle = testkit::bundle(RECORDED_MODEL, 17).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let verify = |records: PathBuf| verify(&bundle.path(), Some(&records));
    let empty = verify(folder.path().to_owned());
    assert!(
        matches!(empty, Err(VerifyError::NoReferenceOutputs { .. })),
        "{empty:?}"
    );
    let nowhere = verify(folder.path().join("nowhere"));
    assert!(
        matches!(nowhere, Err(VerifyError::ReferenceOutputs { .. })),
        "{nowhere:?}"
    );
}
