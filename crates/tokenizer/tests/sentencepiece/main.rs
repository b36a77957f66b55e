//! Random lines against the library `sentencepiece` itself, with vocabularies of every kind. It
//! is run through the Python that `POCKET_ONNX_PYTHON` names.

#![allow(clippy::unwrap_used, reason = "helpers fail the test that calls them")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Deserialize;
use tokenizer::Tokenizer;

/// What SentencePiece makes of a line.
#[derive(Deserialize)]
struct ReferenceTokens {
    ids: Vec<i64>,
    /// Which of the ids are decoded, and to what.
    range: [usize; 2],
    text: String,
}

#[test]
fn random_lines_have_the_ids_and_texts_that_sentencepiece_gives() {
    let python = std::env::var("POCKET_ONNX_PYTHON").expect("POCKET_ONNX_PYTHON");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let lines = testkit::lines().unwrap();
    assert_eq!(lines.len(), testkit::LINES);
    fs::write(path("lines.json"), serde_json::to_vec(&lines).unwrap()).unwrap();
    for name in testkit::VOCABULARIES {
        let (_, model) = testkit::vocabulary(name).unwrap();
        fs::write(path(&format!("{name}.model")), model).unwrap();
    }
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/sentencepiece/reference.py"
    );
    let status = Command::new(python).arg(script).arg(folder.path()).status();
    assert!(status.unwrap().success());
    let mut differences = Vec::new();
    let mut models = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let model = entry.unwrap().path();
        if model.extension().is_none_or(|ending| ending != "model") {
            continue;
        }
        models += 1;
        let tokenizer = Tokenizer::from_sentencepiece(&fs::read(&model).unwrap()).unwrap();
        let expected = fs::read(model.with_extension("ids.json")).unwrap();
        let expected: Vec<ReferenceTokens> = serde_json::from_slice(&expected).unwrap();
        assert_eq!(expected.len(), lines.len());
        for (line, expected) in lines.iter().zip(expected) {
            let actual = tokenizer.encode(line);
            let [start, end] = expected.range;
            let text = tokenizer.decode(&expected.ids[start..end]);
            if actual != expected.ids || text != expected.text {
                let name = model.file_stem().unwrap().to_owned();
                differences.push((name, line, expected.ids, actual, expected.text, text));
            }
        }
    }
    assert!(models >= 12, "{models}");
    let mut of_models: BTreeMap<_, usize> = BTreeMap::new();
    for (name, ..) in &differences {
        *of_models.entry(name).or_default() += 1;
    }
    let first = &differences[..differences.len().min(5)];
    assert!(differences.is_empty(), "{of_models:?}: {first:?}");
}
