//! Digits that match no rule, for vocabularies without digits.

use std::ops::Range;

use crate::expansion::{Expansion, ExpansionKind};
use crate::numeral::digits;
use crate::spell::Gender;
use crate::table::LanguageTable;

/// Most digits of a number that is read as one; longer ones are read digit by digit.
const LONGEST_NUMBER: usize = 4;

/// Reads the digits in a range: short numbers as numbers, long ones digit by digit. Signs between
/// digits become spaces.
pub(crate) fn rest(
    text: &str,
    range: Range<usize>,
    table: &'static LanguageTable,
    expansions: &mut Vec<Expansion>,
) {
    let mut at = range.start;
    while let Some(found) = text[at..range.end].find(|c: char| c.is_ascii_digit()) {
        let start = at + found;
        let end = start + digits(&text[start..range.end]);
        let run = &text[start..end];
        let is_number = run.len() <= LONGEST_NUMBER && (run == "0" || !run.starts_with('0'));
        let words = if is_number {
            let value = run.parse().ok();
            value.and_then(|value| table.cardinal(value, Gender::Alone))
        } else {
            table.digits(run)
        };
        let before = text[..start].chars().next_back();
        let mut behind = text[end..].chars();
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let sign = behind.next().filter(|c| ".,:/-–'".contains(*c));
        let is_joint = sign.is_some() && behind.next().is_some_and(|c| c.is_ascii_digit());
        let end = match sign {
            Some(sign) if is_joint && end + sign.len_utf8() <= range.end => end + sign.len_utf8(),
            _ => end,
        };
        if let Some(words) = words {
            let before = if is_letter(before) { " " } else { "" };
            let after = if is_joint || is_letter(text[end..].chars().next()) {
                " "
            } else {
                ""
            };
            expansions.push(Expansion {
                range: start..end,
                spoken: format!("{before}{words}{after}"),
                kind: ExpansionKind::Rest,
            });
        }
        at = end;
    }
}
