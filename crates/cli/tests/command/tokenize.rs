//! How texts are tokenized.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::sandbox::{REAL, Ran, Sandbox};

/// What the command prints for a text that is typed.
fn tokenize(sandbox: &Sandbox, line: &str, text: &str) -> String {
    let line = format!("tokenize {line} --");
    let mut command = sandbox.command(&line);
    sandbox.finish(&line, command.arg(text)).ok().stdout
}

fn tokenized(sandbox: &Sandbox, line: &str, text: &str) -> Value {
    serde_json::from_str(&tokenize(sandbox, line, text)).unwrap()
}

/// 506 lines are tokenized in tests of the tokenizer; here the command's own way to it.
#[test]
fn raw_texts_have_the_ids_of_the_reference_libraries() {
    let sandbox = Sandbox::new();
    let (json, model) = testkit::vocabulary("bpe_nfkc").unwrap();
    sandbox.write("other.json", json);
    sandbox.write("other.model", model);
    let mut failures = Vec::new();
    let cases = testkit::cases().unwrap();
    for (text, ids) in &cases[..57] {
        if text.contains('\0') {
            continue;
        }
        let ids = &ids[3];
        for (file, expected) in [
            ("other.json", &ids[0]),
            ("other.model", &ids[ids.len() - 1]),
        ] {
            let printed = tokenized(&sandbox, &format!("--tokenizer {file} --raw --json"), text);
            if printed["ids"] != json!(expected) {
                failures.push((file, text, printed));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    let printed = tokenize(
        &sandbox,
        "--tokenizer tokenizer.json --raw --json",
        " <s>the",
    );
    let expected = json!({"ids": [259, 259, 1, 260], "pieces": ["▁", "▁", "<s>", "▁the"]});
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), expected);
    assert_eq!(printed.lines().count(), 1);
}

#[test]
fn raw_texts_are_read_exactly_as_they_stand() {
    let sandbox = Sandbox::new();
    let text = "\u{feff}a\0b [pause 1s] \n";
    sandbox.write("text", text);
    let line = "tokenize --tokenizer tokenizer.model --raw --json";
    let file = sandbox.run(&format!("{line} --text-file text")).ok();
    let mut command = sandbox.command(line);
    let mut child = (command.stdin(Stdio::piped()).stdout(Stdio::piped()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let piped = Ran::new(line, child.wait_with_output().unwrap()).ok();
    assert_eq!(file.stdout, piped.stdout);
    let printed: Value = serde_json::from_str(&file.stdout).unwrap();
    let pieces = printed["pieces"].as_array().unwrap();
    for piece in ["<0xBB>", "<0x00>", "<0x0A>"] {
        assert!(pieces.contains(&json!(piece)), "{piece}: {printed}");
    }
    sandbox.write("latin", b"caf\xe9");
    let refused = sandbox.run(&format!("{line} --text-file latin"));
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("not UTF-8"), "{}", refused.stderr);
}

#[test]
fn a_text_is_shown_as_it_is_spoken() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{REAL} --output-dir b --quiet")).ok();
    let text = "hello world. [pause 500ms] Wait for 5€";
    let printed = tokenized(&sandbox, "--bundle b --json", text);
    let chunks = printed["chunks"].as_array().unwrap();
    assert_eq!(chunks.len(), 3, "{printed}");
    assert_eq!(chunks[1], json!({"pause": 0.5}));
    for chunk in [&chunks[0], &chunks[2]] {
        let count = |list: &str| chunk[list].as_array().unwrap().len();
        assert!(
            count("ids") > 0 && count("ids") == count("pieces"),
            "{chunk}"
        );
        assert_eq!(count("ids"), count("sources"), "{chunk}");
        // The ids are those that the model hears.
        let raw = tokenized(
            &sandbox,
            "--bundle b --raw --json",
            chunk["text"].as_str().unwrap(),
        );
        assert_eq!(raw["ids"], chunk["ids"]);
    }
    assert_eq!(chunks[0]["text"].as_str().unwrap().trim(), "Hello world.");
    let sources = chunks[2]["sources"].as_array().unwrap();
    assert_eq!(
        sources.iter().filter(|source| **source == "€").count(),
        3,
        "{sources:?}"
    );

    let shown = tokenize(&sandbox, "--bundle b", text);
    for part in ["Hello world.", "pause of 0.5 s", "PIECE", "<0xE2>", "\"€\""] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn what_cannot_be_tokenized_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "other.json",
        r#"{"model": {"type": "WordPiece", "vocab": {"a": 0}}}"#,
    );
    for (line, says) in [
        ("--tokenizer nowhere.json a", "nowhere.json"),
        (
            "--tokenizer other.json a",
            "model WordPiece is not supported",
        ),
        ("--bundle nowhere a", "nowhere"),
        ("--tokenizer tokenizer.json ...", ""),
        ("--tokenizer tokenizer.json --text-file nowhere", "nowhere"),
    ] {
        let ran = sandbox.run(&format!("tokenize {line}"));
        let expected = i32::from(!says.is_empty());
        assert_eq!(ran.code, Some(expected), "{ran}");
        assert!(ran.stderr.contains(says), "{ran}");
    }
    let both = sandbox.run("tokenize --tokenizer tokenizer.json --bundle b a");
    assert_eq!(both.code, Some(2), "{both}");
}
