//! Fractions: `1/2`, `2 1/2`, `½`, `2½`.
//!
//! The entry of a denominator has the forms `singular | plural`.

use super::Reading;
use crate::context::{Cursor, is_blank};
use crate::expansion::ExpansionKind;
use crate::numeral::{digits, small};
use crate::spell::Gender;
use crate::table::{LanguageTable, form};

/// Fractions that are one character.
const CHARACTERS: [(char, u32, u32); 15] = [
    ('½', 1, 2),
    ('⅓', 1, 3),
    ('⅔', 2, 3),
    ('¼', 1, 4),
    ('¾', 3, 4),
    ('⅕', 1, 5),
    ('⅖', 2, 5),
    ('⅗', 3, 5),
    ('⅘', 4, 5),
    ('⅙', 1, 6),
    ('⅚', 5, 6),
    ('⅛', 1, 8),
    ('⅜', 3, 8),
    ('⅝', 5, 8),
    ('⅞', 7, 8),
];

/// A fraction, with or without a whole number before it.
pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let rest = place.rest();
    if let Some((upper, lower, length)) = plain(rest) {
        return found(place, None, (upper, lower), place.at + length);
    }
    let count = digits(rest);
    let whole = small(&rest[..count])?;
    let behind = &rest[count..];
    let apart = behind.strip_prefix(is_blank);
    let (upper, lower, length) = match apart {
        Some(apart) => plain(apart).or_else(|| one_character(apart))?,
        None => one_character(behind)?,
    };
    let end = place.text.len() - apart.unwrap_or(behind).len() + length;
    found(place, Some(whole), (upper, lower), end)
}

/// A fraction that is one character.
pub(super) fn character(place: Cursor<'_>, is_start: bool) -> Option<Reading> {
    let (upper, lower, length) = one_character(place.rest()).filter(|_| is_start)?;
    found(place, None, (upper, lower), place.at + length)
}

fn found(
    place: Cursor<'_>,
    whole: Option<u32>,
    (upper, lower): (u32, u32),
    end: usize,
) -> Option<Reading> {
    let table = place.table;
    let fraction = spoken(table, upper, lower)?;
    if !place.is_boundary(end) {
        return None;
    }
    let spoken = match whole {
        None => fraction,
        Some(whole) => {
            let value = u64::from(whole);
            let half = table.cardinal(value, Gender::Masculine)?;
            let half = table.fill("mixed half", &[("whole", &half)]);
            if let Some(half) = half.filter(|_| (upper, lower) == (1, 2)) {
                return Some(Reading::new(ExpansionKind::Fraction, half, end));
            }
            let whole = table.cardinal(value, Gender::Alone)?;
            table.fill(
                "mixed fraction",
                &[("whole", &whole), ("fraction", &fraction)],
            )?
        }
    };
    Some(Reading::new(ExpansionKind::Fraction, spoken, end))
}

fn spoken(table: &LanguageTable, upper: u32, lower: u32) -> Option<String> {
    if let Some(fixed) = table.get("fractions", &format!("{upper}/{lower}")) {
        return Some(fixed.to_owned());
    }
    let names = table.get("fractions", &lower.to_string())?;
    let upper_words = table.cardinal(u64::from(upper), Gender::Masculine)?;
    Some(format!(
        "{upper_words} {}",
        form(names, usize::from(upper != 1))
    ))
}

/// A proper fraction of small numbers, and its length.
fn plain(text: &str) -> Option<(u32, u32, usize)> {
    let upper = digits(text);
    let behind = text[upper..].strip_prefix(['/', '⁄'])?;
    let slash = text.len() - upper - behind.len();
    let lower = digits(behind);
    let (a, b) = (small(&text[..upper])?, small(&behind[..lower])?);
    let is_proper = a > 0 && a < b && !text.starts_with('0') && !behind.starts_with('0');
    is_proper.then_some((a, b, upper + slash + lower))
}

fn one_character(text: &str) -> Option<(u32, u32, usize)> {
    let first = text.chars().next()?;
    let found = CHARACTERS.iter().find(|(c, ..)| *c == first);
    found.map(|&(c, upper, lower)| (upper, lower, c.len_utf8()))
}
