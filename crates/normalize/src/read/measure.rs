//! Measures: `20 °C`, `5km`, `50 %`, `5'11"`.
//!
//! A unit's entry has the forms `singular | plural | gender`.

use super::Reading;
use crate::context::{Cursor, end_of_word};
use crate::expansion::ExpansionKind;
use crate::numeral::{Numeral, digits, small};
use crate::spell::Gender;
use crate::table::form;

pub(super) fn read(place: Cursor<'_>, number: &Numeral, end: usize) -> Option<Reading> {
    let Cursor { text, table, .. } = place;
    let word_end = end_of_word(text, end);
    let (unit_at, unit_end) = if word_end == end {
        let next = place.next_at(end)?;
        (next, end_of_word(text, next))
    } else {
        (end, word_end)
    };
    let unit = &text[unit_at..unit_end];
    // `4K` and `1A` are names; `4 K` is a temperature.
    if unit_at == end && table.lists_exactly("units apart", unit) {
        return None;
    }
    let unit = table.get("units", unit)?;
    // Within a sentence, a full stop after a unit belongs to it.
    let is_dotted = text[unit_end..].starts_with('.')
        && text[unit_at..unit_end].ends_with(char::is_alphabetic)
        && text[unit_end + 1..].starts_with(' ')
        && !place.is_sentence_end(unit_end + 1);
    let (one, many, third) = (form(unit, 0), form(unit, 1), form(unit, 2));
    let gender = if third == many {
        Gender::Alone
    } else {
        Gender::of(third)
    };
    let name = if table.plural(number) == 0 { one } else { many };
    let spoken = table.counted(number, gender, name)?;
    Some(Reading::new(
        ExpansionKind::Measure,
        spoken,
        unit_end + usize::from(is_dotted),
    ))
}

/// Feet and inches.
pub(super) fn height(place: Cursor<'_>) -> Option<Reading> {
    let table = place.table;
    let template = table.get("templates", "height")?;
    let rest = place.rest();
    let feet = digits(rest);
    let behind = rest[feet..].strip_prefix(['\'', '′', '’'])?;
    let inches = digits(behind);
    if !(1..=2).contains(&feet) || !(1..=2).contains(&inches) {
        return None;
    }
    let after = &behind[inches..];
    let after = (after.strip_prefix(['"', '″', '”'])).or_else(|| after.strip_prefix("''"))?;
    if after.starts_with(char::is_alphanumeric) || small(&behind[..inches])? > 11 {
        return None;
    }
    let words = |digits: &str| table.cardinal(u64::from(small(digits)?), Gender::Masculine);
    let spoken = template
        .replace("{feet}", &words(&rest[..feet])?)
        .replace("{inches}", &words(&behind[..inches])?);
    let end = place.text.len() - after.len();
    Some(Reading::new(ExpansionKind::Measure, spoken, end))
}
