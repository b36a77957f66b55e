//! What readers of this version do with bundles of others, as `docs/bundle.md` says it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use bundle::{Manifest, ManifestError};
use serde_json::{Value, json};

/// The manifest of a bundle with components, states and a voice.
fn written() -> Value {
    let bundle = testkit::bundle("tiny_2m", 17).unwrap();
    let text = std::fs::read_to_string(bundle.path().join(Manifest::FILE)).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    let file = manifest["tokenizer"]["file"].clone();
    manifest["voices"] = json!([{ "name": "me", "positions": 3, "file": file }]);
    manifest
}

fn read(manifest: &Value) -> Result<Manifest, ManifestError> {
    Manifest::from_json(&manifest.to_string(), Path::new("manifest.json"))
}

/// The error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    let causes = causes.map(ToString::to_string).collect::<Vec<_>>();
    causes.join(": ")
}

/// Members whose meaning a reader needs not know.
const OPEN_MEMBERS: [&str; 12] = [
    "",
    "/generator",
    "/source",
    "/source/weights/0",
    "/tokenizer",
    "/tokenizer/file",
    "/voices/0",
    "/voices/0/file",
    "/components/flow_lm",
    "/components/flow_lm/graph",
    "/components/flow_lm/inputs/0",
    "/components/mimi_decoder/outputs/0",
];

/// Members that say what is computed.
const CLOSED: [&str; 12] = [
    "/model",
    "/model/flow_lm",
    "/model/flow_lm/transformer",
    "/model/mimi/seanet",
    "/text",
    "/generation",
    "/components/flow_lm/parameters/0",
    "/components/flow_lm/parameters/0/values",
    "/components/flow_lm/states/0",
    "/components/flow_lm/states/0/carry",
    "/components/flow_lm/position",
    "/components/flow_lm/position/advances_by/0",
];

#[test]
fn members_that_say_nothing_of_the_computation_may_be_new() {
    let manifest = written();
    let known = read(&manifest).unwrap();
    for place in OPEN_MEMBERS {
        let mut newer = manifest.clone();
        newer.pointer_mut(place).unwrap()["tune"] = json!({ "some": ["thing", 1] });
        assert_eq!(read(&newer).unwrap(), known, "{place}");
    }
    for place in CLOSED {
        let mut newer = manifest.clone();
        newer.pointer_mut(place).unwrap()["tune"] = json!(1);
        let error = chain(&read(&newer).unwrap_err());
        assert!(error.contains("unknown field `tune`"), "{place}: {error}");
    }
}

#[test]
fn what_a_bundle_requires_has_to_be_known() {
    let mut manifest = written();
    assert!(manifest.get("requires").is_none());
    manifest["requires"] = json!([]);
    assert!(read(&manifest).is_ok());
    // The name comes first, whatever else is not known.
    manifest["requires"] = json!(["two-decoders", "stereo"]);
    manifest["model"]["tune"] = json!(1);
    let error = chain(&read(&manifest).unwrap_err());
    let said = "manifest.json: the bundle requires two-decoders, stereo, which this program does not \
                know: update the program, or convert the model again with this one";
    assert_eq!(error, said);
}

#[test]
fn values_that_are_not_known_are_named() {
    for (place, value) in [
        ("/components/flow_lm/format", "q3"),
        ("/components/flow_lm/parameters/1/format", "q3"),
        ("/components/flow_lm/states/0/carry/rule", "mix"),
        ("/components/flow_lm/states/0/initial", "ones"),
        ("/components/flow_lm/inputs/0/dtype", "f16"),
        ("/model/flow_lm/flow/type", "shortcut"),
    ] {
        let mut newer = written();
        *newer.pointer_mut(place).unwrap() = json!(value);
        let error = chain(&read(&newer).unwrap_err());
        assert!(error.contains(&format!("`{value}`")), "{place}: {error}");
    }
    let mut newer = written();
    newer["components"]["duration_net"] = newer["components"]["flow_net"].clone();
    let error = chain(&read(&newer).unwrap_err());
    assert!(error.contains("`duration_net`"), "{error}");
}

#[test]
fn other_versions_are_refused_whatever_they_hold() {
    for version in [3, 5] {
        let later = json!({ "format": "pocket-onnx", "format_version": version, "parts": [] });
        let error = read(&later).unwrap_err();
        assert!(matches!(error, ManifestError::Version { .. }), "{error}");
        let text = chain(&error);
        assert!(text.contains("convert the model again"), "{text}");
    }
}
