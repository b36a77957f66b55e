//! Which files make up a model.

use std::error::Error as _;
use std::fs;

use checkpoint::{FetchError, Hub, ModelFiles, NoProgress, SourceError, WeightFiles};
use config::{Config, Variant};

use crate::sandbox::{
    COMMIT, GATED, HubSandbox, LARGE_FILE, OTHER_COMMIT, RIGHT_TOKEN, SMALL, fetch, large, small,
};

/// A configuration with these locations and no others.
fn config(set: impl FnOnce(&mut Config)) -> Config {
    let mut config = Variant::find("english").unwrap().config();
    config.weights_path = None;
    config.weights_path_without_voice_cloning = None;
    config.flow_lm.weights_path = None;
    config.mimi.weights_path = None;
    config.flow_lm.lookup_table.tokenizer_path = Some(format!("{SMALL}@{COMMIT}"));
    config.flow_lm.lookup_table.n_bins = 1;
    set(&mut config);
    config
}

fn gated_with_open() -> Config {
    config(|it| {
        it.weights_path = Some(format!("{GATED}@{OTHER_COMMIT}"));
        it.weights_path_without_voice_cloning = Some(format!("{LARGE_FILE}@{COMMIT}"));
    })
}

fn get(config: &Config, hub: &Hub) -> Result<ModelFiles, SourceError> {
    ModelFiles::fetch(config, hub, &NoProgress)
}

/// The location of a whole file.
fn whole(files: &ModelFiles) -> &str {
    match &files.weights {
        WeightFiles::Whole(file) => &file.location,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_keys_of_a_configuration_choose_the_files() {
    struct Case {
        name: &'static str,
        keys: [Option<&'static str>; 3],
        gives: Result<&'static str, &'static str>,
    }
    // Whole, flow_lm, mimi.
    let cases = [
        Case {
            name: "whole",
            keys: [Some("w"), None, None],
            gives: Ok("whole w"),
        },
        Case {
            name: "whole and mimi",
            keys: [Some("w"), None, Some("m")],
            gives: Ok("whole w, mimi m"),
        },
        Case {
            name: "parts",
            keys: [None, Some("f"), Some("m")],
            gives: Ok("flow_lm f, mimi m"),
        },
        Case {
            name: "all: the whole file's backbone counts",
            keys: [Some("w"), Some("f"), Some("m")],
            gives: Ok("whole w, mimi m"),
        },
        Case {
            name: "flow_lm alone",
            keys: [None, Some("f"), None],
            gives: Err("needs mimi.weights_path"),
        },
        Case {
            name: "whole and flow_lm",
            keys: [Some("w"), Some("f"), None],
            gives: Err("needs mimi.weights_path"),
        },
        Case {
            name: "mimi alone",
            keys: [None, None, Some("m")],
            gives: Err("needs weights_path or flow_lm.weights_path"),
        },
        Case {
            name: "nothing",
            keys: [None, None, None],
            gives: Err("--synthetic"),
        },
    ];
    let sandbox = HubSandbox::new();
    let file = |name: &str| sandbox.folder.path().join(name).display().to_string();
    for name in ["w", "f", "m"] {
        fs::write(file(name), name).unwrap();
    }
    fs::write(file("t.json"), small()).unwrap();
    let mut failures = Vec::new();
    for case in cases {
        let [whole, flow_lm, mimi] = case.keys.map(|key| key.map(file));
        let config = config(|it| {
            it.weights_path = whole;
            it.flow_lm.weights_path = flow_lm;
            it.mimi.weights_path = mimi;
            it.flow_lm.lookup_table.tokenizer_path = Some(file("t.json"));
        });
        let read = |it: &checkpoint::Fetched| fs::read_to_string(&it.path).unwrap();
        let given = get(&config, &sandbox.offline()).map(|files| {
            assert!(files.voice_cloning && files.fallback.is_none());
            assert_eq!(read(&files.tokenizer).as_bytes(), small());
            match &files.weights {
                WeightFiles::Whole(whole) => format!("whole {}", read(whole)),
                WeightFiles::WholeWithMimi { whole, mimi } => {
                    format!("whole {}, mimi {}", read(whole), read(mimi))
                }
                WeightFiles::Parts { flow_lm, mimi } => {
                    format!("flow_lm {}, mimi {}", read(flow_lm), read(mimi))
                }
            }
        });
        match (given, case.gives) {
            (Ok(given), Ok(expected)) if given == expected => {}
            (Err(error), Err(says)) if error.to_string().contains(says) => {}
            (given, _) => failures.push(format!("{}: {given:?}", case.name)),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_missing_tokenizer_is_told_before_anything_is_downloaded() {
    let sandbox = HubSandbox::new();
    let mut config = gated_with_open();
    config.flow_lm.lookup_table.tokenizer_path = None;
    let error = get(&config, &sandbox.hub()).unwrap_err();
    assert!(error.to_string().contains("--tokenizer"), "{error}");
    assert!(sandbox.server.seen().is_empty());
}

#[test]
fn a_tokenizer_that_cannot_be_used_is_told_before_the_weights_are_downloaded() {
    let other = br#"{"model": {"type": "WordPiece", "vocab": {"a": 0}}}"#;
    let sandbox = HubSandbox::new();
    let path = sandbox.folder.path().join("other.json");
    let location = path.display().to_string();
    for (content, n_bins, says) in [
        (other.to_vec(), 1, "model WordPiece is not supported"),
        (small(), 4000, "`n_bins`"),
    ] {
        fs::write(&path, content).unwrap();
        let mut config = gated_with_open();
        config.flow_lm.lookup_table.tokenizer_path = Some(location.clone());
        config.flow_lm.lookup_table.n_bins = n_bins;
        let error = get(&config, &sandbox.hub()).unwrap_err();
        assert!(error.to_string().contains(&location), "{error}");
        let chain = std::iter::successors(error.source(), |error| (*error).source());
        let chain = chain
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        assert!(chain.contains(says), "{chain}");
        assert!(sandbox.server.seen().is_empty());
    }
}

#[test]
fn refused_weights_give_way_to_the_open_ones() {
    let open = format!("{LARGE_FILE}@{COMMIT}");
    let gated = format!("{GATED}@{OTHER_COMMIT}");
    for (token, location) in [
        (None, &open),
        (Some("hf_wrong"), &open),
        (Some(RIGHT_TOKEN), &gated),
    ] {
        let sandbox = HubSandbox::new();
        let mut builder = sandbox.builder();
        if let Some(token) = token {
            builder = builder.token(token);
        }
        let files = get(&gated_with_open(), &builder.build().unwrap()).unwrap();
        assert_eq!(whole(&files), location, "{token:?}");
        assert_eq!(files.voice_cloning, token == Some(RIGHT_TOKEN));
        match (&files.fallback, token) {
            (None, Some(RIGHT_TOKEN)) => {}
            (Some(reason @ FetchError::Gated { .. }), _) => {
                assert!(reason.to_string().contains("HF_TOKEN"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn without_open_weights_the_refusal_stands() {
    let sandbox = HubSandbox::new();
    let config = config(|it| it.weights_path = Some(GATED.to_owned()));
    let error = get(&config, &sandbox.hub()).unwrap_err();
    assert!(error.to_string().contains(GATED), "{error}");
    let source = error.source().unwrap().to_string();
    assert!(source.contains("accept the terms"), "{source}");
}

#[test]
fn offline_takes_what_is_there() {
    let sandbox = HubSandbox::new();
    let config = gated_with_open();
    let error = get(&config, &sandbox.offline()).unwrap_err();
    assert!(error.to_string().contains("tokenizer_path"), "{error}");

    let hub = sandbox.hub();
    fetch(&hub, &format!("{SMALL}@{COMMIT}")).unwrap();
    let error = get(&config, &sandbox.offline()).unwrap_err();
    let SourceError::Neither { source, open, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(source.to_string().contains(GATED), "{source}");
    assert!(open.to_string().contains(LARGE_FILE), "{open}");

    let path = fetch(&hub, &format!("{LARGE_FILE}@{COMMIT}")).unwrap();
    assert_eq!(fs::read(path).unwrap(), large());
    sandbox.server.seen();
    let files = get(&config, &sandbox.offline()).unwrap();
    assert_eq!(whole(&files), format!("{LARGE_FILE}@{COMMIT}"));
    assert!(matches!(files.fallback, Some(FetchError::Offline { .. })));
    assert!(sandbox.server.seen().is_empty());
}

#[test]
fn an_outage_is_no_refusal() {
    let sandbox = HubSandbox::new();
    let config = gated_with_open();
    let hub = sandbox.hub();
    fetch(&hub, &format!("{SMALL}@{COMMIT}")).unwrap();
    let unreachable = sandbox.builder().endpoint("http://127.0.0.1:1");
    let unreachable = unreachable.build().unwrap();
    let error = get(&config, &unreachable).unwrap_err();
    assert!(error.to_string().contains(GATED), "{error}");
    let source = error.source().unwrap().to_string();
    assert!(source.contains("http://127.0.0.1:1"), "{source}");

    // The open weights of an earlier call need no network.
    fetch(&hub, &format!("{LARGE_FILE}@{COMMIT}")).unwrap();
    let files = get(&config, &unreachable).unwrap();
    assert!(!files.voice_cloning);
    assert!(matches!(
        files.fallback,
        Some(FetchError::Connection { .. })
    ));
}

#[test]
fn a_mistyped_local_path_is_no_refusal() {
    let sandbox = HubSandbox::new();
    let mut config = gated_with_open();
    config.weights_path = Some("mdoel.safetensors".to_owned());
    let error = get(&config, &sandbox.hub()).unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(source.contains("mdoel.safetensors"), "{source}");
}
