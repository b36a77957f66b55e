//! Tables of texts and how they are spoken, one for each language. The head of each file says what
//! it was checked against.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use normalize::{Expanded, Language, normalize};

/// Cases of a language, at least.
const LEAST: usize = 60;

#[test]
fn texts_are_spoken_as_the_tables_say() {
    let mut failures = Vec::new();
    for language in Language::ALL {
        let file = format!("tests/cases/{language}.txt");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        let cases = fs::read_to_string(&path).unwrap();
        let mut texts = HashSet::new();
        for (index, line) in cases.lines().enumerate() {
            let is_comment = line.starts_with("# ") && !line.contains(" →");
            if line.is_empty() || line == "#" || is_comment {
                continue;
            }
            // What is left out is spoken as nothing.
            let (text, expected) = line.split_once(" →").unwrap();
            let expected = expected.strip_prefix(' ').unwrap_or(expected);
            assert!(texts.insert(text), "{file}:{}: twice", index + 1);
            let spoken = Expanded::of(text, &normalize(text, language)).text;
            if spoken != expected {
                failures.push(format!("{file}:{}: {text} → {spoken}", index + 1));
            }
        }
        assert!(texts.len() >= LEAST, "{file} has {}", texts.len());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
