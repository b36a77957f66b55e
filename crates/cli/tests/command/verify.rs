//! `pocket-onnx verify`.

use std::path::PathBuf;
use std::process::Command;

use bundle::{ComponentName, Manifest};

use crate::sandbox::{REAL, Ran, Sandbox, TINY};

fn records(model: &str) -> String {
    testkit::records(model).to_string_lossy().into_owned()
}

impl Sandbox {
    /// `verify out` against the records of a fixture.
    fn against(&self, model: &str, options: &str) -> Ran {
        let line = format!("verify out {options} --records");
        let mut command = self.command(&line);
        self.finish(&line, command.arg(records(model)))
    }
}

/// Lets the command find the ONNX Runtime of whoever runs the tests.
fn with_installed_runtime(command: &mut Command) -> &mut Command {
    for name in ["HOME", "XDG_CACHE_HOME", "ORT_DYLIB_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

#[test]
fn fixtures_compute_what_pocket_tts_computes() {
    let sandbox = Sandbox::new();
    for model in testkit::SMALL_MODELS {
        let tokenizer = testkit::tokenizer(model).unwrap().file_name();
        let line = format!(
            "convert --config {model}.yaml --weights {model}.safetensors --tokenizer {tokenizer} \
             --output-dir out --dtype f32"
        );
        sandbox.run(&line).ok();
        let ran = sandbox.against(model, "").ok();
        let last = ran.stdout.lines().last().unwrap();
        assert!(last.starts_with("passed: custom model: "), "{ran}");
        assert!(ran.stdout.contains("rten / record"), "{ran}");
        assert!(ran.stdout.contains("engine / record"), "{ran}");
        assert!(!ran.stdout.contains("FAIL"), "{ran}");
    }
}

#[test]
fn every_runtime_that_is_there_is_asked() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir out")).ok();
    let mut command = sandbox.command("verify out --json");
    let ran = sandbox
        .finish("verify out --json", with_installed_runtime(&mut command))
        .ok();
    let report = ran.json();
    let backends: Vec<_> = report["backends"].as_array().unwrap().iter().collect();
    // Either it is used, or it is told that it is not there.
    let expected = if ran.stderr.contains("notice: no ONNX Runtime library") {
        vec!["rten", "engine"]
    } else {
        vec!["rten", "ONNX Runtime", "engine"]
    };
    assert_eq!(backends, expected, "{ran}");
}

#[test]
fn onnx_runtime_may_be_absent_but_not_wrong() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TINY} --output-dir out")).ok();
    let ran = sandbox.run("verify out").ok();
    assert!(
        ran.says(&[
            "notice: no ONNX Runtime library",
            "cargo xtask setup",
            "ORT_DYLIB_PATH"
        ]),
        "{ran}"
    );
    let ran = sandbox
        .run_with("verify out", &[("XDG_CACHE_HOME", "/nowhere")])
        .ok();
    assert!(ran.says(&["notice: ", "/nowhere/pocket-onnx"]), "{ran}");

    for file in ["tiny_english.yaml", "nowhere.so", "out"] {
        let ran = sandbox.run(&format!("verify out --onnxruntime {file}"));
        assert!(ran.error().contains(file), "{ran}");
    }
    let ran = sandbox.run_with("verify out", &[("ORT_DYLIB_PATH", "tiny_english.yaml")]);
    assert!(ran.error().contains("tiny_english.yaml"), "{ran}");
}

#[test]
fn damage_is_named() {
    struct Case {
        story: &'static str,
        damage: fn(&Sandbox),
        says: &'static [&'static str],
    }
    let cases = [
        Case {
            story: "one value of the weights",
            damage: |sandbox| flip(sandbox, "out/flow_lm.onnx.data"),
            says: &["FAIL", "flow_lm.onnx.data has SHA-256"],
        },
        Case {
            story: "a file is cut off",
            damage: |sandbox| {
                let path = sandbox.path("out/mimi_decoder.onnx.data");
                let file = std::fs::File::options().write(true).open(path).unwrap();
                file.set_len(1000).unwrap();
            },
            says: &["FAIL", "mimi_decoder.onnx.data has 1000 bytes"],
        },
        Case {
            story: "a file is gone",
            damage: |sandbox| {
                std::fs::remove_file(sandbox.path("out/flow_net.onnx")).unwrap();
            },
            says: &["FAIL", "flow_net.onnx"],
        },
        Case {
            story: "the manifest vouches for other weights",
            damage: |sandbox| {
                flip(sandbox, "out/flow_lm.onnx.data");
                vouch(sandbox, |manifest, files| {
                    let component = manifest.components.get_mut(&ComponentName::FlowLm).unwrap();
                    component.data = bundle::FileEntry::of(files, &component.data.name).unwrap();
                });
            },
            says: &["FAIL", "flow_lm", "conditioning", "rten / record"],
        },
        Case {
            story: "the manifest tells another interface",
            damage: |sandbox| {
                vouch(sandbox, |manifest, _| {
                    let component = manifest
                        .components
                        .get_mut(&ComponentName::FlowNet)
                        .unwrap();
                    component.inputs[0].name = "condition".to_owned();
                });
            },
            says: &["FAIL", "flow_net", "condition"],
        },
    ];
    let mut failures = Vec::new();
    let sandbox = Sandbox::new();
    for case in cases {
        sandbox.run(&format!("{REAL} --output-dir out")).ok();
        (case.damage)(&sandbox);
        let before = sandbox.files("out");
        let ran = sandbox.against("tiny_english", "");
        let named = case.says.iter().all(|part| ran.stdout.contains(part));
        let verdict = ran
            .stdout
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("FAILED: "));
        if ran.code != Some(1) || !named || !verdict {
            failures.push(format!("{}: {ran}", case.story));
        }
        let json = sandbox.against("tiny_english", "--json");
        if json.code != Some(1) || !json.json()["checks"].is_array() {
            failures.push(format!("{}: {json}", case.story));
        }
        assert_eq!(sandbox.files("out"), before, "{}", case.story);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Changes the exponent of a value in the middle of a file of weights.
fn flip(sandbox: &Sandbox, name: &str) {
    let path = sandbox.path(name);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 8 * 4;
    bytes[middle + 3] ^= 0x42;
    std::fs::write(path, bytes).unwrap();
}

/// Rewrites the manifest.
fn vouch(sandbox: &Sandbox, change: impl FnOnce(&mut Manifest, &PathBuf)) {
    let out = sandbox.path("out");
    let mut manifest = Manifest::read(&out).unwrap();
    change(&mut manifest, &out);
    sandbox.write("out/manifest.json", manifest.to_json().unwrap());
}

#[test]
fn records_have_to_be_there_and_of_this_model() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir out")).ok();
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    for folder in ["nowhere", "empty", "tiny_english.yaml"] {
        let ran = sandbox.run(&format!("verify out --records {folder}"));
        let error = ran.stderr.lines().last().unwrap_or_default();
        assert!(
            error.starts_with("error: ") && error.contains(folder),
            "{ran}"
        );
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran}");
    }
    let ran = sandbox.against("tiny_2m", "");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.stdout.contains("are these records of this model?"),
        "{ran}"
    );
}

#[test]
fn the_tolerance_is_the_one_asked_for() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{REAL} --output-dir out --dtype f32"))
        .ok();
    sandbox.against("tiny_english", "--tolerance 1e-3").ok();
    let ran = sandbox.against("tiny_english", "--tolerance 0");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("FAILED: custom model: "), "{ran}");
    for typed in ["nan", "-1", "inf", "much"] {
        let ran = sandbox.run(&format!("verify out --tolerance={typed}"));
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(ran.says(&[typed, "--tolerance"]), "{ran}");
    }
}
