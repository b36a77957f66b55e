//! Abbreviations: `Dr.`, `St.`, `etc.`, `z. B.`
//!
//! An entry has one reading or several, separated by ` / `; a reading may have a condition in
//! parentheses: `Dr. = Drive (after name) / Doctor (before name)`. The first reading whose
//! condition holds is taken.

use super::Reading;
use crate::context::{Cursor, is_blank};
use crate::expansion::ExpansionKind;

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let table = place.table;
    let (length, entry) = table.prefix("abbreviations", place.rest())?;
    let end = place.at + length;
    let key = &place.rest()[..length];
    let behind = place.text[end..].chars().next();
    // The word goes on: `Drop` is not `Dr`, and `Mr.` is tried before `Mr`.
    let is_digit = behind.is_some_and(|c| c.is_ascii_digit());
    // `No.5` and `n°5` are common too.
    let is_joined = is_digit && (key.ends_with('º') || !key.ends_with(char::is_alphanumeric));
    let goes_on = behind.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '/'));
    let goes_on = goes_on && !is_joined;
    if goes_on || (!key.ends_with('.') && behind == Some('-')) {
        return None;
    }
    for reading in entry.split(" / ") {
        let reading = reading.trim();
        let (words, condition) = match reading.split_once(" (") {
            Some((words, condition)) => (words, condition.trim_end_matches(')')),
            None => (reading, ""),
        };
        if is_joined != (condition == "before number" && is_digit)
            || !(is_joined || holds(place, end, condition))
        {
            continue;
        }
        let mut spoken = words.to_owned();
        // At the end of a sentence, the abbreviation's full stop is also the sentence's.
        if key.ends_with('.') && !condition.starts_with("before") && place.is_sentence_end(end) {
            spoken.push('.');
        }
        if is_joined {
            spoken.push(' ');
        }
        return Some(Reading::new(ExpansionKind::Abbreviation, spoken, end));
    }
    None
}

/// Whether a condition holds for an abbreviation that ends at `end`.
fn holds(place: Cursor<'_>, end: usize, condition: &str) -> bool {
    let next = place.next(end);
    let is_name = |word: &str| {
        word.starts_with(char::is_uppercase) && word.ends_with(char::is_alphanumeric)
            || place.table.lists_exactly("name particles", word)
    };
    let starts_with_digit = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    match condition {
        "" => true,
        "before name" => is_name(next),
        "before number" => starts_with_digit(next),
        "before word" => next.starts_with(char::is_alphanumeric),
        "after number" => {
            let previous = place.previous();
            previous.ends_with(|c: char| c.is_ascii_digit())
        }
        "after name" => {
            let range = place.previous_range();
            let previous = &place.text[range.clone()];
            let first = place.move_to(range.start).previous();
            let has_number = starts_with_digit(first);
            let is_over = !is_name(next) || place.table.lists("sentence starters", next);
            let at_blank = place.text[..place.at].ends_with(is_blank);
            at_blank && is_name(previous) && (is_over || has_number)
        }
        _ => false,
    }
}
