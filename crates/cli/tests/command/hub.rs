//! Downloads, from a hub on the loopback interface.

use std::collections::HashMap;
use std::sync::OnceLock;

use bundle::ComponentName;
use checkpoint::{SyntheticWeights, TokenizerFile, TokenizerKind, Weights as _};
use config::Variant;

use crate::sandbox::{Ran, Sandbox};
use testkit::hub::{LoopbackHub, Repository};
use testkit::tensors::{StoredTensor, file, read_all};

const HUB_VARIANT: &str = "english_2m_2026-10";
const HUB_CONVERT: &str = "convert --variant english_2m_2026-10 --output-dir out";
const HUB_TOKEN: &str = "hf_right";

/// A checkpoint of the variant's real shapes, in bf16 as they are published.
fn checkpoint() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let table = Variant::find(HUB_VARIANT).unwrap().config().tensors();
        let weights = SyntheticWeights::new(&table, 3);
        let tensor = |spec: &config::TensorSpec| {
            let values = read_all(&mut *weights.open(&spec.key).unwrap(), 1 << 16).unwrap();
            StoredTensor::bf16(&spec.key, &spec.shape, &values)
        };
        file(&table.iter().map(tensor).collect::<Vec<_>>(), 8)
    })
}

/// A predefined voice of the variant: 20 rows, and 4 that are not used.
fn voice() -> Vec<u8> {
    let transformer = Variant::find(HUB_VARIANT)
        .unwrap()
        .config()
        .flow_lm
        .transformer;
    let shape = [
        2,
        1,
        24,
        transformer.num_kv_heads(),
        transformer.dim_per_head(),
    ];
    let cache: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    let cache: Vec<u8> = cache.iter().flat_map(|value| value.to_le_bytes()).collect();
    let offset = 20_i64.to_le_bytes();
    let view = |dtype, shape: &[usize], bytes| {
        safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).unwrap()
    };
    let tensors = (0..transformer.num_layers).flat_map(|layer| {
        let module = format!("transformer.layers.{layer}.self_attn");
        [
            (
                format!("{module}/cache"),
                view(safetensors::Dtype::F32, &shape, &cache),
            ),
            (
                format!("{module}/offset"),
                view(safetensors::Dtype::I64, &[1], &offset),
            ),
        ]
    });
    safetensors::serialize(tensors, None).unwrap()
}

/// A hub with the variant's files at the revisions that its configuration names.
struct VariantHub {
    server: LoopbackHub,
    sandbox: Sandbox,
}

impl VariantHub {
    fn start() -> Self {
        let config = Variant::find(HUB_VARIANT).unwrap().config();
        let revision = |location: &Option<String>| {
            let (_, revision) = location.as_deref().unwrap().rsplit_once('@').unwrap();
            revision.to_owned()
        };
        let tokenizer = TokenizerFile::shipped(TokenizerKind::SentencePiece).unwrap();
        let weights = "languages/english_2m_2026-10/model.safetensors";
        let gated = Repository {
            commit: revision(&config.weights_path),
            files: HashMap::from([(weights, (checkpoint().to_vec(), true))]),
            token: Some(HUB_TOKEN),
            ..Repository::default()
        };
        let vocabulary = tokenizer.bytes().to_vec();
        let open = Repository {
            commit: revision(&config.weights_path_without_voice_cloning),
            // Names of the same files: the tokenizer's revision and that of the voices.
            branches: vec![
                "08ffc58775e62aad9409511b9591c9af626270f3",
                "a7056f505a4a8ca72d8b5fb1440071d6f1a35739",
            ],
            files: HashMap::from([
                (weights, (checkpoint().to_vec(), true)),
                (
                    "languages/english_2m_2026-10/tokenizer.model",
                    (vocabulary, false),
                ),
                (
                    "languages/english_2m_2026-10/embeddings/alba.safetensors",
                    (voice(), true),
                ),
            ]),
            token: None,
        };
        let sandbox = Sandbox::new();
        let custom = sandbox
            .read("tiny_english.yaml")
            .replacen(
                "weights_path: null",
                "weights_path: hf://someone/voice/model.safetensors",
                1,
            )
            .replacen(
                "tokenizer_path: null",
                "tokenizer_path: hf://someone/voice/tokenizer.json",
                1,
            );
        let read = |name: &str| std::fs::read(sandbox.path(name)).unwrap();
        let someone = Repository {
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            branches: vec!["main"],
            files: HashMap::from([
                ("config.yaml", (custom.into_bytes(), false)),
                (
                    "model.safetensors",
                    (read("tiny_english.safetensors"), true),
                ),
                ("tokenizer.json", (read("tokenizer.json"), false)),
            ]),
            token: None,
        };
        let repositories = HashMap::from([
            ("kyutai/pocket-tts", gated),
            ("kyutai/pocket-tts-without-voice-cloning", open),
            ("someone/voice", someone),
        ]);
        Self {
            server: LoopbackHub::start(repositories),
            sandbox,
        }
    }

    fn run(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        let endpoint = self.server.endpoint();
        let mut all = vec![("HF_ENDPOINT", endpoint.as_str()), ("HF_HOME", "hf")];
        all.extend(variables);
        self.sandbox.run_with(line, &all)
    }
}

#[test]
fn with_a_token_a_released_model_is_complete() {
    let hub = VariantHub::start();
    let ran = hub.run(HUB_CONVERT, &[("HF_TOKEN", HUB_TOKEN)]).ok();
    assert_eq!(ran.stderr, "", "{ran}");
    let manifest = hub.sandbox.manifest("out");
    assert_eq!(manifest.components.len(), 5);
    assert!(manifest.voice_cloning && manifest.synthetic.is_none());
    assert_eq!(manifest.variant.as_deref(), Some(HUB_VARIANT));
    let config = Variant::find(HUB_VARIANT).unwrap().config();
    let weights = &manifest.source.weights[0];
    assert_eq!(Some(&weights.location), config.weights_path.as_ref());
    assert_eq!(weights.size, checkpoint().len() as u64);
    assert_eq!(
        manifest.source.tokenizer.map(|it| it.location),
        config.flow_lm.lookup_table.tokenizer_path
    );
    assert!(
        hub.sandbox
            .path("hf/hub/models--kyutai--pocket-tts")
            .is_dir()
    );

    // Random numbers of the same seed, without any file.
    let first = hub.sandbox.graphs("out");
    hub.run(&format!("{HUB_CONVERT} --synthetic 3"), &[]).ok();
    assert_eq!(hub.sandbox.graphs("out"), first);

    // Once is enough: neither the hub nor the token is needed again.
    hub.server.seen();
    hub.run(HUB_CONVERT, &[("HF_HUB_OFFLINE", "1")]).ok();
    assert_eq!(hub.sandbox.graphs("out"), first);
    assert!(hub.sandbox.manifest("out").voice_cloning);
    assert_eq!(hub.server.seen(), []);
}

#[test]
fn without_a_token_the_open_weights_do() {
    let hub = VariantHub::start();
    let ran = hub.run(HUB_CONVERT, &[]).ok();
    assert!(
        ran.says(&[
            "notice: kyutai/pocket-tts is gated",
            "accept the terms",
            "HF_TOKEN",
            "cannot clone a voice",
            "mimi_encoder is left out",
        ]),
        "{ran}"
    );
    assert!(ran.stdout.contains(": 4 graphs, "), "{ran}");
    let manifest = hub.sandbox.manifest("out");
    assert!(!manifest.voice_cloning);
    assert_eq!(manifest.components.len(), 4);
    assert!(
        !manifest
            .components
            .contains_key(&ComponentName::MimiEncoder)
    );
    let weights = &manifest.source.weights[0].location;
    assert!(weights.contains("without-voice-cloning"), "{weights}");
    let shown = hub.sandbox.run("inspect out").ok();
    assert!(shown.stdout.contains("voice cloning: no"), "{shown}");

    // A wrong token is no better than none.
    let ran = hub.run(HUB_CONVERT, &[("HF_TOKEN", "hf_wrong")]).ok();
    assert!(ran.says(&["notice: ", "403"]), "{ran}");

    // What can clone voices is not made from weights that cannot.
    let before = hub.sandbox.files("out");
    let ran = hub.run(&format!("{HUB_CONVERT} --components mimi_encoder"), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran}");
    assert!(
        ran.says(&["\nerror: mimi_encoder needs the weights with voice cloning"]),
        "{ran}"
    );
    assert_eq!(hub.sandbox.files("out"), before);

    let ran = hub
        .run(&format!("{HUB_CONVERT} --components flow_net --quiet"), &[])
        .ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(hub.sandbox.manifest("out").components.len(), 1);
}

#[test]
fn configurations_may_be_on_the_hub_or_on_the_web() {
    let hub = VariantHub::start();
    let web = format!(
        "{}/someone/voice/resolve/main/config.yaml",
        hub.server.endpoint()
    );
    for location in [
        "hf://someone/voice/config.yaml",
        "hf://someone/voice/config.yaml@main",
        "hf://someone/voice/config.yaml@0123456789abcdef0123456789abcdef01234567",
        &web,
    ] {
        hub.run(
            &format!("convert --config {location} --output-dir out"),
            &[],
        )
        .ok();
        let manifest = hub.sandbox.manifest("out");
        assert_eq!(manifest.components.len(), 5);
        let source = manifest.source;
        assert_eq!(source.config.unwrap().location, location);
        assert_eq!(
            source.weights[0].location,
            "hf://someone/voice/model.safetensors"
        );
    }
}

#[test]
fn what_the_hub_lacks_is_named() {
    struct Case {
        line: &'static str,
        says: &'static str,
    }
    let cases = [
        Case {
            line: "--config hf://someone/voice/other.yaml",
            says: "no such file: hf://someone/voice/other.yaml",
        },
        Case {
            line: "--config hf://someone/voice/config.yaml@v9",
            says: "no such revision: hf://someone/voice/config.yaml@v9",
        },
        Case {
            line: "--config hf://someone/voice",
            says: "hf://owner/repository/path",
        },
        Case {
            line: "--config hf://someone/voice/model.safetensors",
            says: "hf://someone/voice/model.safetensors",
        },
    ];
    let hub = VariantHub::start();
    let mut failures = Vec::new();
    for Case { line, says } in cases {
        let ran = hub.run(&format!("convert {line} --output-dir none"), &[]);
        if !ran.error().contains(says) {
            failures.push(ran);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(!hub.sandbox.path("none").exists());
}

#[test]
fn an_unreachable_hub_is_called_so() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(HUB_CONVERT);
    assert!(
        ran.error().contains("cannot reach http://127.0.0.1:1"),
        "{ran}"
    );
    assert!(ran.error().contains("HF_ENDPOINT"), "{ran}");
    let ran = sandbox.run_with(HUB_CONVERT, &[("HF_HUB_OFFLINE", "1")]);
    assert!(ran.error().contains("HF_HUB_OFFLINE is set"), "{ran}");
    let ran = sandbox.run_with(HUB_CONVERT, &[("HF_ENDPOINT", "example.org")]);
    assert!(ran.error().contains("HF_ENDPOINT"), "{ran}");
    assert!(!sandbox.path("out").exists());
}

#[test]
fn predefined_voices_are_fetched_at_their_revision() {
    let hub = VariantHub::start();
    hub.run(
        &format!("{HUB_CONVERT} --voices default"),
        &[("HF_TOKEN", HUB_TOKEN)],
    )
    .ok();
    let voices = hub.sandbox.manifest("out").voices;
    let found: Vec<_> = voices
        .iter()
        .map(|v| (v.name.as_str(), v.positions))
        .collect();
    assert_eq!(found, [("alba", 20)]);
    hub.sandbox.run("verify out").ok();
    let speak = "speak --bundle out --seed 1 --quiet Hello. -o";
    hub.sandbox.run(&format!("{speak} bundle.wav")).ok();

    // On use: the language's own where the bundle has none, and any by its name.
    std::fs::remove_dir_all(hub.sandbox.path("out")).unwrap();
    hub.run(HUB_CONVERT, &[("HF_TOKEN", HUB_TOKEN)]).ok();
    assert!(hub.sandbox.manifest("out").voices.is_empty());
    hub.run(&format!("{speak} default.wav"), &[("HF_HUB_OFFLINE", "1")])
        .ok();
    hub.run(&format!("{speak} named.wav --voice alba"), &[])
        .ok();
    let read = |name: &str| std::fs::read(hub.sandbox.path(name)).unwrap();
    assert_eq!(read("default.wav"), read("named.wav"));
    assert_eq!(read("default.wav").len(), read("bundle.wav").len());
    // The hub does not have this one.
    let ran = hub.run(&format!("{speak} none.wav --voice marius"), &[]);
    assert!(
        ran.code == Some(1) && ran.says(&["marius.safetensors"]),
        "{ran}"
    );
}
