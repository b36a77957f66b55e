//! Texts of any length and in any writing.

use std::time::{Duration, Instant};

use config::TextOptions;
use proptest::prelude::*;
use speech::{TextCheck, Tokenizer, prepare_text_prompt, split_into_best_sentences};

use crate::support::{json, sentencepiece};

fn options(switches: [bool; 4], replace: &[(char, &str)]) -> TextOptions {
    let [pad, semicolons, punctuation, capital] = switches;
    TextOptions {
        pad_with_spaces_for_short_inputs: pad,
        remove_semicolons: semicolons,
        append_terminal_punctuation: punctuation,
        capitalize_first_letter: capital,
        replace_characters: replace
            .iter()
            .map(|(c, by)| (*c, (*by).to_owned()))
            .collect(),
    }
}

#[test]
fn long_texts_take_no_long_time() {
    let options = options([false, false, true, true], &[]);
    let cases = [
        (
            "words",
            "Version 1.2 of the world costs 3.14 or 2.5 dollars, not more. ".repeat(1000),
        ),
        ("one word", "a".repeat(1_000_000)),
        ("no piece has it", "語".repeat(300_000)),
        ("digits", "1.2.3.4.5.6.7.8.9.0.".repeat(10_000)),
        ("byte pieces", "²語.5 ".repeat(20_000)),
    ];
    for (name, text) in cases {
        for tokenizer in [json(), sentencepiece()] {
            let started = Instant::now();
            split_into_best_sentences(&tokenizer, &text, 50, &options).unwrap();
            // Quadratic time would be minutes.
            assert!(started.elapsed() < Duration::from_secs(20), "{name}");
        }
    }
}

/// Words and signs that matter to the rules, and any other characters.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-zA-Z0-9 .,;:!?\"'()\\[\\]…—-]{0,12}",
        "\\PC{0,6}",
        ".{0,6}",
        Just("[pause 1s]".to_owned()),
        Just("3.14".to_owned()),
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

thread_local! {
    static TOKENIZERS: [Tokenizer; 2] = [json(), sentencepiece()];
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_panics(text in texts(), switches: [bool; 4], max_tokens in 1..60_usize) {
        let options = options(switches, &[('"', ""), ('—', ", ")]);
        let mut check = TextCheck::default();
        let _ = check.push(&text).map(|()| check.finish());
        let _ = prepare_text_prompt(&text, &options);
        TOKENIZERS.with(|tokenizers| {
            for tokenizer in tokenizers {
                let _ = split_into_best_sentences(tokenizer, &text, max_tokens, &options);
            }
        });
    }
}
