//! Ordinals and decades: `21st`, `3e`, `3º`, `der 3. Platz`, `1990s`, `'90s`.

use super::Reading;
use crate::context::{Cursor, end_of_word};
use crate::expansion::ExpansionKind;
use crate::numeral::{digits, numeral, small};
use crate::spell::Gender;

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let (text, table) = (place.text, place.table);
    let (number, end) = numeral(place)?;
    let value = number.whole().filter(|_| !number.negative)?;
    let word_end = end_of_word(text, end);
    let suffix = &text[end..word_end];
    if suffix.is_empty() {
        return dotted(place, value, end);
    }
    if let Some(set) = table.get("ordinal suffixes", suffix) {
        return Some(Reading::new(
            ExpansionKind::Ordinal,
            table.spell(set, value)?,
            word_end,
        ));
    }
    // `80er-Jahre`
    let ending = suffix.split('-').next().unwrap_or_default();
    let is_decade = table.lists("decade suffixes", ending) && number.is_plain();
    let decade_end = end + ending.len();
    let is_year = number.integer.len() == 4 && (1100..2100).contains(&value);
    if is_decade && value % 10 == 0 && (is_year || number.integer.len() == 2) {
        return Some(Reading::new(
            ExpansionKind::Year,
            table.spell("decade", value)?,
            decade_end,
        ));
    }
    None
}

/// `'90s`.
pub(super) fn short_decade(place: Cursor<'_>) -> Option<Reading> {
    let (text, table) = (place.text, place.table);
    let apostrophe = place.rest().chars().next()?.len_utf8();
    let at = place.at + apostrophe;
    let count = digits(&text[at..]);
    let value = small(&text[at..at + count]).filter(|_| (2..=3).contains(&count))?;
    let end = end_of_word(text, at + count);
    let suffix = &text[at + count..end];
    if suffix.is_empty() && !text[end..].starts_with(['\'', '’']) {
        // A year without its century.
        let spoken = table.cardinal(u64::from(value), Gender::Alone)?;
        return Some(Reading::new(ExpansionKind::Year, spoken, end));
    }
    if value % 10 != 0 || !table.lists("decade suffixes", suffix) {
        return None;
    }
    Some(Reading::new(
        ExpansionKind::Year,
        table.spell("decade", u64::from(value))?,
        end,
    ))
}

/// `3.` in languages that write ordinals so: between an article and a word.
fn dotted(place: Cursor<'_>, value: u64, end: usize) -> Option<Reading> {
    let table = place.table;
    table.setting("day ends with")?;
    if !place.text[end..].starts_with('.') {
        return None;
    }
    let previous = place.previous();
    if place.is_sentence_end(end + 1) && table.lists_exactly("ordinal at end after", previous) {
        let spoken = inflected(place, value)?;
        return Some(Reading::new(ExpansionKind::Ordinal, spoken + ".", end + 1));
    }
    let next = place.next_at(end + 1)?;
    let is_word = place.text[next..].starts_with(char::is_alphabetic);
    let is_counted = ["ordinal e after", "ordinal en after", "ordinal er after"]
        .iter()
        .any(|list| table.lists(list, previous));
    if !is_word || !is_counted || value == 0 {
        return None;
    }
    let mut spoken = inflected(place, value)?;
    if place.is_sentence_end(end + 1) {
        spoken.push('.');
    }
    Some(Reading::new(ExpansionKind::Ordinal, spoken, end + 1))
}

/// An ordinal with the ending that the word before requires.
pub(super) fn inflected(place: Cursor<'_>, value: u64) -> Option<String> {
    let (table, previous) = (place.table, place.previous());
    let ending = ["e", "en", "er"]
        .into_iter()
        .find(|ending| table.lists(&format!("ordinal {ending} after"), previous));
    let stem = table.spell("ordinal stem", value)?;
    Some(stem + ending.unwrap_or(table.word("ordinal ending")))
}
