//! Every small model on all backends against its records.

use bundle::ComponentName;
use engine::{Engine, Isa};
use testkit::BundleRecipe;

use crate::support::{backends, failures, verify, verify_on};

/// Operator sets that every model is tried with, and those between, one model each.
fn cases() -> Vec<(&'static str, i64)> {
    let ends = testkit::SMALL_MODELS
        .into_iter()
        .flat_map(|name| [(name, 17), (name, 23)]);
    let between = testkit::SMALL_MODELS.into_iter().zip(18..=22);
    ends.chain(between).collect()
}

#[test]
fn every_model_equals_pocket_tts() {
    let mut wrong = Vec::new();
    let mut worst = (0.0, String::new());
    for (name, opset) in cases() {
        let bundle = testkit::bundle(name, opset).unwrap();
        let report = verify(&bundle.path(), Some(&testkit::records(name))).unwrap();
        for failure in failures(&report) {
            wrong.push(format!("{name} at opset {opset}: {failure}"));
        }
        assert_eq!(report.passed(), failures(&report).is_empty());
        for row in &report.comparisons {
            if row.max_rel > worst.0 {
                let place = format!("{} {} ({})", row.component, row.tensor, row.what);
                worst = (row.max_rel, format!("{name} at opset {opset}: {place}"));
            }
        }
        assert!(report.notes.is_empty(), "{name}: {:?}", report.notes);
    }
    println!("worst: {:.1e} in {}", worst.0, worst.1);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_engine_equals_pocket_tts_on_all_instructions() {
    let mut wrong = Vec::new();
    for name in testkit::SMALL_MODELS {
        let bundle = testkit::bundle(name, 17).unwrap();
        for isa in Isa::available() {
            let engine = Engine::new(engine::EngineOptions {
                isa: Some(isa),
                ..engine::EngineOptions::default()
            });
            assert_eq!(engine.isa(), isa);
            let records = testkit::records(name);
            let report = verify_on(&[&engine], &bundle.path(), Some(&records)).unwrap();
            let failures = failures(&report);
            wrong.extend(failures.iter().map(|f| format!("{name}, {isa:?}: {f}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_tensor_is_compared_with_everything() {
    let bundle = testkit::bundle("tiny_2m", 17).unwrap();
    let report = verify(&bundle.path(), Some(&testkit::records("tiny_2m"))).unwrap();
    assert_eq!(report.backends, ["ONNX Runtime", "rten", "engine"]);
    assert_eq!(report.bundle.synthetic_seed, Some(1));
    let backends = ["rten / ONNX Runtime", "engine / ONNX Runtime"];
    let records = ["ONNX Runtime / record", "rten / record", "engine / record"];
    let calls = [
        "ONNX Runtime / ONNX Runtime, other calls",
        "rten / rten, other calls",
        "engine / engine, other calls",
    ];
    let all = [&backends[..], &records, &calls].concat();
    let manifest = bundle::Manifest::read(&bundle.path()).unwrap();
    let mut missing = Vec::new();
    let mut expect = |component: ComponentName, tensor: &str, pairs: &[&str]| {
        for what in pairs {
            let is_it = |row: &&verify::Comparison| {
                row.component == component && row.tensor == tensor && row.what == *what
            };
            if !report.comparisons.iter().any(|row| is_it(&row)) {
                missing.push(format!("{component} {tensor} ({what})"));
            }
        }
    };
    let states = |name| {
        manifest.components[&name]
            .states
            .iter()
            .map(|s| s.input.clone())
    };
    let once = [&backends[..], &records].concat();
    expect(ComponentName::TextConditioner, "embeddings", &once);
    for tensor in ["conditioning", "eos_logit"] {
        expect(ComponentName::FlowLm, tensor, &all);
    }
    for state in states(ComponentName::FlowLm) {
        expect(ComponentName::FlowLm, &state, &all);
    }
    expect(ComponentName::FlowNet, "flow", &all);
    expect(ComponentName::FlowNet, "latent", &records);
    for tensor in ["latents", "prompt"] {
        expect(ComponentName::MimiEncoder, tensor, &all);
    }
    expect(ComponentName::MimiDecoder, "audio", &all);
    for state in states(ComponentName::MimiDecoder) {
        expect(ComponentName::MimiDecoder, &state, &once);
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_part_of_a_bundle_is_a_bundle() {
    let bundle = BundleRecipe {
        components: &[ComponentName::FlowNet, ComponentName::TextConditioner],
        ..BundleRecipe::of("tiny_english")
    };
    let bundle = bundle.make().unwrap();
    let records = testkit::records("tiny_english");
    let report = verify(&bundle.path(), Some(&records)).unwrap();
    assert!(report.passed(), "{:#?}", failures(&report));
    let notes = [
        "mimi_decoder: not in this bundle",
        "decoder.safetensors: not used, mimi_decoder is not in this bundle",
        "voice_v1.safetensors: not used, flow_lm is not in this bundle",
    ];
    for note in notes {
        assert!(
            report.notes.iter().any(|n| n == note),
            "{:#?}",
            report.notes
        );
    }
}

#[test]
fn one_backend_and_no_records_will_do() {
    let bundle = testkit::bundle("tiny_2m", 17).unwrap();
    let (_, rten) = backends();
    let report = verify_on(&[&rten], &bundle.path(), None).unwrap();
    assert!(report.passed(), "{:#?}", failures(&report));
    assert_eq!(report.backends, ["rten"]);
    let itself = "rten / rten, other calls";
    assert!(report.comparisons.iter().all(|row| row.what == itself));

    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["bundle"]["opset_version"], 17);
    assert!(json["comparisons"][0]["max_abs"].is_number(), "{json}");
}
