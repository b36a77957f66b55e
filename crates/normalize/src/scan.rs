//! Goes through a text word by word.

use crate::context::{CONTEXT_BYTES, Cursor, end_of_word, is_delimiter};
use crate::expansion::Expansion;
use crate::language::Language;
use crate::read::{read, rest};

/// Most bytes of a bracket that may contain a pause.
const LONGEST_BRACKET: usize = 128;

/// Finds what needs rewriting, from `from` on; the text before is only context. Digits that match
/// no rule are left, unless `with_rest`.
pub(crate) fn scan(text: &str, from: usize, language: Language, with_rest: bool) -> Vec<Expansion> {
    let table = language.table();
    let mut expansions = Vec::new();
    let mut at = from;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if let Some(end) = marker(text, at) {
            at = end;
            continue;
        }
        // `No.5` is two words. A run of digits that is too long for a number is none.
        let is_split = text[..at].ends_with(|c: char| c.is_ascii_digit()) && c.is_ascii_digit();
        let is_next = (expansions.last()).is_some_and(|last: &Expansion| last.range.end == at);
        let is_next = is_next && !is_split;
        let is_start = is_next || is_start(&text[..at]);
        if c.is_ascii_lowercase() && !is_start {
            // Inside a word, as most characters are.
            at = end_of_word(text, at).max(at + 1);
            continue;
        }
        let place = Cursor { text, at, table };
        if let Some(expansion) = read(place, is_start) {
            at = expansion.range.end;
            expansions.push(expansion);
            continue;
        }
        let end = if c.is_alphanumeric() || c == '_' {
            let end = end_of_word(text, at).max(at + c.len_utf8());
            elision(&text[at..end]).map_or(end, |length| at + length)
        } else {
            at + c.len_utf8()
        };
        if with_rest {
            rest(text, at..end, table, &mut expansions);
        }
        at = end;
    }
    expansions
}

/// Length of an article before a number with an apostrophe: `all'1:00`.
fn elision(word: &str) -> Option<usize> {
    let (article, number) = word.split_once(['\'', '’'])?;
    let is_article = article.len() <= 5 && article.chars().all(char::is_alphabetic);
    let is_number = number.starts_with(|c: char| c.is_ascii_digit());
    (is_article && is_number).then_some(word.len() - number.len())
}

/// Whether a word may begin after `before`.
fn is_start(before: &str) -> bool {
    before
        .chars()
        .next_back()
        .is_none_or(|c| is_delimiter(c) || "'‘’‚¿¡~≈±#§№°º".contains(c))
}

/// End of a bracket that asks for a pause, or looks as if it did.
fn marker(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let close = match rest.bytes().next()? {
        b'[' => ']',
        b'<' => '>',
        _ => return None,
    };
    let inside = rest[1..].trim_start();
    let word = inside.get(..5).unwrap_or_default();
    let is_pause = word.eq_ignore_ascii_case("pause") || word.eq_ignore_ascii_case("break");
    let near = &rest[..rest.floor_char_boundary(LONGEST_BRACKET)];
    let end = near[1..].find([close, char::from(rest.as_bytes()[0])])? + 1;
    (is_pause && near[end..].starts_with(close)).then_some(at + end + 1)
}

/// Whether a bracket is open at `at` that holds a pause, or may hold one once more text has come. Each kind of
/// bracket is looked at apart, because one of the other kind inside neither opens nor closes it.
pub(crate) fn is_in_marker(text: &str, at: usize) -> bool {
    let from = text.floor_char_boundary(at.saturating_sub(LONGEST_BRACKET));
    let before = &text[from..at];
    [['[', ']'], ['<', '>']].iter().any(|&brackets| {
        let Some(last) = before.rfind(brackets) else {
            return false;
        };
        let Some(inside) = before[last..].strip_prefix(brackets[0]) else {
            return false;
        };
        // The end of a text may change: a listed word may go on in what comes.
        if text.len() - (from + last) > LONGEST_BRACKET + CONTEXT_BYTES {
            return marker(text, from + last).is_some();
        }
        let inside = inside.trim_start().as_bytes();
        let begins = |word: &str| {
            let length = word.len().min(inside.len());
            inside[..length].eq_ignore_ascii_case(&word.as_bytes()[..length])
        };
        begins("pause") || begins("break")
    })
}
