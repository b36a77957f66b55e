//! Plain numbers, and what follows them: `1,024`, `3.14`, `5 km`, `in 1999`, `20-year-old`.

use super::{Reading, measure, money};
use crate::context::{Cursor, end_of_word};
use crate::expansion::ExpansionKind;
use crate::numeral::{Numeral, numeral};
use crate::spell::Gender;

/// The first and the last year that are read as one.
const YEARS: std::ops::RangeInclusive<u64> = 1100..=2099;

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let Some((number, end)) = numeral(place) else {
        return money::foreign(place);
    };
    let tail = &place.text[end..end_of_word(place.text, end)];
    if let Some(found) = money::behind(place, &number, end) {
        return Some(found);
    }
    if let Some(found) = measure::read(place, &number, end) {
        return Some(found);
    }
    if is_hyphenated(tail) {
        let spoken = place.table.number(&number, Gender::Masculine)?;
        return Some(Reading::new(ExpansionKind::Cardinal, spoken, end));
    }
    if !tail.is_empty() {
        return None;
    }
    if let Some(spoken) = year(place, &number, end) {
        return Some(Reading::new(ExpansionKind::Year, spoken, end));
    }
    let kind = if number.fraction.is_some() {
        ExpansionKind::Decimal
    } else {
        ExpansionKind::Cardinal
    };
    let spoken = place.table.number(&number, gender(place, end))?;
    // `un'ora` is one word.
    if let Some(elided) = place.table.setting("una before vowel")
        && spoken == "una"
        && let Some(next) = place.next_at(end)
        && place.text[next..].starts_with(['a', 'e', 'i', 'o', 'u'])
    {
        return Some(Reading::new(kind, elided.to_owned(), next));
    }
    Some(Reading::new(kind, spoken, end))
}

/// Whether a hyphen and a word follow, as in `20-year-old`.
fn is_hyphenated(tail: &str) -> bool {
    let Some(word) = tail.strip_prefix('-') else {
        return false;
    };
    let is_word = |part: &str| part.chars().count() > 1 && part.chars().all(char::is_alphabetic);
    word.starts_with(char::is_lowercase) && word.split('-').all(is_word)
}

/// A number of four digits that is a year here, as words.
fn year(place: Cursor<'_>, number: &Numeral, end: usize) -> Option<String> {
    let table = place.table;
    let value = number.whole()?;
    if number.integer.len() != 4 || !number.is_plain() || !YEARS.contains(&value) {
        return None;
    }
    let setting = |name: &str| table.setting(name)?.parse::<u64>().ok();
    let is_usual = setting("year from").is_some_and(|from| value >= from)
        && setting("year to").is_some_and(|to| value <= to);
    let is_alone = place.before() == Some('(') && place.text[end..].starts_with(')');
    let previous = place.previous().trim_end_matches('.');
    // `in 1024 bytes` is not a year, `in 1999` is one.
    let is_named = table.lists("year after", previous) && value >= 1400
        || table.lists("year always after", previous);
    (is_usual || is_alone || is_named)
        .then(|| table.spell("year", value))
        .flatten()
}

/// The gender of the counted noun, as far as the next word tells.
pub(super) fn gender(place: Cursor<'_>, end: usize) -> Gender {
    let table = place.table;
    let next = place.next(end);
    if next.is_empty() || !next.chars().all(char::is_alphabetic) {
        return Gender::Alone;
    }
    let lower = next.to_lowercase();
    let ends = |name: &str| {
        let endings = table.word(name).split_whitespace();
        endings.into_iter().any(|ending| lower.ends_with(ending))
    };
    if table.lists("not counted", next) {
        Gender::Alone
    } else if table.lists("masculine words", next) {
        Gender::Masculine
    } else if table.lists("feminine words", next) || ends("feminine endings") {
        Gender::Feminine
    } else if ends("masculine endings") {
        Gender::Masculine
    } else {
        Gender::Alone
    }
}
