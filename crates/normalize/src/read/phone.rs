//! Telephone numbers: `+1 (555) 123-4567`, `555-1234`, `06 12 34 56 78`, `0171 1234567`.

use super::Reading;
use crate::context::{Cursor, is_blank};
use crate::expansion::ExpansionKind;

/// Fewest and most digits of a number.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Groups of digits, and where they end.
struct Groups<'a> {
    digits: Vec<&'a str>,
    /// Separators between the groups.
    separators: Vec<&'a str>,
    is_bracketed: bool,
    end: usize,
}

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let table = place.table;
    let rest = place.rest();
    let plus = rest.strip_prefix('+');
    let at = place.text.len() - plus.unwrap_or(rest).len();
    let found = groups(place.text, at)?;
    let total: usize = found.digits.iter().map(|group| group.len()).sum();
    if !DIGITS.contains(&total) || !place.is_boundary(found.end) {
        return None;
    }
    let is_number = if plus.is_some() {
        found.digits.len() > 1 || total >= 10
    } else {
        is_national(table.word("phone"), &found, total)
    };
    if !is_number {
        return None;
    }
    let in_pairs = table.setting("phone in pairs").is_some()
        && found.digits.iter().all(|group| group.len() <= 2);
    let words = |group: &&str| {
        if in_pairs && plus.is_none() && !group.starts_with('0') {
            table.spell("cardinal", group.parse().ok()?)
        } else {
            table.digits(group)
        }
    };
    let words: Option<Vec<_>> = found.digits.iter().map(words).collect();
    let words = words?.join(", ");
    let spoken = match plus {
        Some(_) => format!("{} {words}", table.word("plus")),
        None => words,
    };
    Some(Reading::new(ExpansionKind::Phone, spoken, found.end))
}

/// Whether groups are a number without a country code.
fn is_national(plan: &str, found: &Groups<'_>, total: usize) -> bool {
    let lengths: Vec<_> = found.digits.iter().map(|group| group.len()).collect();
    let hyphens = found.separators.iter().all(|it| *it == "-");
    match (plan, &lengths[..]) {
        // In North America, the area code may be in parentheses, with hyphens between the rest.
        ("america", [3, 4]) => hyphens,
        ("america", [3, 3, 4]) if found.is_bracketed || hyphens => true,
        ("america", [3, 3, 4]) => found.separators.iter().all(|it| *it == "."),
        // In Europe it begins with a zero, and has more digits than a date.
        _ => {
            let first = found.digits.first().is_some_and(|it| it.starts_with('0'));
            let is_date = matches!(lengths[..], [2, 2, 4]);
            first && (9..=12).contains(&total) && lengths.len() > 1 && !is_date
        }
    }
}

fn groups(text: &str, from: usize) -> Option<Groups<'_>> {
    let mut found = Groups {
        digits: Vec::new(),
        separators: Vec::new(),
        is_bracketed: false,
        end: from,
    };
    let mut at = from;
    loop {
        let rest = &text[at..];
        let (rest, close) = match rest.strip_prefix('(') {
            Some(rest) if !found.is_bracketed => (rest, true),
            _ => (rest, false),
        };
        let count = crate::numeral::digits(rest);
        if count == 0 || count > *DIGITS.end() {
            break;
        }
        if close && !rest[count..].starts_with(')') {
            break;
        }
        found.is_bracketed |= close;
        let start = text.len() - rest.len();
        found.digits.push(&text[start..start + count]);
        found.end = start + count + usize::from(close);
        let behind = &text[found.end..];
        let after = behind.strip_prefix(|c: char| is_blank(c) || matches!(c, '-' | '.' | '/'));
        let after = match after {
            Some(after) => after,
            None if close || behind.starts_with('(') => behind,
            None => break,
        };
        at = text.len() - after.len();
        found.separators.push(&text[found.end..at]);
        if found.digits.len() > 8 {
            break;
        }
    }
    // The last separator comes after the last group.
    found
        .separators
        .truncate(found.digits.len().saturating_sub(1));
    (!found.digits.is_empty()).then_some(found)
}
