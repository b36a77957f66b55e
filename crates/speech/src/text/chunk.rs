//! A chunk, and the part of the source that it speaks.

use std::ops::Range;

use config::TextOptions;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};

use super::TextError;
use super::map::Mapped;
use super::prepare::{PreparedText, prepare};
use super::python::is_space;
use crate::{Token, Tokenizer};

/// Most bytes of the source that are kept while none of them is spoken.
const LONGEST_UNSPOKEN: usize = 1 << 15;

/// Characters that open what follows them.
const OPENERS: &str = "([{<\"'«‹“‘„‚¿¡「『【《〈（［｛";

/// Sentences that are spoken in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChunk {
    /// The sentences, with their source map.
    pub text: Mapped,
    /// The source from the end of the chunk before to the end of this one.
    pub excerpt: Excerpt,
}

/// A part of the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The part.
    pub text: String,
    /// Bytes of the source before it.
    pub from: usize,
    /// UTF-16 units of the source before it.
    pub from_utf16: usize,
}

impl TextChunk {
    /// Applies the model's text options; the result maps to the source.
    pub fn prepare(&self, options: &TextOptions) -> Result<PreparedText, TextError> {
        prepare(&self.text, options)
    }

    /// The tokens of the prepared chunk. Each stands for whole grapheme clusters of the source;
    /// tokens of the same cluster have the same bytes.
    pub fn tokens(&self, prepared: &PreparedText, tokenizer: &Tokenizer) -> Vec<Token> {
        let mut tokens = prepared.tokens(tokenizer);
        for token in &mut tokens {
            token.source = self.excerpt.widen(token.source.clone());
        }
        // What decoding has inserted inside a cluster is a part of it, too.
        for i in (1..tokens.len()).rev() {
            let start = tokens[i].source.start;
            let before = &mut tokens[i - 1].source;
            before.start = before.start.min(start);
        }
        tokens
    }

    /// The bytes of the source that are spoken, with adjacent punctuation.
    pub fn source(&self) -> Range<usize> {
        let range = self.excerpt.widen(self.text.source());
        let before = self.excerpt.get(self.excerpt.from..range.start);
        let opened = before.trim_end_matches(|c| OPENERS.contains(c));
        range.start - (before.len() - opened.len())..self.excerpt.end().max(range.end)
    }
}

impl Excerpt {
    /// End of the chunk in the source, in bytes.
    pub fn end(&self) -> usize {
        self.from + self.text.len()
    }

    /// The text at these bytes of the source, as far as the excerpt has it.
    pub fn get(&self, range: Range<usize>) -> &str {
        let [start, end] = [range.start, range.end].map(|at| self.inner(at));
        self.text.get(start..end).unwrap_or_default()
    }

    /// UTF-16 units before this byte of the source.
    pub fn utf16(&self, at: usize) -> usize {
        let before = &self.text[..self.inner(at)];
        self.from_utf16 + before.encode_utf16().count()
    }

    /// The smallest range of whole grapheme clusters around this one, within the excerpt: a cluster
    /// does not reach into the excerpt before.
    pub fn widen(&self, range: Range<usize>) -> Range<usize> {
        let range = range.start.max(self.from)..range.end.max(self.from);
        let text = &self.text[..];
        let [start, end] = [range.start, range.end].map(|at| self.inner(at));
        if start > end {
            return range;
        }
        let cursor = |at| GraphemeCursor::new(at, text.len(), true);
        let is_boundary = |at| cursor(at).is_boundary(text, 0) == Ok(true);
        let before = |at| cursor(at).prev_boundary(text, 0).ok().flatten();
        let after = |at| cursor(at).next_boundary(text, 0).ok().flatten();
        let first = Some(start)
            .filter(|&at| is_boundary(at))
            .or_else(|| before(start));
        let last = Some(end)
            .filter(|&at| is_boundary(at))
            .or_else(|| after(end));
        let (start, end) = (first.unwrap_or(0), last.unwrap_or(text.len()));
        self.from + start..self.from + end
    }

    /// Converts a byte offset in the source to one in the excerpt.
    fn inner(&self, at: usize) -> usize {
        let at = at.saturating_sub(self.from);
        self.text.floor_char_boundary(at.min(self.text.len()))
    }
}

/// The source that has arrived and is not part of a chunk yet.
#[derive(Default)]
pub(super) struct Unspoken(Excerpt);

impl Unspoken {
    pub(super) fn push(&mut self, text: &str) {
        self.0.text.push_str(text);
        // A listener does not miss such a long part that is not spoken.
        if self.0.text.len() > LONGEST_UNSPOKEN {
            let excess = self.0.text.len() - LONGEST_UNSPOKEN / 2;
            let excess = self.0.text.ceil_char_boundary(excess);
            self.take(self.0.from + excess);
        }
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.0.text.len()
    }

    /// Bytes of the source that have arrived.
    pub(super) fn end(&self) -> usize {
        self.0.end()
    }

    /// The remaining source.
    pub(super) fn rest(&self) -> &Excerpt {
        &self.0
    }

    /// The chunk for a text.
    pub(super) fn chunk(&mut self, text: Mapped) -> TextChunk {
        let end = self.0.widen(text.source()).end;
        let behind = self.0.get(end..self.0.end());
        let is_open = |c: char| is_space(c) || c.is_alphanumeric() || OPENERS.contains(c);
        let closed = behind.graphemes(true);
        let closed = closed.take_while(|grapheme| !grapheme.contains(is_open));
        let closed: usize = closed.map(str::len).sum();
        TextChunk {
            excerpt: self.take(end + closed),
            text,
        }
    }

    /// Cuts off the part before this byte of the source.
    fn take(&mut self, to: usize) -> Excerpt {
        let rest = self.0.text.split_off(self.0.inner(to));
        let taken = std::mem::take(&mut self.0);
        self.0 = Excerpt {
            from: taken.end(),
            from_utf16: taken.utf16(taken.end()),
            text: rest,
        };
        taken
    }
}
