//! `prepare_text_prompt` for a passage that comes piece by piece.

use config::TextOptions;

use super::TextError;
use super::prepare::{TERMINAL_PUNCTUATION, ensure_terminal_punctuation, uppercase};
use super::python::is_space;

/// Bytes of white space in a row that are kept.
const LONGEST_SPACE: usize = 4096;

/// Prepares a passage as [`super::prepare_text_prompt`] does, but for the padding of short texts,
/// which splitting drops again. Every rule but that of the end looks at a character and those next
/// to it.
#[derive(Default)]
pub(super) struct Preparation {
    /// White space of the passage as it stands, which belongs to it only if more follows; none
    /// before its beginning.
    outer_space: Option<String>,
    has_begun: bool,
    /// White space between words that have been rewritten.
    space: String,
    /// Whether the last character is a sentence mark.
    is_after_mark: bool,
}

impl Preparation {
    /// Appends the prepared form of `text` to `prepared`.
    pub(super) fn push(&mut self, text: &str, options: &TextOptions, prepared: &mut String) {
        for c in text.chars() {
            if is_space(c) {
                let space = self.outer_space.as_mut();
                if let Some(space) = space.filter(|space| space.len() < LONGEST_SPACE) {
                    space.push(c);
                }
                continue;
            }
            let space = self.outer_space.replace(String::new()).unwrap_or_default();
            for c in space.chars().chain([c]) {
                self.rewrite(c, options, prepared);
            }
        }
    }

    /// The passage is over: completes `prepared`, the end of the prepared text. Refuses a passage
    /// that the rules leave nothing of.
    pub(super) fn finish(
        &mut self,
        options: &TextOptions,
        prepared: &mut String,
    ) -> Result<(), TextError> {
        let has_begun = std::mem::take(self).has_begun;
        if !has_begun {
            return Err(TextError::Empty);
        }
        if options.append_terminal_punctuation {
            *prepared = ensure_terminal_punctuation(std::mem::take(prepared));
        }
        Ok(())
    }

    fn rewrite(&mut self, c: char, options: &TextOptions, prepared: &mut String) {
        match options.replace_characters.get(&c) {
            Some(by) => {
                for c in by.chars() {
                    self.character(c, options, prepared);
                }
            }
            None => self.character(c, options, prepared),
        }
    }

    fn character(&mut self, c: char, options: &TextOptions, prepared: &mut String) {
        // Where characters are rewritten, words are joined with single spaces.
        let is_joined = !options.replace_characters.is_empty();
        if is_space(c) {
            if self.has_begun && (self.space.is_empty() || !is_joined) {
                self.space.push(if is_joined { ' ' } else { c });
            }
            return;
        }
        if is_joined && self.is_after_mark && matches!(c, ',' | ';' | ':') {
            // What a deleted quote leaves between a sentence mark and a comma.
            self.space.clear();
            self.is_after_mark = false;
            return;
        }
        if !self.space.is_empty() {
            prepared.push_str(&self.space.replace(['\n', '\r'], " ").replace("  ", " "));
            self.space.clear();
        }
        match c {
            ';' if options.remove_semicolons => prepared.push(','),
            _ if !self.has_begun && options.capitalize_first_letter => {
                prepared.extend(uppercase(c));
            }
            _ => prepared.push(c),
        }
        self.has_begun = true;
        self.is_after_mark = TERMINAL_PUNCTUATION.contains(c);
    }
}
