//! Tokenizes a text that arrives piece by piece, window by window.

use std::ops::Range;

use super::map::Mapped;
use super::python::is_space;
use crate::{Token, Tokenizer};

/// Bytes of text on each side of a cut that are compared to see whether it changes a token.
const TOKEN_CONTEXT: usize = 64;

/// Most bytes of a word at which the context begins.
const LONGEST_WORD: usize = 256;

/// Positions that are tried for a cut.
const TRIES: usize = 8;

/// How long windows are, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowSize {
    /// Normal length, plus the distance to the next position for a cut.
    pub(super) usual: usize,
    /// Length from which on cuts inside a word are allowed.
    pub(super) word: usize,
    /// Length at which a window is cut anywhere, even if that changes tokens.
    pub(super) longest: usize,
}

impl WindowSize {
    /// Short enough not to delay the first sound, long enough that encoding the context twice does
    /// not matter.
    pub(super) const SPEECH: Self = Self {
        usual: 1024,
        word: 1536,
        longest: 3072,
    };
    /// The whole text at once.
    pub(super) const WHOLE: Self = Self {
        usual: usize::MAX,
        word: usize::MAX,
        longest: usize::MAX,
    };
}

/// A token of a text.
#[derive(Clone, Debug)]
pub(super) struct MappedToken {
    pub(super) id: i64,
    /// The part of the text that it stands for; empty if the previous token stands for the same
    /// part, as with the bytes of a character.
    pub(super) text: Mapped,
}

/// Cuts a text into windows whose ids together are those of the whole text. It cuts where the ids
/// before do not depend on the text after, which it tests with [`TOKEN_CONTEXT`] bytes on each side; so
/// the pieces of any vocabulary and the rules of any normalizer are respected. If there is no such
/// position within [`WindowSize::longest`] bytes, it cuts there.
pub(super) struct Windows {
    size: WindowSize,
    /// Text that has arrived and is in no window yet.
    text: Mapped,
    /// The last words of the windows so far.
    context: String,
}

impl Windows {
    pub(super) fn new(size: WindowSize) -> Self {
        Self {
            size,
            text: Mapped::default(),
            context: String::new(),
        }
    }

    /// Where more text is appended.
    pub(super) fn text(&mut self) -> &mut Mapped {
        &mut self.text
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.text.len() + self.context.len()
    }

    /// Tokens of the next window, if enough text has arrived.
    pub(super) fn next(&mut self, tokenizer: &Tokenizer) -> Option<Vec<MappedToken>> {
        let at = self.cut(tokenizer)?;
        let rest = self.text.split_off(at);
        let window = std::mem::replace(&mut self.text, rest);
        Some(self.encode(tokenizer, &window))
    }

    /// Tokens of the rest: the text is over.
    pub(super) fn rest(&mut self, tokenizer: &Tokenizer) -> Vec<MappedToken> {
        let window = std::mem::take(&mut self.text);
        let pieces = self.encode(tokenizer, &window);
        self.context.clear();
        pieces
    }

    /// Tokens of a window after its context.
    fn encode(&mut self, tokenizer: &Tokenizer, window: &Mapped) -> Vec<MappedToken> {
        let text = window.as_str();
        if self.context.is_empty() {
            tail(text).clone_into(&mut self.context);
            return pieces(&tokenizer.tokens(text), window, 0);
        }
        let known = tokenizer.encode(&self.context);
        let before = self.context.len();
        self.context.push_str(text);
        let tokens = tokenizer.tokens(&self.context);
        self.context = tail(&self.context).to_owned();
        match tokens.split_at_checked(known.len()) {
            Some((first, rest)) if first.iter().map(|token| token.id).eq(known) => {
                pieces(rest, window, before)
            }
            // In a long word without a position for a cut.
            _ => pieces(&tokenizer.tokens(text), window, 0),
        }
    }

    /// End of the next window.
    fn cut(&self, tokenizer: &Tokenizer) -> Option<usize> {
        let WindowSize {
            usual,
            word,
            longest,
        } = self.size;
        let text = self.text.as_str();
        let last = text.len().checked_sub(TOKEN_CONTEXT)?;
        if last < usual {
            return None;
        }
        let [usual, last] = [usual, last].map(|at| text.floor_char_boundary(at));
        let is_cut = |at: &usize| self.is_cut(tokenizer, *at);
        let is_place = |at: &usize| self.is_place(*at);
        let before = text[..usual].rmatch_indices(' ').map(|(at, _)| at);
        let after = text[usual..last].match_indices(' ');
        let after = after.map(|(at, _)| usual + at);
        let mut before = before.filter(is_place).take(TRIES);
        let mut after = after.filter(is_place).take(TRIES);
        let mut found = before.find(is_cut).or_else(|| after.find(is_cut));
        if found.is_none() && last >= word {
            let word = text.floor_char_boundary(word);
            let letters = text[..word].char_indices().rev().take(8 * TRIES);
            let letters = letters.filter(|(_, c)| c.is_alphanumeric());
            found = letters.map(|(at, _)| at).find(is_cut);
        }
        if found.is_none() && last >= longest {
            found = Some(text.floor_char_boundary(longest));
        }
        found
    }

    /// Whether there is a space between two words here. A letter follows, so the rules for the end
    /// of a text do not apply across it.
    fn is_place(&self, at: usize) -> bool {
        let (before, after) = self.text.as_str().split_at(at);
        let before = before.chars().next_back();
        let after = after.chars().nth(1);
        before.is_some_and(|c| !is_space(c)) && after.is_some_and(char::is_alphanumeric)
    }

    /// Whether the tokens around are the same with a cut here.
    fn is_cut(&self, tokenizer: &Tokenizer, at: usize) -> bool {
        if at == 0 {
            return false;
        }
        let (before, after) = self.text.as_str().split_at(at);
        let before = if before.len() < TOKEN_CONTEXT + LONGEST_WORD {
            self.context.clone() + before
        } else {
            tail(before).to_owned()
        };
        let before = tail(&before);
        let after = &after[..after.ceil_char_boundary(TOKEN_CONTEXT)];
        let ids = tokenizer.encode(&[before, after].concat());
        ids.starts_with(&tokenizer.encode(before))
    }
}

/// The tokens with their parts of the window, which begins at `start` in the encoded text.
fn pieces(tokens: &[Token], window: &Mapped, start: usize) -> Vec<MappedToken> {
    let mut before = 0..0;
    let piece = |token: &Token| {
        let Range { start: from, end } = token.source;
        let mut range = from.saturating_sub(start)..end.saturating_sub(start);
        let is_again = std::mem::replace(&mut before, range.clone()) == range;
        if is_again {
            range.start = range.end;
        }
        MappedToken {
            id: token.id,
            text: window.slice(range),
        }
    };
    tokens.iter().map(piece).collect()
}

/// The last words of a text.
fn tail(text: &str) -> &str {
    let Some(at) = text.len().checked_sub(TOKEN_CONTEXT) else {
        return text;
    };
    let at = text.floor_char_boundary(at);
    let from = text.ceil_char_boundary(at.saturating_sub(LONGEST_WORD));
    let word = text[from..at].rfind(' ');
    &text[word.map_or(at, |space| from + space + 1)..]
}
