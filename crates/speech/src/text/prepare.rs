//! Counterpart of `prepare_text_prompt` in pocket-tts.

use std::ops::Range;

use config::TextOptions;

use super::TextError;
use super::map::{Mapped, SourceMap};
use super::python::{is_space, is_upper, split};
use crate::{Token, Tokenizer};

pub(super) const TERMINAL_PUNCTUATION: &str = ".!?\u{2026}";
const WEAK_PUNCTUATION: &str = ",;:-\u{2013}\u{2014}";
const STRIPPED_CLOSERS: &str = "\"'\u{201d}\u{2019})]\u{bb}";

/// Texts of up to this many words are padded, if the model wants that.
const SHORT_TEXT_WORDS: usize = 4;
const PADDING: &str = "        ";

/// A text as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedText {
    /// The text to tokenize.
    pub text: String,
    /// Its source map.
    pub map: SourceMap,
    /// Frames to add after the end of speech, besides the two that are always added.
    pub frames_after_eos_guess: usize,
}

impl PreparedText {
    /// The tokens, each with its bytes of the source.
    pub fn tokens(&self, tokenizer: &Tokenizer) -> Vec<Token> {
        let mut tokens = tokenizer.tokens(&self.text);
        for token in &mut tokens {
            token.source = self.map.source(token.source.clone());
        }
        tokens
    }
}

/// Counterpart of `prepare_text_prompt` in pocket-tts: applies the model's text options.
pub fn prepare_text_prompt(text: &str, options: &TextOptions) -> Result<PreparedText, TextError> {
    prepare(&Mapped::at(text, 0), options)
}

/// The same for a text with a source map.
pub(super) fn prepare(text: &Mapped, options: &TextOptions) -> Result<PreparedText, TextError> {
    let mut text = text.trim(is_space);
    if !options.replace_characters.is_empty() {
        text = replace_characters(&text, options);
    }
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    text = one_line(&text);
    let words = split(text.as_str()).count();
    let mut prepared = Mapped::default();
    for (index, (c, source)) in text.characters().enumerate() {
        match c {
            _ if index == 0 && options.capitalize_first_letter => {
                let c = if c == ';' && options.remove_semicolons {
                    ','
                } else {
                    c
                };
                for c in uppercase(c) {
                    prepared.push(c, source.clone());
                }
            }
            ';' if options.remove_semicolons => prepared.push(',', source),
            _ => prepared.push(c, source),
        }
    }
    if options.append_terminal_punctuation {
        ensure_terminal_punctuation(&mut prepared);
    }
    if options.pad_with_spaces_for_short_inputs
        && split(prepared.as_str()).count() <= SHORT_TEXT_WORDS
    {
        let at = prepared.source().start;
        let mut padded = Mapped::default();
        padded.push_str(PADDING, at..at);
        padded.append(&prepared);
        prepared = padded;
    }
    let (text, map) = prepared.into_parts();
    Ok(PreparedText {
        text,
        map,
        frames_after_eos_guess: if words <= SHORT_TEXT_WORDS { 3 } else { 1 },
    })
}

/// Turns line ends into spaces, then double spaces into single ones.
pub(super) fn one_line(text: &Mapped) -> Mapped {
    let mut line = Mapped::default();
    let mut open: Option<Range<usize>> = None;
    for (c, source) in text.characters() {
        let is_blank = matches!(c, ' ' | '\n' | '\r');
        match open.take() {
            Some(first) if is_blank => line.push(' ', first.start..source.end),
            None if is_blank => open = Some(source),
            first => {
                if let Some(first) = first {
                    line.push(' ', first);
                }
                line.push(c, source);
            }
        }
    }
    if let Some(first) = open {
        line.push(' ', first);
    }
    line
}

/// Rewrites characters, and joins words with single spaces. If a deleted quote leaves a comma after
/// a sentence mark, the comma is dropped.
fn replace_characters(text: &Mapped, options: &TextOptions) -> Mapped {
    let mut replaced = Mapped::default();
    for (c, source) in text.characters() {
        match options.replace_characters.get(&c) {
            Some(by) => replaced.push_str(by, source),
            None => replaced.push(c, source),
        }
    }
    let replaced = replaced.trim(is_space);
    let mut joined = Mapped::default();
    let mut space: Option<Range<usize>> = None;
    for (c, source) in replaced.characters() {
        if is_space(c) {
            let start = space.map_or(source.start, |space| space.start);
            space = Some(start..source.end);
        } else {
            if let Some(space) = space.take() {
                joined.push(' ', space);
            }
            joined.push(c, source);
        }
    }
    drop_marks_after_sentence_ends(&joined)
}

/// Drops one `,`, `;` or `:` after each of `.!?…`, with the white space between them.
fn drop_marks_after_sentence_ends(text: &Mapped) -> Mapped {
    let mut out = Mapped::default();
    let (all, mut from) = (text.as_str(), 0);
    while let Some(found) = all[from..].find(|c| TERMINAL_PUNCTUATION.contains(c)) {
        let end = from + found;
        let end = end + all[end..].chars().next().map_or(0, char::len_utf8);
        out.append_part(text, from..end);
        let after = all[end..].trim_start_matches(is_space);
        let after = after.strip_prefix([',', ';', ':']);
        from = after.map_or(end, |after| all.len() - after.len());
    }
    out.append_part(text, from..all.len());
    out
}

/// A character, capitalised as the first of a text.
pub(super) fn uppercase(c: char) -> impl Iterator<Item = char> {
    let (keep, upper) = if is_upper(c) {
        (Some(c), None)
    } else {
        (None, Some(c.to_uppercase()))
    };
    keep.into_iter().chain(upper.into_iter().flatten())
}

/// Counterpart of `_ensure_terminal_punctuation` in pocket-tts. The decision depends on the last
/// character that is neither closing nor weak punctuation, and on what follows it.
pub(super) fn ensure_terminal_punctuation(text: &mut Mapped) {
    let all = text.as_str();
    let core = all.trim_end_matches(|c| c == ' ' || STRIPPED_CLOSERS.contains(c));
    match core.chars().next_back() {
        None => {}
        Some(last) if TERMINAL_PUNCTUATION.contains(last) => {}
        Some(last) if WEAK_PUNCTUATION.contains(last) => {
            let kept = core.trim_end_matches(|c| c == ' ' || WEAK_PUNCTUATION.contains(c));
            let (kept, core) = (kept.len(), core.len());
            let closers = text.slice(core..text.len()).trim(is_space);
            let weak = text.map().source(kept..core);
            text.truncate(kept);
            text.push('.', weak);
            text.append(&closers);
        }
        Some(_) => text.push_added("."),
    }
}
