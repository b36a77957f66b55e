//! A position in a text, and the words around it.

use std::ops::Range;

use crate::read::is_emoji;
use crate::table::LanguageTable;

/// Most bytes around a position that are examined: text further away has no influence.
pub(crate) const CONTEXT_BYTES: usize = 256;

/// A position in a text where something may begin that needs rewriting.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
    pub(crate) table: &'static LanguageTable,
}

/// A space within a line, which may also group digits.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// Whether a word ends here, whatever follows.
pub(crate) fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || is_emoji(c) || "()[]{}<>\"“”„«»‹›—…;|*".contains(c)
}

/// Characters that a word does not end with.
fn is_closing(c: char) -> bool {
    ".,:;!?'’‘”_~–-".contains(c)
}

impl<'a> Cursor<'a> {
    /// The text from here on.
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn move_to(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// The end of the word that begins here, without trailing punctuation.
    pub(crate) fn end(&self) -> usize {
        end_of_word(self.text, self.at)
    }

    /// The word that begins here.
    pub(crate) fn word(&self) -> &'a str {
        &self.text[self.at..self.end()]
    }

    /// The character before.
    pub(crate) fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    /// The word before, if only spaces are between; without punctuation before it.
    pub(crate) fn previous(&self) -> &'a str {
        &self.text[self.previous_range()]
    }

    pub(crate) fn previous_range(&self) -> Range<usize> {
        let before = self.text[..self.at].trim_end_matches(is_blank);
        if before.len() == self.at {
            return self.at..self.at;
        }
        let from = before.len().saturating_sub(CONTEXT_BYTES);
        let from = before.ceil_char_boundary(from);
        let start = before[from..].rfind(is_delimiter).map_or(from, |at| {
            let at = from + at;
            at + before[at..].chars().next().map_or(1, char::len_utf8)
        });
        let word = before[start..].trim_start_matches(['\'', '‘', '’', '¿', '¡', '-']);
        before.len() - word.len()..before.len()
    }

    /// Start of the next word, if one or two spaces come before it, from `end` on.
    pub(crate) fn next_at(&self, end: usize) -> Option<usize> {
        let rest = &self.text[end..];
        let next = rest.trim_start_matches(is_blank);
        let blanks = rest.len() - next.len();
        let is_near = (1..=4).contains(&blanks) && rest[..blanks].chars().count() <= 2;
        let is_word = next.chars().next().is_some_and(|c| !c.is_whitespace());
        (is_near && is_word).then_some(end + blanks)
    }

    /// The next word after `end`; empty if none is in reach.
    pub(crate) fn next(&self, end: usize) -> &'a str {
        self.next_at(end).map_or("", |at| self.move_to(at).word())
    }

    /// Whether a sentence may end at `end`: the text or line ends there, or a capital follows.
    pub(crate) fn is_sentence_end(&self, end: usize) -> bool {
        let rest = &self.text[end..];
        let closed = rest.trim_start_matches(|c| "\"'”’»)]".contains(c));
        let next = closed.trim_start_matches(is_blank);
        match next.chars().next() {
            None | Some('\n' | '\r') => true,
            Some(_) if next.len() == closed.len() => false,
            // In a language that capitalises every noun, only words that begin sentences tell.
            Some(_) if self.table.setting("nouns have capitals").is_some() => {
                let at = self.text.len() - next.len();
                (self.table).lists_exactly("sentence starters", self.move_to(at).word())
            }
            Some(c) => c.is_uppercase() || "\"“„«¿¡‘".contains(c),
        }
    }

    /// Whether the text may be cut at `end` without cutting a word.
    pub(crate) fn is_boundary(&self, end: usize) -> bool {
        end_of_word(self.text, end) == end
    }
}

/// Where the word that `text` has at `at` ends.
pub(crate) fn end_of_word(text: &str, at: usize) -> usize {
    let rest = &text[at..text.ceil_char_boundary((at + CONTEXT_BYTES).min(text.len()))];
    let end = rest.find(is_delimiter).unwrap_or(rest.len());
    at + rest[..end].trim_end_matches(is_closing).len()
}
