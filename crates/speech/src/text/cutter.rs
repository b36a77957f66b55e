//! Cuts what has no boundary, between words where it can be.

use super::python::is_space;
use crate::Tokenizer;

/// Bytes of a word that may be too long, when that is looked at first.
const LONG_WORD: usize = 512;

/// Cuts a text that comes piece by piece into parts whose words have at most so many tokens
/// together.
pub(super) struct Cutter {
    max_tokens: usize,
    part: String,
    tokens: usize,
    /// The word that is being read, unless it is cut.
    word: String,
    /// Bytes of the word from which on it is looked at again.
    long: usize,
    /// In a word that is cut: a writing without spaces, or no word at all.
    is_in_long_word: bool,
    /// What stands before the next piece of the text.
    between: &'static str,
}

impl Cutter {
    pub(super) fn new(max_tokens: usize) -> Self {
        Self {
            max_tokens,
            part: String::new(),
            tokens: 0,
            word: String::new(),
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
    pub(super) fn push(&mut self, text: &str, tokenizer: &Tokenizer, parts: &mut Vec<String>) {
        let mut words = text.split(is_space);
        if let Some(word) = words.next() {
            self.letters(word, tokenizer, parts);
        }
        for word in words {
            self.end_word(tokenizer, parts);
            self.letters(word, tokenizer, parts);
        }
    }

    /// The text is over.
    pub(super) fn finish(&mut self, tokenizer: &Tokenizer, parts: &mut Vec<String>) {
        self.end_word(tokenizer, parts);
        if !self.part.is_empty() {
            parts.push(std::mem::take(&mut self.part));
        }
        self.tokens = 0;
    }

    /// More of a word.
    fn letters(&mut self, letters: &str, tokenizer: &Tokenizer, parts: &mut Vec<String>) {
        if self.is_in_long_word {
            self.cut(letters, tokenizer, parts);
            return;
        }
        self.word.push_str(letters);
        if self.word.len() > self.long {
            // The whole word has more tokens than this beginning, which is no one's whole word.
            if tokenizer.encode(&self.word).len() > self.max_tokens.saturating_mul(2) {
                self.is_in_long_word = true;
                let word = std::mem::take(&mut self.word);
                self.cut(&word, tokenizer, parts);
            } else {
                self.long = self.word.len() * 2;
            }
        }
    }

    fn end_word(&mut self, tokenizer: &Tokenizer, parts: &mut Vec<String>) {
        let word = std::mem::take(&mut self.word);
        if !word.is_empty() {
            let tokens = tokenizer.encode(&word).len();
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
    fn cut(&mut self, word: &str, tokenizer: &Tokenizer, parts: &mut Vec<String>) {
        let mut character = [0; 4];
        for c in word.chars() {
            let c: &str = c.encode_utf8(&mut character);
            let tokens = tokenizer.encode(c).len();
            self.add(c, tokens, parts);
            self.between = "";
        }
    }

    /// Adds a piece, to the next part where this one is full.
    fn add(&mut self, piece: &str, tokens: usize, parts: &mut Vec<String>) {
        if self.part.is_empty() {
            // The piece stands at the beginning.
        } else if self.tokens + tokens > self.max_tokens {
            parts.push(std::mem::take(&mut self.part));
            self.tokens = 0;
        } else {
            self.part.push_str(self.between);
        }
        self.part.push_str(piece);
        self.tokens += tokens;
    }
}
