//! Voices that are imported: many at once, beside conversions, and across them.

use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{REAL, Ran, Sandbox, TINY, names};

fn voices(sandbox: &Sandbox, bundle: &str) -> Vec<String> {
    let manifest = sandbox.manifest(bundle);
    manifest.voices.into_iter().map(|it| it.name).collect()
}

fn start(sandbox: &Sandbox, line: &str) -> Child {
    let mut command = sandbox.command(line);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn import(name: &str) -> String {
    format!("voice import copy.safetensors --name {name} --bundle b")
}

/// A bundle in `b`, and a voice of its model outside.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TINY} --output-dir b --quiet")).ok();
    fs::copy(
        sandbox.path("b/voice.synthetic_1.safetensors"),
        sandbox.path("copy.safetensors"),
    )
    .unwrap();
    sandbox
}

/// On some systems both have the same file.
#[test]
fn names_that_differ_only_in_case_are_refused() {
    let sandbox = sandbox();
    sandbox.run(&import("me")).ok();
    let refused = sandbox.run(&import("Me"));
    assert!(refused.error().contains("has a voice me"), "{refused}");
    sandbox.run(&import("me")).ok();
}

#[test]
fn voices_that_are_imported_together_are_all_there() {
    let sandbox = sandbox();
    let children: Vec<_> = (0..12)
        .map(|i| start(&sandbox, &import(&format!("n{i}"))))
        .collect();
    for child in children {
        Ran::new("import", child.wait_with_output().unwrap()).ok();
    }
    let mut expected: Vec<_> = (0..12).map(|i| format!("n{i}")).collect();
    expected.extend(["synthetic_1".to_owned(), "synthetic_2".to_owned()]);
    expected.sort();
    let mut found = voices(&sandbox, "b");
    found.sort();
    assert_eq!(found, expected);
    sandbox.run("verify b").ok();
}

#[test]
fn an_import_waits_for_a_conversion() {
    let sandbox = sandbox();
    let large = "convert --variant english_2026-04_24l --synthetic 1 --output-dir b";
    let conversion = start(&sandbox, large);
    let weights = sandbox.path(".b.partial/flow_lm.onnx.data");
    let deadline = Instant::now() + Duration::from_mins(2);
    while !weights.metadata().is_ok_and(|it| it.len() > 1 << 20) {
        assert!(Instant::now() < deadline, "it does not begin to write");
        thread::sleep(Duration::from_millis(2));
    }
    let mut waiting = start(&sandbox, &import("late"));
    thread::sleep(Duration::from_millis(300));
    assert_eq!(waiting.try_wait().unwrap(), None, "it does not wait");
    let kill = format!("kill -TERM {}", conversion.id());
    assert!(
        sandbox
            .program("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    let conversion = Ran::new(large, conversion.wait_with_output().unwrap());
    assert_eq!(conversion.code, Some(130), "{conversion}");
    let waited = Ran::new("import", waiting.wait_with_output().unwrap()).ok();
    assert!(
        waited.says(&["b is being written by another command: waiting"]),
        "{waited}"
    );
    assert_eq!(
        voices(&sandbox, "b"),
        ["synthetic_1", "synthetic_2", "late"]
    );
}

/// Conversions and imports into one folder: who reports success has had it.
#[test]
fn imports_and_conversions_do_not_mix() {
    let sandbox = sandbox();
    for round in 0..3 {
        let conversion = format!("{TINY} --output-dir b --quiet");
        let names = [
            format!("a{round}"),
            format!("b{round}"),
            format!("c{round}"),
        ];
        let mut lines: Vec<_> = names.iter().map(|name| import(name)).collect();
        lines.insert(1, conversion.clone());
        lines.push(conversion);
        let children: Vec<_> = lines
            .iter()
            .map(|line| (line, start(&sandbox, line)))
            .collect();
        for (line, child) in children {
            let ran = Ran::new(line, child.wait_with_output().unwrap());
            if line.starts_with("voice") {
                ran.ok();
            } else if ran.code != Some(0) {
                assert!(
                    ran.error().contains("another conversion is writing"),
                    "{ran}"
                );
            }
        }
        // The same weights made them: a conversion keeps them.
        let there = voices(&sandbox, "b");
        for name in names {
            assert!(
                there.contains(&name),
                "round {round}: {name} is not among {there:?}"
            );
        }
        assert_eq!(sandbox.partial(), [""; 0]);
    }
}

/// Of an import that is killed between the file and the manifest.
#[test]
fn what_a_killed_import_leaves_does_not_block() {
    let sandbox = sandbox();
    let leave = || {
        fs::copy(
            sandbox.path("copy.safetensors"),
            sandbox.path("b/voice.killed.safetensors"),
        )
        .unwrap();
        sandbox.write("b/.manifest.json.abc123.partial", "{");
        sandbox.write("b/.voice.half.safetensors.abc123.partial", "half");
    };
    leave();
    sandbox.run(&import("next")).ok();
    let left = names(&sandbox.path("b"));
    assert!(
        left.iter().all(|name| !name.ends_with(".partial")),
        "{left:?}"
    );
    leave();
    sandbox.run(&format!("{TINY} --output-dir b --quiet")).ok();
    // The voice is whole, and of these weights: it is not lost.
    assert_eq!(
        voices(&sandbox, "b"),
        ["next", "killed", "synthetic_1", "synthetic_2"]
    );
}

#[test]
fn imports_that_are_killed_leave_a_bundle() {
    let sandbox = sandbox();
    for delay in 0..20 {
        let mut child = start(&sandbox, &import(&format!("k{delay}")));
        thread::sleep(Duration::from_millis(delay * 4));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    sandbox.run("speak Hi. --bundle b --quiet").ok();
    sandbox.run(&import("last")).ok();
    sandbox.run(&format!("{TINY} --output-dir b --quiet")).ok();
    assert!(voices(&sandbox, "b").contains(&"last".to_owned()));
}

#[test]
fn imported_voices_survive_a_conversion_of_the_same_weights() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir b --quiet")).ok();
    let record = testkit::records("tiny_english").join("voice.safetensors");
    fs::copy(record, sandbox.path("me.safetensors")).unwrap();
    for name in ["first", "second"] {
        sandbox
            .run(&format!(
                "voice import me.safetensors --name {name} --bundle b"
            ))
            .ok();
    }
    let before = sandbox.files("b");
    // With other graphs and another form of the weights, too.
    let ran = sandbox
        .run(&format!(
            "{REAL} --output-dir b --opset-version 18 --dtype q4"
        ))
        .ok();
    assert!(!ran.stderr.contains("lack"), "{ran}");
    assert_eq!(voices(&sandbox, "b"), ["first", "second"]);
    let after = sandbox.files("b");
    for name in ["first", "second"] {
        let file = format!("voice.{name}.safetensors");
        assert!(before[&file] == after[&file], "{name}");
    }
    // Those that are named come first; one of the same name is made anew.
    sandbox
        .run(&format!(
            "{REAL} --output-dir b --quiet --voices third=me.safetensors second=me.safetensors"
        ))
        .ok();
    assert_eq!(voices(&sandbox, "b"), ["third", "second", "first"]);
    sandbox.run("verify b").ok();

    // A bundle of an earlier format has them as well.
    let now = format!("\"format_version\": {}", bundle::FORMAT_VERSION);
    let manifest = sandbox
        .read("b/manifest.json")
        .replace(&now, "\"format_version\": 3");
    sandbox.write("b/manifest.json", manifest);
    sandbox.run(&format!("{REAL} --output-dir b --quiet")).ok();
    assert_eq!(voices(&sandbox, "b"), ["third", "second", "first"]);
}

#[test]
fn the_loss_of_imported_voices_is_told_before_the_work() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir b --quiet")).ok();
    let record = testkit::records("tiny_english").join("voice.safetensors");
    fs::copy(record, sandbox.path("me.safetensors")).unwrap();
    let import = "voice import me.safetensors --bundle b";
    sandbox.run(import).ok();
    sandbox.run(&format!("{import} --name you")).ok();
    for (line, says) in [
        // Of the same shapes: a voice would be noise without a word.
        (TINY.to_owned(), "it was made with other weights"),
        (format!("{REAL} --components flow_net"), "without flow_lm"),
        (
            "convert --variant english_2m_2026-10 --synthetic 1".to_owned(),
            "it was made with other weights",
        ),
    ] {
        // Even where nothing else is said.
        for quiet in ["", "--quiet"] {
            let _ = fs::remove_dir_all(sandbox.path("copy"));
            let copied = sandbox.program("cp").args(["-a", "b", "copy"]).status();
            assert!(copied.unwrap().success());
            let ran = sandbox
                .run(&format!("{line} --output-dir copy {quiet}"))
                .ok();
            assert!(
                ran.says(&[
                    "notice: the new bundle will lack the voices me, you of the old one",
                    says,
                    "--output-dir"
                ]),
                "{ran}"
            );
            let left = voices(&sandbox, "copy");
            assert!(
                !left.iter().any(|name| name == "me" || name == "you"),
                "{left:?}"
            );
        }
    }
    // A voice that is named again is not lost.
    let ran = sandbox
        .run(&format!("{REAL} --output-dir b --voices me.safetensors"))
        .ok();
    assert!(!ran.stderr.contains("lack"), "{ran}");
    sandbox.write("b/voice.you.safetensors", "no voice");
    let ran = sandbox.run(&format!("{REAL} --output-dir b")).ok();
    assert!(
        ran.says(&["will lack the voice you", "its file contains no voice"]),
        "{ran}"
    );
}
