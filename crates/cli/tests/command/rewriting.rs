//! Numbers in words, and pronunciation lists.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// The texts of the chunks, and the parts of the source that their tokens stand for.
fn chunks(sandbox: &Sandbox, line: &str, text: &str) -> (Vec<String>, String) {
    let line = format!("tokenize --json {line} --");
    let ran = sandbox.finish(&line, sandbox.command(&line).arg(text)).ok();
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    let chunks = printed["chunks"].as_array().unwrap();
    let text = |chunk: &Value| chunk["text"].as_str().map(str::to_owned);
    let texts = chunks.iter().filter_map(text).collect();
    let mut sources: Vec<_> = (chunks.iter())
        .filter_map(|chunk| chunk["sources"].as_array())
        .flatten()
        .filter_map(|source| source.as_str().map(str::to_owned))
        .filter(|source| !source.trim().is_empty())
        .collect();
    sources.dedup();
    (texts, sources.join("|"))
}

#[test]
fn numbers_are_spoken_as_words_and_words_as_a_list_says() {
    let sandbox = Sandbox::new();
    sandbox.write("list.txt", "# names\nSQL = sequel\nkyutai = kyoo tie\n");
    let english = "--tokenizer tokenizer.json --normalize=english";
    let cases = [
        (
            english,
            "It costs $5. [pause 500ms] Dr. Smith left at 8:00.",
            vec![
                "It costs five dollars.",
                "Doctor Smith left at eight o'clock.",
            ],
        ),
        (
            "--tokenizer tokenizer.json --normalize=de",
            "Am 3. Mai 1999.",
            vec!["Am dritten Mai neunzehnhundertneunundneunzig."],
        ),
        (
            "--tokenizer tokenizer.json",
            "It costs $5.",
            vec!["It costs $5."],
        ),
        (
            "--tokenizer tokenizer.json --replace list.txt",
            "Kyutai likes SQL 5.",
            vec!["Kyoo tie likes sequel 5."],
        ),
    ];
    for (line, text, expected) in cases {
        assert_eq!(chunks(&sandbox, line, text).0, expected, "{line}");
    }
    let both = format!("{english} --replace list.txt");
    let (texts, sources) = chunks(&sandbox, &both, "SQL costs $45 now");
    assert_eq!(texts, ["Sequel costs forty-five dollars now."]);
    assert!(
        sources.contains("SQL|") && sources.contains("|$45|"),
        "{sources}"
    );
}

#[test]
fn what_cannot_be_rewritten_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.txt", "SQL = sequel\n\nnothing\n");
    sandbox.write("latin.txt", b"a = b\ncaf\xe9 = c\n");
    let cases = [
        (
            "--replace bad.txt",
            "pronunciation list bad.txt: line 3: should be `word = spoken form`",
        ),
        (
            "--replace latin.txt",
            "cannot read the pronunciation list latin.txt: line 2 is not UTF-8",
        ),
        (
            "--replace none.txt",
            "cannot read the pronunciation list none.txt",
        ),
        (
            "--normalize",
            "the model does not say its language: name one, as in --normalize=german",
        ),
    ];
    for (options, expected) in cases {
        let ran = sandbox.run(&format!(
            "tokenize --tokenizer tokenizer.json {options} hello"
        ));
        assert!(ran.error().contains(expected), "{options}: {ran}");
    }
    let usage = [
        (
            "--normalize=klingon",
            "the language \"klingon\" is not supported",
        ),
        ("--normalize=en --raw", "cannot be used with"),
    ];
    for (options, expected) in usage {
        let ran = sandbox.run(&format!(
            "tokenize --tokenizer tokenizer.json {options} hello"
        ));
        assert!(
            ran.code == Some(2) && ran.says(&[expected]),
            "{options}: {ran}"
        );
    }
}
