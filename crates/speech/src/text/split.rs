//! Counterpart of `split_into_best_sentences` in pocket-tts: long texts in chunks of whole
//! sentences. The text may arrive piece by piece: boundaries depend on the tokens next to them, and
//! segments are joined from the left, so later text has no influence.

use config::TextOptions;

use super::TextError;
use super::map::Mapped;
use super::preparation::Preparation;
use super::python::is_space;
use super::segment::{SegmentSizes, Segments, TextSegment};
use crate::Tokenizer;

/// Text whose tokens show which ones end a sentence.
const SENTENCE_ENDS: &str = ".!...?";
/// Text whose tokens show where a sentence that is too long may be cut.
const WEAK_ENDS: &str = ",;:";

/// Sentences that are spoken in one go.
#[derive(Debug, PartialEq)]
pub(super) enum Sentences {
    /// All of them.
    Whole(Mapped),
    /// A part of a stretch without any boundary.
    Part(Mapped),
    /// The end of that stretch.
    End,
}

/// Splits passages, one after the other.
pub(super) struct Splitter {
    max_tokens: usize,
    preparation: Preparation,
    sentences: Segments,
    /// Splits a sentence that is too long into clauses.
    clauses: Segments,
    /// Whether any of that sentence has arrived.
    is_in_sentence: bool,
    /// Segments joined so far.
    joined: Mapped,
    joined_tokens: usize,
}

impl Splitter {
    pub(super) fn new(tokenizer: &Tokenizer, max_tokens: usize, sizes: SegmentSizes) -> Self {
        let ends = |text| tokenizer.encode(text).into_iter().skip(1).collect();
        Self {
            max_tokens,
            preparation: Preparation::default(),
            sentences: Segments::new(ends(SENTENCE_ENDS), true, sizes),
            clauses: Segments::new(ends(WEAK_ENDS), false, sizes),
            is_in_sentence: false,
            joined: Mapped::default(),
            joined_tokens: 0,
        }
    }

    /// Takes more of a passage, and returns what it completes.
    pub(super) fn push(
        &mut self,
        text: &Mapped,
        tokenizer: &Tokenizer,
        options: &TextOptions,
    ) -> Vec<Sentences> {
        self.preparation.push(text, options, self.sentences.text());
        let mut out = Vec::new();
        for sentence in self.sentences.read(tokenizer) {
            self.sentence(sentence, tokenizer, &mut out);
        }
        out
    }

    /// The passage is over: returns the rest. Refuses one without anything to say.
    pub(super) fn finish(
        &mut self,
        tokenizer: &Tokenizer,
        options: &TextOptions,
    ) -> Result<Vec<Sentences>, TextError> {
        self.preparation.finish(options, self.sentences.text())?;
        let mut out = Vec::new();
        for sentence in self.sentences.finish(tokenizer) {
            self.sentence(sentence, tokenizer, &mut out);
        }
        self.flush(&mut out);
        Ok(out)
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.sentences.kept() + self.clauses.kept() + self.joined.len()
    }

    /// Joins a sentence, or its clauses if it is too long.
    fn sentence(&mut self, sentence: TextSegment, tokenizer: &Tokenizer, out: &mut Vec<Sentences>) {
        match sentence {
            TextSegment::Whole { tokens, text } if tokens <= self.max_tokens => {
                self.join(tokens, text, out);
            }
            TextSegment::Whole { tokens, text } => {
                self.clauses.text().append(&text.trim(is_space));
                let mut clauses = self.clauses.read(tokenizer);
                clauses.extend(self.clauses.finish(tokenizer));
                if clauses.len() > 1 {
                    for clause in clauses {
                        self.clause(clause, out);
                    }
                } else {
                    self.join(tokens, text, out);
                }
            }
            TextSegment::Part(text) => {
                let start = if self.is_in_sentence {
                    0
                } else {
                    text.len() - text.as_str().trim_start_matches(is_space).len()
                };
                self.is_in_sentence |= start < text.len();
                self.clauses.text().append_part(&text, start..text.len());
                for clause in self.clauses.read(tokenizer) {
                    self.clause(clause, out);
                }
            }
            TextSegment::End => {
                let text = self.clauses.text();
                text.truncate(text.as_str().trim_end_matches(is_space).len());
                self.is_in_sentence = false;
                for clause in self.clauses.finish(tokenizer) {
                    self.clause(clause, out);
                }
            }
        }
    }

    fn clause(&mut self, clause: TextSegment, out: &mut Vec<Sentences>) {
        match clause {
            TextSegment::Whole { tokens, text } => self.join(tokens, text, out),
            TextSegment::Part(text) => {
                // It has too many tokens to be joined with anything.
                self.flush(out);
                out.push(Sentences::Part(text));
            }
            TextSegment::End => out.push(Sentences::End),
        }
    }

    /// Appends a segment to those before, if it fits.
    fn join(&mut self, tokens: usize, text: Mapped, out: &mut Vec<Sentences>) {
        if !self.joined.is_empty() && self.joined_tokens + tokens > self.max_tokens {
            self.flush(out);
        }
        if self.joined.is_empty() {
            self.joined = text;
            self.joined_tokens = tokens;
        } else {
            self.joined.push_added(" ");
            self.joined.append(&text);
            self.joined_tokens += tokens;
        }
    }

    fn flush(&mut self, out: &mut Vec<Sentences>) {
        if !self.joined.is_empty() {
            out.push(Sentences::Whole(self.joined.trim(is_space)));
            self.joined.clear();
        }
    }
}

/// Counterpart of `split_into_best_sentences` in pocket-tts: chunks of at most `max_tokens` tokens,
/// if the text has enough boundaries. Results may be blank.
pub fn split_into_best_sentences(
    tokenizer: &Tokenizer,
    text: &str,
    max_tokens: usize,
    options: &TextOptions,
) -> Result<Vec<String>, TextError> {
    let mut splitter = Splitter::new(tokenizer, max_tokens, SegmentSizes::WHOLE);
    let mut sentences = splitter.push(&Mapped::at(text, 0), tokenizer, options);
    sentences.extend(splitter.finish(tokenizer, options)?);
    let whole = |sentences| match sentences {
        Sentences::Whole(text) => Some(text.as_str().to_owned()),
        // Segments of that size come whole.
        Sentences::Part(_) | Sentences::End => None,
    };
    let chunks: Vec<String> = sentences.into_iter().filter_map(whole).collect();
    if chunks.is_empty() {
        return Err(TextError::Empty);
    }
    Ok(chunks)
}
