//! Conversions that succeed.

use bundle::{Synthetic, WeightFormat};
use onnx::proto::ModelProto;
use prost::Message as _;

use crate::sandbox::{REAL, Sandbox, TINY, names};

const ALL: [&str; 5] = [
    "text_conditioner",
    "flow_lm",
    "flow_net",
    "mimi_encoder",
    "mimi_decoder",
];

#[test]
fn every_fixture_becomes_a_bundle() {
    let sandbox = Sandbox::new();
    for name in testkit::SMALL_MODELS {
        let tokenizer = testkit::tokenizer(name).unwrap().file_name();
        // The second one takes the place of the first.
        let ran = sandbox
            .run(&format!(
                "convert --config {name}.yaml --weights {name}.safetensors --tokenizer {tokenizer} \
                 --output-dir deep/in/out"
            ))
            .ok();
        assert!(
            ran.stdout.starts_with("custom model: 5 graphs, opset 17, "),
            "{ran}"
        );
        assert!(ran.stdout.contains(" in deep/in/out in "), "{ran}");
        assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
        assert!(
            ran.stderr.starts_with("notice: this bundle has no voice"),
            "{ran}"
        );
        let manifest = sandbox.manifest("deep/in/out");
        assert_eq!(manifest.components.len(), 5);
        assert!(manifest.voice_cloning && manifest.synthetic.is_none());
        assert_eq!(manifest.variant, None);
        assert_eq!(manifest.tokenizer.file.name, tokenizer);
        assert_eq!(names(&sandbox.path("deep/in")), ["out"]);

        // Bundles travel: of the files here, only the names are told.
        let source = manifest.source;
        let config = source.config.unwrap();
        assert_eq!(config.location, format!("{name}.yaml"));
        assert_eq!(source.weights[0].location, format!("{name}.safetensors"));
        assert_eq!(source.tokenizer.unwrap().location, tokenizer);
    }
    sandbox.run("inspect deep/in/out").ok();
}

#[test]
fn a_bundle_lands_where_the_web_page_looks_for_it() {
    let sandbox = Sandbox::new();
    sandbox.run(TINY).ok();
    sandbox.manifest("browser/models");
    sandbox.run("inspect").ok();
    sandbox.run("verify").ok();
}

#[test]
fn some_components_are_written_where_some_are_asked_for() {
    struct Case {
        options: &'static str,
        gives: &'static [&'static str],
    }
    let cases = [
        Case {
            options: "--components flow_net",
            gives: &["flow_net"],
        },
        Case {
            options: "--components flow_net flow_lm",
            gives: &["flow_lm", "flow_net"],
        },
        Case {
            options: "--components mimi_decoder,text_conditioner",
            gives: &["text_conditioner", "mimi_decoder"],
        },
        Case {
            options: "--components mimi_encoder --components mimi_encoder,flow_lm flow_lm",
            gives: &["flow_lm", "mimi_encoder"],
        },
        Case {
            options: "",
            gives: &ALL,
        },
    ];
    let sandbox = Sandbox::new();
    let mut failures = Vec::new();
    for Case { options, gives } in cases {
        let line = format!("{TINY} --json --output-dir out {options}");
        let summary = sandbox.run(&line).ok().json();
        let manifest = sandbox.manifest("out");
        let components: Vec<_> = manifest
            .components
            .keys()
            .map(|name| name.as_str())
            .collect();
        if components != gives || summary["components"] != serde_json::json!(gives) {
            failures.push(format!("{options}: {components:?}, {summary}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn weights_are_stored_as_asked_for() {
    struct Case {
        options: &'static str,
        /// In the order of [`ALL`].
        gives: [&'static str; 5],
        said: &'static str,
    }
    let cases = [
        Case {
            options: "--dtype q8",
            gives: ["q8"; 5],
            said: ", q8, ",
        },
        Case {
            options: "--dtype mimi_decoder=f32 --dtype q4",
            gives: ["q4", "q4", "q4", "q4", "f32"],
            said: ", f32 and q4, ",
        },
        Case {
            options: "--dtype flow_lm=q6",
            gives: ["q8", "q6", "q8", "q16", "q16+q8"],
            said: ", q16 and q8 and q6, ",
        },
        Case {
            options: "--dtype q8,mimi_decoder=q16 mimi_encoder=bf16",
            gives: ["q8", "q8", "q8", "bf16", "q16"],
            said: ", bf16 and q16 and q8, ",
        },
        Case {
            options: "--dtype mimi_decoder=q16+q6",
            gives: ["q8", "q8", "q8", "q16", "q16+q6"],
            said: ", q16 and q8 and q6, ",
        },
    ];
    let sandbox = Sandbox::new();
    let mut failures = Vec::new();
    for Case {
        options,
        gives,
        said,
    } in cases
    {
        let line = format!("{REAL} --output-dir out {options}");
        let ran = sandbox.run(&line).ok();
        let manifest = sandbox.manifest("out");
        let formats = manifest.components.values().map(|it| {
            let formats = it.formats().map(WeightFormat::as_str);
            formats.collect::<Vec<_>>().join("+")
        });
        let formats: Vec<_> = formats.collect();
        let verified = sandbox.run("verify out");
        let shown = sandbox.run("inspect out").ok();
        let last = format!(" in {}\n", gives[4]);
        // The checkpoint is bf16: nothing is rounded to it.
        if formats != gives
            || !ran.stdout.contains(said)
            || ran.stderr.contains("rounded")
            || verified.code != Some(0)
            || !shown.stdout.contains(&last)
        {
            failures.push(format!(
                "{options}: {formats:?}, {ran}, {verified}, {shown}"
            ));
        }
        let summary = sandbox.run(&format!("{line} --json")).ok().json();
        for (name, format) in ALL.into_iter().zip(gives) {
            assert_eq!(summary["formats"][name], format);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_operator_set_is_the_one_asked_for() {
    let sandbox = Sandbox::new();
    for version in [17, 18, 20, 23] {
        let line = format!("{TINY} --opset-version {version} --output-dir out");
        sandbox.run(&line).ok();
        let manifest = sandbox.manifest("out");
        assert_eq!(manifest.opset_version, version);
        for component in manifest.components.values() {
            let bytes = &sandbox.files("out")[&component.graph.name];
            let model = ModelProto::decode(bytes.as_slice()).unwrap();
            let imports: Vec<_> = (model.opset_import.iter())
                .map(|it| (it.domain().to_owned(), it.version()))
                .collect();
            assert_eq!(imports, [(String::new(), i64::from(version))]);
        }
        sandbox.run("verify out").ok();
    }
}

#[test]
fn the_summary_for_scripts_tells_what_was_written() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&format!("{TINY} --json --output-dir out")).ok();
    let manifest = sandbox.manifest("out");
    let summary = ran.json();
    let bytes: u64 = manifest.files().map(|file| file.size).sum();
    assert_eq!(summary["bytes"], bytes);
    assert_eq!(summary["output_dir"], "out");
    assert_eq!(summary["variant"], serde_json::Value::Null);
    assert_eq!(summary["synthetic"]["seed"], 1);
    assert_eq!(summary["voice_cloning"], true);
    assert_eq!(summary["opset_version"], 17);
    assert!(summary["seconds"].as_f64().unwrap() > 0.0, "{ran}");
    assert_eq!(ran.stderr, "");
}

#[test]
fn quiet_says_nothing() {
    let sandbox = Sandbox::new();
    for option in ["--quiet", "-q"] {
        let ran = sandbox
            .run(&format!("{REAL} {option} --output-dir out"))
            .ok();
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.as_str()),
            ("", ""),
            "{ran}"
        );
        sandbox.manifest("out");
    }
    // But errors.
    let ran = sandbox.run("convert --variant nobody --quiet");
    assert!(ran.error().contains("nobody"), "{ran}");
}

#[test]
fn random_weights_are_called_so_everywhere() {
    let sandbox = Sandbox::new();
    for line in [
        format!("{TINY} --output-dir out"),
        "inspect out".to_owned(),
        "verify out".to_owned(),
    ] {
        let ran = sandbox.run(&line).ok();
        assert!(
            ran.stdout
                .contains("synthetic: random weights, which make noise"),
            "{ran}"
        );
    }
    assert_eq!(
        sandbox.manifest("out").synthetic,
        Some(Synthetic { seed: 1 })
    );
    assert!(
        sandbox
            .read("out/manifest.json")
            .contains("\"synthetic\": {\n    \"seed\": 1\n  }")
    );
    let report = sandbox.run("verify out --json").ok().json();
    assert_eq!(report["bundle"]["synthetic_seed"], 1);

    sandbox.run(&format!("{REAL} --output-dir out")).ok();
    let ran = sandbox.run("verify out").ok();
    assert!(!ran.stdout.contains("synthetic"), "{ran}");
}

#[test]
fn one_seed_gives_one_bundle() {
    let sandbox = Sandbox::new();
    let line = "convert --variant english_2m_2026-10 --components flow_lm flow_net --synthetic";
    for (seed, output) in [(5, "first"), (5, "second"), (6, "other")] {
        let line = format!("{line} {seed} --output-dir {output}");
        sandbox.run(&line).ok();
    }
    assert_eq!(sandbox.files("first"), sandbox.files("second"));
    let (first, other) = (sandbox.files("first"), sandbox.files("other"));
    for name in ["flow_lm.onnx", "flow_net.onnx"] {
        assert_eq!(first[name], other[name], "{name}");
        let data = format!("{name}.data");
        assert_ne!(first[&data], other[&data], "{data}");
    }
}
