//! Texts that are hard to prepare and to split, with what pocket-tts makes of them.

use config::TextOptions;
use serde::Deserialize;
use speech::{TextError, prepare_text_prompt, split_into_best_sentences};

use crate::support::{json, lines, none, sentencepiece};

#[derive(Deserialize)]
#[serde(untagged)]
enum HardTextLine {
    SpeechOptions { options: Vec<TextOptions> },
    Case(Case),
}

#[derive(Deserialize)]
struct Case {
    t: String,
    /// Which options.
    o: usize,
    /// Prepared; none where it is refused.
    p: Option<String>,
    /// The guess of frames after the end of speech.
    #[serde(default)]
    a: usize,
    /// Most tokens of a chunk.
    #[serde(default)]
    m: usize,
    /// Chunks with `tokenizers`.
    #[serde(default)]
    j: Vec<String>,
    /// Chunks with SentencePiece, where they differ.
    s: Option<Vec<String>>,
}

#[test]
fn texts_are_prepared_and_split_as_by_pocket_tts() {
    let (json, sentencepiece) = (json(), sentencepiece());
    let mut all_options = Vec::new();
    let mut failures = Vec::new();
    for line in lines(include_bytes!("hard_texts.json.gz")) {
        let case = match line {
            HardTextLine::SpeechOptions { options } => {
                all_options = options;
                continue;
            }
            HardTextLine::Case(case) => case,
        };
        let options = &all_options[case.o];
        let prepared = prepare_text_prompt(&case.t, options);
        let Some(text) = case.p else {
            if prepared != Err(TextError::Empty) {
                failures.push(format!("{:?}: {prepared:?} is not refused", case.t));
            }
            continue;
        };
        match prepared {
            Ok(p) if p.text == text && p.frames_after_eos_guess == case.a => {}
            other => failures.push(format!("{:?}: {other:?}, not {text:?}, {}", case.t, case.a)),
        }
        let s = case.s.as_ref().unwrap_or(&case.j);
        for (tokenizer, chunks) in [(&json, &case.j), (&sentencepiece, s)] {
            let split = split_into_best_sentences(tokenizer, &case.t, case.m, options);
            if split.as_ref() != Ok(chunks) {
                failures.push(format!("{:?}: {split:?}, not {chunks:?}", case.t));
            }
        }
    }
    none(&failures);
}
