//! Signs: `&`, `#5`, `§ 5`, `2 + 2 = 4`.

use super::Reading;
use crate::context::{Cursor, is_blank};
use crate::expansion::ExpansionKind;
use crate::table::form;

/// An entry has the spoken form, and its context: `between words`, `between numbers` or
/// `before number`.
pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let (length, entry) = place.table.prefix("signs", place.rest())?;
    let (words, condition) = (form(entry, 0), form(entry, 1));
    let end = place.at + length;
    let behind = &place.text[end..];
    let is_apart = place.before().is_some_and(is_blank) && behind.starts_with(is_blank);
    let next = behind.trim_start_matches(is_blank);
    let is_near = behind.len() - next.len() <= 3;
    let before = place.text[..place.at]
        .trim_end_matches(is_blank)
        .chars()
        .next_back();
    let is_digit = |c: char| c.is_ascii_digit();
    let holds = match condition {
        "between words" => {
            is_apart
                && is_near
                && next.starts_with(char::is_alphanumeric)
                && before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ')'))
        }
        "between numbers" => {
            is_apart && is_near && next.starts_with(is_digit) && before.is_some_and(is_digit)
        }
        "before number" => {
            let is_start = place
                .before()
                .is_none_or(|c| c.is_whitespace() || "([\"“".contains(c));
            let count = crate::numeral::digits(next);
            let is_whole = count > 0 && place.is_boundary(place.text.len() - next.len() + count);
            is_start && is_near && is_whole
        }
        _ => false,
    };
    if !holds {
        return None;
    }
    let is_joined = behind.starts_with(char::is_alphanumeric);
    let spoken = format!("{words}{}", if is_joined { " " } else { "" });
    Some(Reading::new(ExpansionKind::Sign, spoken, end))
}
