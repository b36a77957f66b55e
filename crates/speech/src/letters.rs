//! Letters of a text that the vocabulary does not have.

use std::collections::BTreeSet;

use tokenizer::Tokenizer;

/// Most letters that a notice names.
const MOST_NAMED: usize = 8;

/// What has been read of a text, as far as it tells which letters are unknown.
#[derive(Default)]
pub(crate) struct UnknownLetters {
    seen: BTreeSet<char>,
    /// The first few, in order.
    named: Vec<char>,
    /// Whether there are more.
    more: bool,
}

impl UnknownLetters {
    /// Looks for letters that are read for the first time.
    pub(crate) fn read(&mut self, text: &str, tokenizer: &Tokenizer) {
        for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
            if !self.seen.insert(letter) || tokenizer.has_letter(letter) {
                continue;
            }
            if self.named.len() < MOST_NAMED {
                self.named.push(letter);
            } else {
                self.more = true;
            }
        }
    }

    /// The first few, separated by commas; `None` if all letters are known.
    pub(crate) fn list(&self) -> Option<String> {
        let names: Vec<String> = self.named.iter().map(char::to_string).collect();
        let more = if self.more { ", …" } else { "" };
        (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
    }
}
