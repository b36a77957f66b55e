//! Twin of `prepare_text_prompt`.

use config::TextOptions;

use super::TextError;
use super::python::{is_space, is_upper, split, strip};

pub(super) const TERMINAL_PUNCTUATION: &str = ".!?\u{2026}";
const WEAK_PUNCTUATION: &str = ",;:-\u{2013}\u{2014}";
const CLOSERS: &str = "\"'\u{201d}\u{2019})]\u{bb}";

/// Texts of up to so many words are padded, where the model wants that.
const SHORT: usize = 4;
const PADDING: &str = "        ";

/// A text as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What is tokenized.
    pub text: String,
    /// Frames to go on for after the end of speech, before the two that are always added.
    pub frames_after_eos_guess: usize,
}

/// Twin of `prepare_text_prompt`: applies the model's text options.
pub fn prepare_text_prompt(text: &str, options: &TextOptions) -> Result<Prepared, TextError> {
    let mut text = strip(text).to_owned();
    if !options.replace_characters.is_empty() {
        text = replace_characters(&text, options);
    }
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    text = text.replace(['\n', '\r'], " ").replace("  ", " ");
    if options.remove_semicolons {
        text = text.replace(';', ",");
    }
    let words = split(&text).count();
    if options.capitalize_first_letter {
        text = capitalize(&text);
    }
    if options.append_terminal_punctuation {
        text = ensure_terminal_punctuation(text);
    }
    if options.pad_with_spaces_for_short_inputs && split(&text).count() <= SHORT {
        text.insert_str(0, PADDING);
    }
    Ok(Prepared {
        text,
        frames_after_eos_guess: if words <= SHORT { 3 } else { 1 },
    })
}

/// Rewrites characters and joins words with single spaces. A sentence mark that a deleted quote
/// leaves before a comma swallows the comma.
fn replace_characters(text: &str, options: &TextOptions) -> String {
    let mut replaced = String::with_capacity(text.len());
    for c in text.chars() {
        match options.replace_characters.get(&c) {
            Some(by) => replaced.push_str(by),
            None => replaced.push(c),
        }
    }
    let joined = split(&replaced).collect::<Vec<_>>().join(" ");
    drop_marks_after_sentence_ends(&joined)
}

/// Drops one `,`, `;` or `:` after each of `.!?…`, with the white space between.
fn drop_marks_after_sentence_ends(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c| TERMINAL_PUNCTUATION.contains(c)) {
        let end = at + rest[at..].chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        let after = rest.trim_start_matches(is_space);
        if let Some(after) = after.strip_prefix([',', ';', ':']) {
            rest = after;
        }
    }
    out + rest
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(uppercase);
    first.chain(chars).collect()
}

/// A character as the first of a text.
pub(super) fn uppercase(c: char) -> impl Iterator<Item = char> {
    let (keep, upper) = if is_upper(c) {
        (Some(c), None)
    } else {
        (None, Some(c.to_uppercase()))
    };
    keep.into_iter().chain(upper.into_iter().flatten())
}

/// Twin of `_ensure_terminal_punctuation`. It goes by the last character that is neither closing
/// nor weak punctuation, and by what follows that one.
pub(super) fn ensure_terminal_punctuation(text: String) -> String {
    let core = text.trim_end_matches(|c| c == ' ' || CLOSERS.contains(c));
    let closers = strip(&text[core.len()..]);
    match core.chars().next_back() {
        None => text,
        Some(last) if TERMINAL_PUNCTUATION.contains(last) => text,
        Some(last) if WEAK_PUNCTUATION.contains(last) => {
            let kept = core.trim_end_matches(|c| c == ' ' || WEAK_PUNCTUATION.contains(c));
            format!("{kept}.{closers}")
        }
        Some(_) => text + ".",
    }
}
