//! `prepare_text_prompt` for a passage that arrives piece by piece.

use std::ops::Range;

use config::TextOptions;

use super::TextError;
use super::map::Mapped;
use super::prepare::{TERMINAL_PUNCTUATION, ensure_terminal_punctuation, one_line, uppercase};
use super::python::is_space;

/// Most bytes of white space in a row that are kept.
const LONGEST_SPACE: usize = 4096;

/// Prepares a passage as [`super::prepare_text_prompt`] does, except for the padding of short
/// texts, which splitting drops again. Every rule except the one for the end depends only on a
/// character and its neighbours.
#[derive(Default)]
pub(super) struct Preparation {
    /// White space in the given text, which belongs to the passage only if more follows; none
    /// before its beginning.
    outer_space: Option<Mapped>,
    has_begun: bool,
    /// White space between rewritten words.
    space: Mapped,
    /// Whether the last character is a sentence mark.
    is_after_mark: bool,
}

impl Preparation {
    /// Appends the prepared form of `text` to `prepared`.
    pub(super) fn push(&mut self, text: &Mapped, options: &TextOptions, prepared: &mut Mapped) {
        for (c, source) in text.characters() {
            if is_space(c) {
                let space = self.outer_space.as_mut();
                if let Some(space) = space.filter(|space| space.len() < LONGEST_SPACE) {
                    space.push(c, source);
                }
                continue;
            }
            let space = self.outer_space.replace(Mapped::default());
            for (c, source) in space.unwrap_or_default().characters() {
                self.rewrite(c, &source, options, prepared);
            }
            self.rewrite(c, &source, options, prepared);
        }
    }

    /// The passage is over: completes `prepared`, the end of the prepared text. Refuses a passage
    /// if the rules leave nothing of it.
    pub(super) fn finish(
        &mut self,
        options: &TextOptions,
        prepared: &mut Mapped,
    ) -> Result<(), TextError> {
        let has_begun = std::mem::take(self).has_begun;
        if !has_begun {
            return Err(TextError::Empty);
        }
        if options.append_terminal_punctuation {
            ensure_terminal_punctuation(prepared);
        }
        Ok(())
    }

    fn rewrite(
        &mut self,
        c: char,
        source: &Range<usize>,
        options: &TextOptions,
        prepared: &mut Mapped,
    ) {
        match options.replace_characters.get(&c) {
            Some(by) => {
                for c in by.chars() {
                    self.character(c, source, options, prepared);
                }
            }
            None => self.character(c, source, options, prepared),
        }
    }

    fn character(
        &mut self,
        c: char,
        source: &Range<usize>,
        options: &TextOptions,
        prepared: &mut Mapped,
    ) {
        // If characters are rewritten, words are joined with single spaces.
        let is_joined = !options.replace_characters.is_empty();
        if is_space(c) {
            if self.has_begun && (self.space.is_empty() || !is_joined) {
                let c = if is_joined { ' ' } else { c };
                self.space.push(c, source.clone());
            }
            return;
        }
        if is_joined && self.is_after_mark && matches!(c, ',' | ';' | ':') {
            // A sentence mark followed by a comma, because the quote between them was deleted.
            self.space.clear();
            self.is_after_mark = false;
            return;
        }
        if !self.space.is_empty() {
            prepared.append(&one_line(&self.space));
            self.space.clear();
        }
        match c {
            ';' if options.remove_semicolons => prepared.push(',', source.clone()),
            _ if !self.has_begun && options.capitalize_first_letter => {
                for c in uppercase(c) {
                    prepared.push(c, source.clone());
                }
            }
            _ => prepared.push(c, source.clone()),
        }
        self.has_begun = true;
        self.is_after_mark = TERMINAL_PUNCTUATION.contains(c);
    }
}
