//! Dates: `5 March 2024`, `March 5th, 2024`, `3. Mai`, `2024-03-05`, `31.12.2024`, `31/12/2024`.
//!
//! A month's entry has its name first; its number is its key in `[months]`.

use super::Reading;
use crate::context::{Cursor, end_of_word};
use crate::expansion::ExpansionKind;
use crate::numeral::{digits, small};
use crate::spell::Gender;
use crate::table::{LanguageTable, form};

/// A date, read.
#[derive(Clone, Copy)]
struct Date {
    day: u32,
    month: u32,
    year: Option<u32>,
}

/// A date of numbers only.
pub(super) fn numeric(place: Cursor<'_>) -> Option<Reading> {
    let (text, table) = (place.text, place.table);
    let rest = place.rest();
    let first = digits(rest);
    let separator = rest[first..].chars().next()?;
    if !matches!(separator, '-' | '/' | '.') {
        return None;
    }
    let behind = &rest[first + 1..];
    let second = digits(behind);
    let (a, b) = (small(&rest[..first])?, small(&behind[..second])?);
    let last = behind[second..].strip_prefix(separator)?;
    let third = digits(last);
    let c = small(&last[..third])?;
    let end = text.len() - last.len() + third;
    if !place.is_boundary(end) || second > 2 {
        return None;
    }
    let date = if (first, second, third) == (4, 2, 2) && separator == '-' {
        Date {
            day: c,
            month: b,
            year: Some(a),
        }
    } else if first <= 2 && third == 4 && table.lists("date separators", &separator.to_string()) {
        let (day, month) = match table.word("date order") {
            // `3/4/2024` may be the third of April or the fourth of March.
            "unknown" if a > 12 || a == b => (a, b),
            "unknown" if b > 12 => (b, a),
            "unknown" => return None,
            _ => (a, b),
        };
        Date {
            day,
            month,
            year: Some(c),
        }
    } else {
        return None;
    };
    let spoken = date.spoken(place, "date")?;
    Some(Reading::new(ExpansionKind::Date, spoken, end))
}

/// A date that begins with its day, if the language has a form for such days.
pub(super) fn day_first(place: Cursor<'_>) -> Option<Reading> {
    let (text, table) = (place.text, place.table);
    let rest = place.rest();
    let count = digits(rest);
    let day = small(&rest[..count]).filter(|day| count <= 2 && (1..=31).contains(day))?;
    table.get("templates", "day and month")?;
    let mut end = place.at + count;
    let behind = &text[end..];
    if let Some(dot) = table.setting("day ends with") {
        // `3.` is a day where it is an ordinal.
        behind.starts_with(dot).then_some(())?;
        end += dot.len();
    } else {
        let word_end = end_of_word(text, end);
        let suffix = &text[end..word_end];
        if !suffix.is_empty() && table.get("ordinal suffixes", suffix).is_none() {
            return None;
        }
        end = word_end;
        // Without a month, days other than the first are read like any number.
        if table.setting("days are numbers").is_some() && (day > 1 || !suffix.is_empty()) {
            return None;
        }
    }
    if let Some(found) = day_and_number(place, day, end) {
        return Some(found);
    }
    let mut at = place.next_at(end)?;
    let link = table.word("between day and month");
    if !link.is_empty() && place.move_to(at).word() == link {
        at = place.next_at(at + link.len())?;
    }
    let (month, mut end) = month(place.move_to(at))?;
    let mut date = Date {
        day,
        month,
        year: None,
    };
    if table.setting("days are numbers").is_some() {
        // Only the day needs rewriting.
        let spoken = date.day(place)?;
        return Some(Reading::new(ExpansionKind::Date, spoken, place.at + count));
    }
    let mut at = end;
    if text[at..].starts_with(',') {
        at += 1;
    }
    if let Some((year, year_end)) = year(place, at) {
        (date.year, end) = (Some(year), year_end);
    }
    let template = match date.year {
        Some(_) => "day and month and year",
        None => "day and month",
    };
    Some(Reading::new(
        ExpansionKind::Date,
        date.spoken(place, template)?,
        end,
    ))
}

/// `am 1.5.`: the month is a number too.
fn day_and_number(place: Cursor<'_>, day: u32, end: usize) -> Option<Reading> {
    let (text, table) = (place.text, place.table);
    let dot = table.setting("day ends with")?;
    let count = digits(&text[end..]);
    let month = small(&text[end..end + count]).filter(|month| (1..=12).contains(month))?;
    let is_date = text[end + count..].starts_with(dot)
        && !text[end + count + dot.len()..].starts_with(|c: char| c.is_alphanumeric())
        && table.lists("dates after", place.previous());
    if count > 2 || !is_date {
        return None;
    }
    let date = Date {
        day,
        month,
        year: None,
    };
    let mut spoken = date.spoken(place, "day and month")?;
    let end = end + count + dot.len();
    if place.is_sentence_end(end) {
        spoken.push('.');
    }
    Some(Reading::new(ExpansionKind::Date, spoken, end))
}

/// A date that begins with its month, or a month and a year.
pub(super) fn month_first(place: Cursor<'_>) -> Option<Reading> {
    let (text, table) = (place.text, place.table);
    table.get("templates", "month and day")?;
    let (month, end) = month(place)?;
    if let Some((year, end)) = year(place, end) {
        let places = [
            ("month", name(table, month)?),
            ("year", &spoken_year(table, year)?),
        ];
        let spoken = table.fill("month and year", &places)?;
        return Some(Reading::new(ExpansionKind::Date, spoken, end));
    }
    let at = place.next_at(end)?;
    let count = digits(&text[at..]);
    let day = small(&text[at..at + count]).filter(|day| count <= 2 && (1..=31).contains(day))?;
    let mut end = end_of_word(text, at + count);
    let suffix = &text[at + count..end];
    if !suffix.is_empty() && table.get("ordinal suffixes", suffix).is_none() {
        return None;
    }
    let mut date = Date {
        day,
        month,
        year: None,
    };
    if let Some((year, year_end)) = year(place, end + usize::from(text[end..].starts_with(','))) {
        (date.year, end) = (Some(year), year_end);
    }
    let template = match date.year {
        Some(_) => "date",
        None => "month and day",
    };
    Some(Reading::new(
        ExpansionKind::Date,
        date.spoken(place, template)?,
        end,
    ))
}

impl Date {
    fn spoken(self, place: Cursor<'_>, template: &str) -> Option<String> {
        let table = place.table;
        if !(1..=31).contains(&self.day) {
            return None;
        }
        let day = self.day(place)?;
        let year = self.year.and_then(|year| spoken_year(table, year));
        let places = [
            ("day", &*day),
            ("month", name(table, self.month)?),
            ("year", year.as_deref().unwrap_or_default()),
        ];
        let spoken = table.fill(template, &places)?;
        // If the text already has `the`, it is not repeated.
        let article = table.word("article of a day");
        let is_there = !article.is_empty() && place.previous().eq_ignore_ascii_case(article);
        let bare = spoken.strip_prefix(article).filter(|_| is_there);
        Some(bare.map_or(spoken.clone(), |it| it.trim_start().to_owned()))
    }

    fn day(self, place: Cursor<'_>) -> Option<String> {
        let table = place.table;
        let day = u64::from(self.day);
        if table.setting("day ends with").is_some() {
            return super::ordinal::inflected(place, day);
        }
        match table.word("days are numbers") {
            "" => table.spell("ordinal", day),
            first if day == 1 => Some(first.to_owned()),
            _ => table.cardinal(day, Gender::Alone),
        }
    }
}

fn name(table: &LanguageTable, month: u32) -> Option<&'static str> {
    Some(form(table.get("names of months", &month.to_string())?, 0))
}

/// The month whose name is here, and where it ends.
fn month(place: Cursor<'_>) -> Option<(u32, usize)> {
    let word = place.word();
    let number = place.table.get("months", word)?;
    let end = place.at + word.len();
    // `Jan.`, unless a sentence ends there.
    let is_short = place.table.get("names of months", number) != Some(word);
    let is_dotted = is_short && place.text[end..].starts_with(". ");
    Some((small(number)?, end + usize::from(is_dotted)))
}

/// A year of four digits after a space at `end`, and where it ends.
fn year(place: Cursor<'_>, end: usize) -> Option<(u32, usize)> {
    let at = place.next_at(end)?;
    let count = digits(&place.text[at..]);
    let end = at + count;
    let year = (count == 4)
        .then(|| small(&place.text[at..end]))
        .flatten()?;
    let is_alone = place.is_boundary(end) && !is_number_sign(&place.text[end..]);
    ((1000..=2999).contains(&year) && is_alone).then_some((year, end))
}

/// Whether a number goes on here.
fn is_number_sign(behind: &str) -> bool {
    let mut behind = behind.chars();
    matches!(behind.next(), Some('.' | ',')) && behind.next().is_some_and(|c| c.is_ascii_digit())
}

fn spoken_year(table: &LanguageTable, year: u32) -> Option<String> {
    let year = u64::from(year);
    let set = if (1100..2100).contains(&year) && table.has_rules("year") {
        "year"
    } else {
        "cardinal"
    };
    table.spell(set, year)
}
