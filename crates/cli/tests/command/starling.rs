//! The model that the program brings: nothing of it lies on the disk before.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use bundle::ComponentName;

use crate::sandbox::{Sandbox, names, sound};

/// Sentences that the model was not trained with, and how long the model that taught it takes.
fn sentences() -> Vec<(String, f64)> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/starling/sentences.json"
    );
    let list: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let sentence = |it: &serde_json::Value| {
        let text = it["text"].as_str().unwrap().to_owned();
        (text, it["seconds"].as_f64().unwrap())
    };
    list.as_array().unwrap().iter().map(sentence).collect()
}

/// An empty folder, an empty home, and no bundle.
#[test]
fn speaks_where_there_is_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("empty/.keep", "");
    let temporary = sandbox.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let speak = |voice: &str, text: &str| {
        let mut command = sandbox.command("speak --seed 1 --json --voice");
        command.args([voice, text]);
        command.current_dir(sandbox.path("empty"));
        command.env("TMPDIR", &temporary);
        sandbox.finish("speak", &mut command).ok()
    };
    let mut longer = Vec::new();
    for (text, seconds) in sentences().iter().take(6) {
        for voice in ["robin", "heron"] {
            let ran = speak(voice, text);
            assert!(
                ran.says(&[
                    "notice: there is no bundle in browser/models/: this is starling",
                    "`pocket-onnx convert`",
                ]),
                "{ran}"
            );
            assert!(!ran.stderr.contains("noise"), "{ran}");
            let summary = ran.json();
            assert_eq!(summary["variant"], "starling");
            assert_eq!(summary["synthetic"], serde_json::Value::Null);
            assert_eq!(summary["cut"], 0, "{text}: {ran}");
            let sound = sound(&sandbox.path("empty/speech.wav"));
            sound.is_like_speech();
            // Silence at the end is counted by neither.
            longer.push(sound.sounding / seconds);
            assert!(
                (0.6..1.7).contains(&(sound.sounding / seconds)),
                "{text}: {sound:?}"
            );
        }
    }
    let mean = longer.iter().sum::<f64>() / longer.len() as f64;
    assert!((0.8..1.25).contains(&mean), "{mean}: {longer:?}");
    // Nothing is left, and nothing was kept for the next time.
    assert_eq!(names(&sandbox.path("empty")), [".keep", "speech.wav"]);
    assert!(!sandbox.path("home").exists());
    assert!(names(&temporary).is_empty(), "{:?}", names(&temporary));
}

/// Commands that only look something up, or make a voice for it, have it as well.
#[test]
fn other_commands_use_it_where_there_is_no_bundle() {
    let sandbox = Sandbox::new();
    let list = sandbox.run("voice list").ok();
    assert!(
        list.stdout.contains("robin") && list.stdout.contains("heron"),
        "{list}"
    );
    let tokens = sandbox.run("tokenize Hello. --json").ok();
    assert!(tokens.stdout.contains("\"chunks\""), "{tokens}");
    sandbox.run("speak Hello. --seed 1 -o hello.wav").ok();
    let exported = sandbox.run("voice export hello.wav -o mine.safetensors");
    let says = ["this model has learned its own voices only"];
    assert!(exported.ok().says(&says));
    sandbox
        .run("voice convert mine.safetensors --f16 -o half.safetensors")
        .ok();
    sandbox
        .run("speak Hello. --voice half.safetensors -o again.wav")
        .ok();
    // A folder that was named has to be there.
    let refused = sandbox.run("voice list --bundle elsewhere");
    assert!(refused.error().contains("no bundle here"), "{refused}");
}

#[test]
fn letters_that_it_does_not_know_are_told() {
    let sandbox = Sandbox::new();
    for (text, letters) in [("Привет.", Some("П, р, и, в, е, т:")), ("Hello.", None)] {
        let mut command = sandbox.command("speak");
        let ran = sandbox.finish("speak", command.arg(text)).ok();
        let told = "notice: the model's vocabulary does not have the letters ";
        assert_eq!(ran.says(&[told]), letters.is_some(), "{ran}");
        assert!(ran.says(&[letters.unwrap_or_default()]), "{ran}");
    }
}

/// What an interrupted run has unpacked goes, too.
#[cfg(unix)]
#[test]
fn nothing_is_left_of_an_interrupted_run() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let text = "The river was wide, and nobody spoke. ".repeat(2000);
    // While it converts, while it loads, and while it speaks.
    for wait in [20, 100, 250, 1500] {
        let mut command = sandbox.command("speak --seed 1 --threads 1 --output long.wav");
        command.arg(&text).env("TMPDIR", &temporary);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(wait));
        let kill = format!("kill -INT {}", child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "after {wait} ms");
        assert!(
            names(&temporary).is_empty(),
            "after {wait} ms: {:?}",
            names(&temporary)
        );
    }
}

/// A folder that was named is never replaced by something else.
#[test]
fn a_bundle_that_was_named_has_to_be_there() {
    let sandbox = Sandbox::new();
    for line in [
        "speak Hello. --bundle none",
        "serve --bundle none",
        "inspect",
    ] {
        let ran = sandbox.run(line);
        assert!(!ran.error().contains("starling"), "{ran}");
    }
}

#[test]
fn converts_by_name_with_both_voices() {
    let sandbox = Sandbox::new();
    sandbox
        .run("convert --variant starling --output-dir all")
        .ok();
    let all = sandbox.manifest("all");
    assert_eq!(all.variant.as_deref(), Some("starling"));
    assert_eq!(all.language.as_deref(), Some("english"));
    assert!(all.voice_cloning && all.synthetic.is_none());
    let source: Vec<_> = all
        .source
        .weights
        .iter()
        .map(|it| it.location.as_str())
        .collect();
    assert_eq!(source, ["model.safetensors"]);
    let voices = |dir: &str| {
        let manifest = sandbox.manifest(dir);
        manifest
            .voices
            .into_iter()
            .map(|it| it.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(voices("all"), ["robin", "heron"]);

    // The encoder makes the voices, whether it goes into the bundle or not.
    let parts = "text_conditioner flow_lm flow_net mimi_decoder";
    let line = "convert --variant starling --output-dir small --components";
    sandbox.run(&format!("{line} {parts}")).ok();
    assert_eq!(voices("small"), ["robin", "heron"]);
    let (small, all) = (sandbox.files("small"), sandbox.files("all"));
    for name in ["voice.robin.safetensors", "voice.heron.safetensors"] {
        assert!(small[name] == all[name], "{name}");
    }
    let bytes: usize = small.values().map(Vec::len).sum();
    assert!(bytes <= 7_000_000, "{bytes}");

    // What was typed goes before.
    for (typed, expected) in [
        ("--voices default", vec!["robin"]),
        ("--voices heron", vec!["heron"]),
        ("--voices all", vec!["robin", "heron"]),
        ("--components flow_net", vec![]),
    ] {
        let line = format!("convert --variant starling --output-dir out {typed}");
        sandbox.run(&line).ok();
        assert_eq!(voices("out"), expected, "{typed}");
    }
    let ran = sandbox.run("convert --variant starling --output-dir out --voices alba");
    assert!(ran.error().contains("it has robin and heron"), "{ran}");

    // A bundle of one voice knows the other.
    sandbox
        .run("convert --variant starling --output-dir out --voices robin")
        .ok();
    let ran = sandbox.run("voice list --bundle out").ok();
    assert!(ran.stdout.contains("robin  in the bundle"), "{ran}");
    assert!(
        ran.stdout.contains("heron  included in pocket-onnx"),
        "{ran}"
    );
    assert!(!ran.stdout.contains("alba"), "{ran}");
    sandbox
        .run("speak Hello. --bundle out --voice heron --seed 1")
        .ok();
    sound(&sandbox.path("speech.wav")).is_like_speech();
}

/// Shapes alone are still there for tests, and are called what they are.
#[test]
fn a_synthetic_starling_is_called_synthetic() {
    let sandbox = Sandbox::new();
    let line = "convert --variant starling --synthetic 3 --output-dir out";
    let ran = sandbox.run(line).ok();
    assert!(ran.stdout.contains("synthetic"), "{ran}");
    let manifest = sandbox.manifest("out");
    assert_eq!(manifest.synthetic.map(|it| it.seed), Some(3));
    let names: BTreeSet<_> = manifest.voices.iter().map(|it| it.name.as_str()).collect();
    assert!(!names.contains("robin"), "{names:?}");
    assert!(
        manifest
            .components
            .contains_key(&ComponentName::MimiEncoder)
    );
}

/// Its YAML is what pocket-tts reads, and with its files makes the same graphs.
#[test]
fn its_configuration_is_shown_and_converts() {
    let sandbox = Sandbox::new();
    let yaml = sandbox.run("variants starling").ok().stdout;
    sandbox.write("starling.yaml", yaml);
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/starling");
    let files = format!("--weights {dir}/model.safetensors --tokenizer {dir}/tokenizer.model");
    sandbox
        .run(&format!(
            "convert --config starling.yaml {files} --output-dir own"
        ))
        .ok();
    sandbox
        .run("convert --variant starling --output-dir named")
        .ok();
    assert!(sandbox.graphs("own") == sandbox.graphs("named"));
    // Without them it says what is missing.
    let ran = sandbox.run("convert --config starling.yaml --output-dir none");
    assert!(ran.error().contains("names no weights"), "{ran}");
}

/// Voices of the model itself come back with every conversion, so nobody's may have their names.
#[test]
fn no_voice_is_imported_under_the_name_of_the_models_own() {
    let sandbox = Sandbox::new();
    sandbox
        .run("convert --variant starling --output-dir b --quiet")
        .ok();
    sandbox
        .run("voice convert robin --bundle b -o me.safetensors")
        .ok();
    let ran = sandbox.run("voice import me.safetensors --name heron --bundle b");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.says(&["heron is one of starling's own voices", "--name"]),
        "{ran}"
    );
    let import = "voice import me.safetensors --bundle b";
    assert!(!sandbox.run(import).ok().stderr.contains("in place of"));
    assert!(
        sandbox
            .run(import)
            .ok()
            .stderr
            .contains("replacing the one before")
    );
}
