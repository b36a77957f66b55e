//! The JSON Schema that ships describes the manifests that are written.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use serde_json::Value;

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn manifests_follow_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let schema = read(&root.join("docs/manifest.schema.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in testkit::SMALL_MODELS {
        let bundle = testkit::bundle(name, 17).unwrap();
        let manifest = read(&bundle.path().join("manifest.json"));
        let findings: Vec<_> = validator
            .iter_errors(&manifest)
            .map(|e| e.to_string())
            .collect();
        assert!(findings.is_empty(), "{name}: {findings:?}");

        // What a reader would refuse, the schema refuses too.
        for (pointer, key, value) in [
            ("", "frame_size", Value::Null),
            ("/model", "unknown", Value::Bool(true)),
        ] {
            let mut damaged = manifest.clone();
            damaged.pointer_mut(pointer).unwrap()[key] = value;
            assert!(!validator.is_valid(&damaged), "{name}: {key}");
        }
    }
}
