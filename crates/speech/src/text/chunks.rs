//! The chunks that are spoken: upstream's, with bounded length.

use config::TextOptions;

use super::TextError;
use super::cutter::Cutter;
use super::map::Mapped;
use super::prepare::prepare;
use super::segment::SegmentSizes;
use super::split::{Sentences, Splitter};
use super::window::WindowSize;
use crate::Tokenizer;

/// Most tokens of a chunk, unless the caller asks for more. Upstream splits only at punctuation and
/// speaks a sentence without any in one go, but memory grows with the square of its length.
const LONGEST_CHUNK: usize = 300;

/// Length of a segment from which on it comes in parts, as a multiple of the longest chunk: parts
/// are then certainly too long to be spoken uncut.
const LONGEST_SEGMENT: usize = 2;

/// How much of a text is examined at a time while it is spoken.
pub(super) fn sizes(max_tokens: usize) -> SegmentSizes {
    SegmentSizes {
        window: WindowSize::SPEECH,
        segment: (LONGEST_CHUNK.max(max_tokens)).saturating_mul(LONGEST_SEGMENT),
    }
}

/// Makes the chunks of one passage after the other: those of [`super::split_into_best_sentences`]
/// that have anything to say. A chunk of more than [`LONGEST_CHUNK`] tokens is cut into parts of
/// about `max_tokens`, between words if possible.
pub(super) struct Chunks {
    longest: usize,
    splitter: Splitter,
    cutter: Cutter,
}

impl Chunks {
    pub(super) fn new(tokenizer: &Tokenizer, max_tokens: usize, sizes: SegmentSizes) -> Self {
        Self {
            longest: LONGEST_CHUNK.max(max_tokens),
            splitter: Splitter::new(tokenizer, max_tokens, sizes),
            cutter: Cutter::new(max_tokens),
        }
    }

    /// Takes more of a passage, and returns the chunks that it completes.
    pub(super) fn push(
        &mut self,
        text: &Mapped,
        tokenizer: &Tokenizer,
        options: &TextOptions,
    ) -> Vec<Mapped> {
        let sentences = self.splitter.push(text, tokenizer, options);
        self.bound(sentences, tokenizer, options)
    }

    /// The passage is over: returns its last chunks, if there is something to say.
    pub(super) fn finish(&mut self, tokenizer: &Tokenizer, options: &TextOptions) -> Vec<Mapped> {
        let sentences = self.splitter.finish(tokenizer, options);
        self.bound(sentences.unwrap_or_default(), tokenizer, options)
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.splitter.kept() + self.cutter.kept()
    }

    /// Cuts what is too long, and drops blank parts.
    fn bound(
        &mut self,
        sentences: Vec<Sentences>,
        tokenizer: &Tokenizer,
        options: &TextOptions,
    ) -> Vec<Mapped> {
        let is_blank = |text: &Mapped| prepare(text, options) == Err(TextError::Empty);
        let mut chunks = Vec::new();
        for sentences in sentences {
            match sentences {
                Sentences::Whole(text) if is_blank(&text) => {}
                Sentences::Whole(text) if tokenizer.encode(text.as_str()).len() <= self.longest => {
                    chunks.push(text);
                }
                Sentences::Whole(text) => {
                    self.cutter.push(&text, tokenizer, &mut chunks);
                    self.cutter.finish(tokenizer, &mut chunks);
                }
                Sentences::Part(text) => self.cutter.push(&text, tokenizer, &mut chunks),
                Sentences::End => self.cutter.finish(tokenizer, &mut chunks),
            }
        }
        chunks.retain(|chunk| !is_blank(chunk));
        chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_into_best_sentences;
    use crate::text::python::split;

    /// The chunks of a whole text.
    fn chunks(
        tokenizer: &Tokenizer,
        text: &str,
        max_tokens: usize,
        options: &TextOptions,
    ) -> Vec<String> {
        let mut chunks = Chunks::new(tokenizer, max_tokens, SegmentSizes::WHOLE);
        let mut all = chunks.push(&Mapped::at(text, 0), tokenizer, options);
        all.extend(chunks.finish(tokenizer, options));
        all.iter().map(|chunk| chunk.as_str().to_owned()).collect()
    }

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
                let upstreams = split_into_best_sentences(tokenizer, text, 50, &options).unwrap();
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
                    let chunks = chunks(tokenizer, &text, max_tokens, &options);
                    let most = chunks.iter().map(|c| tokenizer.encode(c).len()).max();
                    let most = most.unwrap();
                    assert!(most <= LONGEST_CHUNK.max(max_tokens), "{name}: {most}");
                    let plain = |text: &str| split(text).collect::<String>();
                    assert_eq!(plain(&chunks.concat()), plain(&text), "{name}");
                }
            }
        }
    }

    /// A character that the vocabulary treats as a space is not white space to the text rules.
    #[test]
    fn blank_chunks_are_left_out() {
        let options = options();
        for tokenizer in &tokenizers() {
            let spoken = chunks(tokenizer, "Hello. \u{2581}", 1, &options);
            assert!(
                !spoken.is_empty() && spoken.iter().all(|c| !c.trim().is_empty()),
                "{spoken:?}"
            );
            for text in ["\"\"", "\u{2581}", " \" "] {
                let nothing = chunks(tokenizer, text, 50, &options);
                assert_eq!(nothing, [""; 0], "{text:?}");
            }
        }
    }
}
