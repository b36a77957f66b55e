//! Readers: each knows one notation, and takes a whole word or nothing.

mod abbreviation;
mod address;
mod date;
mod emoji;
mod fraction;
mod measure;
mod money;
mod number;
mod ordinal;
mod phone;
mod rest;
mod roman;
mod sign;
mod time;

pub(crate) use self::emoji::is_emoji;
pub(crate) use self::rest::rest;

use std::ops::Range;

use crate::context::Cursor;
use crate::expansion::{Expansion, ExpansionKind};

/// A reader's result.
pub(crate) struct Reading {
    pub(crate) end: usize,
    pub(crate) spoken: String,
    pub(crate) kind: ExpansionKind,
}

impl Reading {
    pub(crate) fn new(kind: ExpansionKind, spoken: String, end: usize) -> Self {
        Self { end, spoken, kind }
    }

    fn at(self, start: usize) -> Expansion {
        let range: Range<usize> = start..self.end;
        Expansion {
            range,
            spoken: self.spoken,
            kind: self.kind,
        }
    }
}

/// What begins here and needs rewriting, if anything. `is_start` says whether a word may begin
/// here.
pub(crate) fn read(place: Cursor<'_>, is_start: bool) -> Option<Expansion> {
    let first = place.rest().chars().next()?;
    let found = match first {
        '0'..='9' if is_start => digits_first(place),
        '-' | '−' | '+' | '(' | '\'' | '’' | '.' if is_start => sign_first(place),
        _ if first.is_alphabetic() && is_start => letter_first(place),
        _ if first.is_alphanumeric() => fraction::character(place, is_start),
        _ if first.is_ascii() => money::before(place, is_start).or_else(|| sign::read(place)),
        _ => money::before(place, is_start)
            .or_else(|| sign::read(place))
            .or_else(|| emoji::read(place)),
    };
    found.map(|found| found.at(place.at))
}

fn digits_first(place: Cursor<'_>) -> Option<Reading> {
    phone::read(place)
        .or_else(|| emoji::keycap(place))
        .or_else(|| address::read(place))
        .or_else(|| date::numeric(place))
        .or_else(|| time::read(place))
        .or_else(|| measure::height(place))
        .or_else(|| fraction::read(place))
        .or_else(|| date::day_first(place))
        .or_else(|| ordinal::read(place))
        .or_else(|| number::read(place))
}

fn sign_first(place: Cursor<'_>) -> Option<Reading> {
    let (first, behind) = place
        .rest()
        .split_at_checked(1)
        .unwrap_or(("", place.rest()));
    let is_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let found = match first {
        "+" | "(" => phone::read(place).or_else(|| {
            let after = place.move_to(place.at + 1);
            let found = (first == "+" && is_digit(behind)).then(|| number::read(after))??;
            let plus = place.table.word("plus");
            Some(Reading {
                spoken: format!("{plus} {}", found.spoken),
                ..found
            })
        }),
        "." => is_digit(behind).then(|| number::read(place))?,
        "-" => number::read(place).or_else(|| money::before(place, true)),
        "'" => ordinal::short_decade(place),
        _ if place.rest().starts_with('−') => {
            number::read(place).or_else(|| money::before(place, true))
        }
        _ => ordinal::short_decade(place),
    };
    found.or_else(|| sign::read(place))
}

fn letter_first(place: Cursor<'_>) -> Option<Reading> {
    address::read(place)
        .or_else(|| money::before(place, true))
        .or_else(|| date::month_first(place))
        .or_else(|| roman::read(place))
        .or_else(|| abbreviation::read(place))
}
