//! The chunks that are spoken: upstream's, bounded.

use config::TextOptions;

use super::python::split;
use super::{TextError, prepare_text_prompt, split_into_best_sentences};
use crate::Tokenizer;

/// Most tokens of a chunk, unless the caller wants more. Upstream splits at punctuation alone and
/// speaks a sentence without any in one go: memory would grow with the square of its length.
const LONGEST_CHUNK: usize = 300;

/// The chunks of [`split_into_best_sentences`] that there is something to say in. One of more than
/// [`LONGEST_CHUNK`] tokens is cut into parts of about `max_tokens`, between words where it can be.
pub(crate) fn chunks(
    tokenizer: &Tokenizer,
    text: &str,
    max_tokens: usize,
    options: &TextOptions,
) -> Result<Vec<String>, TextError> {
    let longest = LONGEST_CHUNK.max(max_tokens);
    let mut chunks = Vec::new();
    for chunk in split_into_best_sentences(tokenizer, text, max_tokens, options)? {
        if prepare_text_prompt(&chunk, options) == Err(TextError::Empty) {
            continue;
        }
        if tokenizer.encode(&chunk).len() <= longest {
            chunks.push(chunk);
        } else {
            cut(tokenizer, &chunk, max_tokens, &mut chunks);
        }
    }
    if chunks.is_empty() {
        return Err(TextError::Empty);
    }
    Ok(chunks)
}

/// Cuts a chunk into parts whose words have at most `max_tokens` tokens together.
fn cut(tokenizer: &Tokenizer, chunk: &str, max_tokens: usize, parts: &mut Vec<String>) {
    let mut part = Part::default();
    for word in split(chunk) {
        let tokens = tokenizer.encode(word).len();
        if tokens <= max_tokens {
            part.add(" ", word, tokens, max_tokens, parts);
            continue;
        }
        // A writing without spaces, or no word at all.
        let mut character = [0; 4];
        let mut between = " ";
        for c in word.chars() {
            let c: &str = c.encode_utf8(&mut character);
            let tokens = tokenizer.encode(c).len();
            part.add(between, c, tokens, max_tokens, parts);
            between = "";
        }
    }
    if !part.text.is_empty() {
        parts.push(part.text);
    }
}

/// A part that is being put together.
#[derive(Default)]
struct Part {
    text: String,
    tokens: usize,
}

impl Part {
    /// Adds a piece, to the next part where this one is full.
    fn add(
        &mut self,
        between: &str,
        piece: &str,
        tokens: usize,
        max_tokens: usize,
        parts: &mut Vec<String>,
    ) {
        if self.text.is_empty() {
            // The piece stands at the beginning.
        } else if self.tokens + tokens > max_tokens {
            parts.push(std::mem::take(&mut self.text));
            self.tokens = 0;
        } else {
            self.text.push_str(between);
        }
        self.text.push_str(piece);
        self.tokens += tokens;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../checkpoint/assets");

    fn tokenizers() -> [Tokenizer; 2] {
        let read = |name: &str| std::fs::read(format!("{ASSETS}/{name}")).unwrap();
        [
            Tokenizer::from_json(&read("tokenizer.json")).unwrap(),
            Tokenizer::from_sentencepiece(&read("tokenizer.model")).unwrap(),
        ]
    }

    fn options() -> TextOptions {
        TextOptions {
            pad_with_spaces_for_short_inputs: false,
            remove_semicolons: false,
            append_terminal_punctuation: false,
            capitalize_first_letter: false,
            replace_characters: std::iter::once(('"', String::new())).collect(),
        }
    }

    #[test]
    fn chunks_are_upstreams_unless_they_are_endless() {
        let options = options();
        let run_on = "and so it goes ".repeat(60);
        for tokenizer in &tokenizers() {
            for text in [
                "Short.",
                "One sentence. Another, which is longer; and a third: it ends.",
                &run_on,
            ] {
                let upstreams = split_into_best_sentences(tokenizer, text, 50, &options);
                assert_eq!(chunks(tokenizer, text, 50, &options), upstreams);
            }
        }
    }

    #[test]
    fn no_chunk_is_endless_and_nothing_is_lost() {
        let options = options();
        let cases = [
            ("words", "and so it goes ".repeat(2000)),
            ("one word", "a".repeat(20_000)),
            ("no spaces, byte pieces", "語".repeat(10_000)),
            ("emoji", "👩‍👩‍👧‍👦".repeat(1000)),
            (
                "a word among words",
                format!("Look: {} is it.", "xyz".repeat(3000)),
            ),
        ];
        for (name, text) in cases {
            for tokenizer in &tokenizers() {
                for max_tokens in [1, 50, 400] {
                    let chunks = chunks(tokenizer, &text, max_tokens, &options).unwrap();
                    let most = chunks.iter().map(|c| tokenizer.encode(c).len()).max();
                    let most = most.unwrap();
                    assert!(most <= LONGEST_CHUNK.max(max_tokens), "{name}: {most}");
                    let plain = |text: &str| split(text).collect::<String>();
                    assert_eq!(plain(&chunks.concat()), plain(&text), "{name}");
                }
            }
        }
    }

    /// A sign that the vocabulary takes for a space is no white space to the text rules.
    #[test]
    fn blank_chunks_are_left_out() {
        let options = options();
        for tokenizer in &tokenizers() {
            let spoken = chunks(tokenizer, "Hello. \u{2581}", 1, &options).unwrap();
            assert!(
                !spoken.is_empty() && spoken.iter().all(|c| !c.trim().is_empty()),
                "{spoken:?}"
            );
            for text in ["\"\"", "\u{2581}", " \" "] {
                let nothing = chunks(tokenizer, text, 50, &options);
                assert_eq!(nothing, Err(TextError::Empty), "{text:?}");
            }
        }
    }
}
