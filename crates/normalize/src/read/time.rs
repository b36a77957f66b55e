//! Times of day: `8:00`, `8.30 Uhr`, `8h30`, `3am`, `14:30`.

use super::Reading;
use crate::context::{Cursor, end_of_word, is_blank};
use crate::expansion::ExpansionKind;
use crate::numeral::{digits, small};
use crate::spell::Gender;
use crate::table::{LanguageTable, form};

/// Separators of hours and minutes.
#[derive(Clone, Copy, PartialEq)]
enum Between {
    Colon,
    /// A full stop, which is a time only next to a certain word.
    Stop,
    /// A letter.
    Letter,
}

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let table = place.table;
    let rest = place.rest();
    let hours = digits(rest);
    let hour = small(&rest[..hours]).filter(|&hour| hour <= 24 && hours <= 2)?;
    let behind = &rest[hours..];
    let at = place.at + hours;
    let Some((between, length)) = between(table, behind) else {
        return hour_alone(place, hour, at);
    };
    let minutes = &behind[length..];
    let Some(minute) = (digits(minutes) == 2)
        .then(|| small(&minutes[..2]))
        .flatten()
        .filter(|&minute| minute < 60)
    else {
        return hour_alone(place, hour, at);
    };
    let end = at + length + 2;
    let end = match between {
        Between::Letter => minute_word(place, end),
        Between::Colon | Between::Stop => end,
    };
    let word = suffix(place, end);
    let is_marked = word.is_some() || table.lists("time after", place.previous());
    if between == Between::Stop && !is_marked {
        return None;
    }
    let (words, end) = word.unwrap_or(("", end));
    if !place.is_boundary(end) {
        return None;
    }
    let spoken = spoken(table, hour, Some(minute), !words.is_empty())?;
    Some(Reading::new(
        ExpansionKind::Time,
        joined(&spoken, words, hour),
        end,
    ))
}

/// End of a `min` after `5 h 30`; it is not spoken.
fn minute_word(place: Cursor<'_>, end: usize) -> usize {
    let text = place.text;
    let at = text[end..]
        .strip_prefix(is_blank)
        .map_or(end, |rest| text.len() - rest.len());
    let word_end = end_of_word(text, at);
    if place
        .table
        .lists_exactly("minute words", &text[at..word_end])
    {
        word_end
    } else {
        end
    }
}

/// `3am`, `8h`.
fn hour_alone(place: Cursor<'_>, hour: u32, at: usize) -> Option<Reading> {
    let table = place.table;
    let (words, end) = suffix(place, at)?;
    if !place.is_boundary(end) {
        return None;
    }
    let spoken = spoken(table, hour, None, !words.is_empty())?;
    Some(Reading::new(
        ExpansionKind::Time,
        joined(&spoken, words, hour),
        end,
    ))
}

/// A word after a time may have a singular and a plural.
fn joined(time: &str, words: &'static str, hour: u32) -> String {
    let words = form(words, usize::from(hour != 1));
    format!("{time} {words}").trim_end().to_owned()
}

fn between(table: &LanguageTable, behind: &str) -> Option<(Between, usize)> {
    let first = behind.chars().next()?;
    match first {
        ':' => Some((Between::Colon, 1)),
        '.' => Some((Between::Stop, 1)),
        _ => {
            let letter = table.setting("hour letter")?;
            let after = behind.strip_prefix(is_blank).unwrap_or(behind);
            let after = after.strip_prefix(letter)?;
            let after = after.strip_prefix(is_blank).unwrap_or(after);
            Some((Between::Letter, behind.len() - after.len()))
        }
    }
}

/// The spoken form of the word after a time, such as `am` or `Uhr`, and where the word ends. The
/// form is empty if the template already contains it.
fn suffix(place: Cursor<'_>, end: usize) -> Option<(&'static str, usize)> {
    let Cursor { text, table, .. } = place;
    let at = text[end..]
        .strip_prefix(is_blank)
        .map_or(end, |rest| text.len() - rest.len());
    let word_end = end_of_word(text, at);
    let word = &text[at..word_end];
    let said = table.get("time words", word)?;
    // The last full stop of `p.m.`, unless the sentence ends there.
    let is_dotted = word.contains('.')
        && text[word_end..].starts_with('.')
        && !place.is_sentence_end(word_end + 1);
    Some((said, word_end + usize::from(is_dotted)))
}

fn spoken(
    table: &LanguageTable,
    hour: u32,
    minute: Option<u32>,
    has_words: bool,
) -> Option<String> {
    let gender = Gender::of(table.word("gender of hours"));
    let name = if table.setting("singular below two").is_some() {
        usize::from(hour >= 2)
    } else {
        usize::from(hour != 1)
    };
    let hours = form(table.word("hours"), name);
    let hour = table.cardinal(u64::from(hour), gender)?;
    let template = match minute {
        None if has_words => "hour with word",
        None | Some(0) if !has_words => "full hour",
        Some(0) | None => "hour with word",
        Some(1..=9) => "early minutes",
        Some(_) => "time",
    };
    let minute = minute.unwrap_or(0);
    let minutes = table.cardinal(u64::from(minute), Gender::Alone)?;
    let places = [("hour", &*hour), ("minute", &*minutes), ("hours", hours)];
    table.fill(template, &places)
}
