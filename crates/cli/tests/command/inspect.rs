//! `pocket-onnx inspect`.

use bundle::Manifest;

use crate::sandbox::{Sandbox, TINY};

#[test]
fn a_bundle_is_described() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TINY} --output-dir out")).ok();
    let ran = sandbox.run("inspect out").ok();
    for part in [
        "custom model (synthetic: random weights",
        "seed 1): 5 graphs, opset 17",
        "24000 Hz, 12.5 latents per second, 1920 samples each",
        "tokenizer: tokenizers, 4000 pieces (tokenizer.json)",
        "voice cloning: yes",
        "text_conditioner: graph",
        " MB in q8\n",
        " MB in q16\n",
        "token_ids",
        "[1,T,64]",
        "past_key.1 -> new_key.1",
        "appended, axis 0",
        "transformer.layers.1.self_attn/cache[0]",
        "replaced",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in: {ran}");
    }
    assert_eq!(ran.stderr, "");

    let ran = sandbox.run("inspect --json out").ok();
    assert_eq!(ran.stdout, sandbox.read("out/manifest.json"));
    assert_eq!(ran.json()["format"], "pocket-onnx");
}

#[test]
fn what_is_no_bundle_is_named() {
    struct Case {
        name: &'static str,
        manifest: Option<&'static str>,
        says: &'static [&'static str],
    }
    let cases = [
        Case {
            name: "nowhere",
            manifest: None,
            says: &["nowhere: no bundle here", "No such file"],
        },
        Case {
            name: "text",
            manifest: Some("not JSON"),
            says: &["text/manifest.json is a text, not the manifest of a bundle"],
        },
        Case {
            name: "page",
            manifest: Some("{\"name\": \"page\", \"icons\": []}"),
            says: &["page/manifest.json: not a bundle manifest", "format"],
        },
        Case {
            name: "later",
            manifest: Some("{\"format\": \"pocket-onnx\", \"format_version\": 5}"),
            says: &[
                "later/manifest.json: format pocket-onnx version 5",
                "version 4",
            ],
        },
    ];
    let sandbox = Sandbox::new();
    let mut failures = Vec::new();
    for case in cases {
        if let Some(text) = case.manifest {
            sandbox.write(&format!("{}/{}", case.name, Manifest::FILE), text);
        }
        for command in ["inspect", "inspect --json", "verify", "verify --json"] {
            let ran = sandbox.run(&format!("{command} {}", case.name));
            let error = ran
                .stderr
                .lines()
                .find_map(|line| line.strip_prefix("error: "));
            let named =
                error.is_some_and(|error| case.says.iter().all(|part| error.contains(part)));
            if ran.code != Some(1) || !named || !ran.stdout.is_empty() {
                failures.push(ran);
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    let ran = sandbox.run("inspect text/manifest.json");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.says(&["text/manifest.json is a file", "folder"]),
        "{ran}"
    );
}
