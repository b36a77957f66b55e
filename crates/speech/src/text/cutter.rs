//! Cuts text without a boundary, between words if possible.

use std::ops::Range;

use super::map::Mapped;
use super::python::is_space;
use crate::Tokenizer;

/// Length of a word, in bytes, at which its number of tokens is checked for the first time.
const LONG_WORD: usize = 512;

/// Cuts a text that arrives piece by piece into parts of at most `max_tokens` tokens (summed over
/// words).
pub(super) struct Cutter {
    max_tokens: usize,
    part: Mapped,
    tokens: usize,
    /// The word being read, unless it is being cut.
    word: Mapped,
    /// Length of the word at which it is checked again.
    long: usize,
    /// In a word that is being cut: a script without spaces, or no word at all.
    is_in_long_word: bool,
    /// Text between the part so far and the next piece.
    between: &'static str,
}

impl Cutter {
    pub(super) fn new(max_tokens: usize) -> Self {
        Self {
            max_tokens,
            part: Mapped::default(),
            tokens: 0,
            word: Mapped::default(),
            long: LONG_WORD,
            is_in_long_word: false,
            between: " ",
        }
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.part.len() + self.word.len()
    }

    /// Takes more of the text.
    pub(super) fn push(&mut self, text: &Mapped, tokenizer: &Tokenizer, parts: &mut Vec<Mapped>) {
        let mut start = 0;
        for (at, space) in text.as_str().match_indices(is_space) {
            self.letters(text, start..at, tokenizer, parts);
            self.end_word(tokenizer, parts);
            start = at + space.len();
        }
        self.letters(text, start..text.len(), tokenizer, parts);
    }

    /// The text is over.
    pub(super) fn finish(&mut self, tokenizer: &Tokenizer, parts: &mut Vec<Mapped>) {
        self.end_word(tokenizer, parts);
        if !self.part.is_empty() {
            parts.push(std::mem::take(&mut self.part));
        }
        self.tokens = 0;
    }

    /// Takes more of a word.
    fn letters(
        &mut self,
        text: &Mapped,
        letters: Range<usize>,
        tokenizer: &Tokenizer,
        parts: &mut Vec<Mapped>,
    ) {
        if self.is_in_long_word {
            self.cut(&text.slice(letters), tokenizer, parts);
            return;
        }
        self.word.append_part(text, letters);
        if self.word.len() > self.long {
            // The whole word has more tokens than this beginning of it.
            if tokenizer.encode(self.word.as_str()).len() > self.max_tokens.saturating_mul(2) {
                self.is_in_long_word = true;
                let word = std::mem::take(&mut self.word);
                self.cut(&word, tokenizer, parts);
            } else {
                self.long = self.word.len() * 2;
            }
        }
    }

    fn end_word(&mut self, tokenizer: &Tokenizer, parts: &mut Vec<Mapped>) {
        let word = std::mem::take(&mut self.word);
        if !word.is_empty() {
            let tokens = tokenizer.encode(word.as_str()).len();
            if tokens <= self.max_tokens {
                self.add(&word, tokens, parts);
            } else {
                self.cut(&word, tokenizer, parts);
            }
        }
        self.long = LONG_WORD;
        self.is_in_long_word = false;
        self.between = " ";
    }

    /// Adds a word, or a part of one, character by character.
    fn cut(&mut self, word: &Mapped, tokenizer: &Tokenizer, parts: &mut Vec<Mapped>) {
        for (at, c) in word.as_str().char_indices() {
            let c = word.slice(at..at + c.len_utf8());
            let tokens = tokenizer.encode(c.as_str()).len();
            self.add(&c, tokens, parts);
            self.between = "";
        }
    }

    /// Adds a piece, to the next part if this one is full.
    fn add(&mut self, piece: &Mapped, tokens: usize, parts: &mut Vec<Mapped>) {
        if self.part.is_empty() {
            // The piece is the first one.
        } else if self.tokens + tokens > self.max_tokens {
            parts.push(std::mem::take(&mut self.part));
            self.tokens = 0;
        } else {
            self.part.push_added(self.between);
        }
        self.part.append(piece);
        self.tokens += tokens;
    }
}
