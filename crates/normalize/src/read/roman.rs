//! Roman numerals after names and certain words: `Henry VIII`, `Louis XIV`, `Chapter IV`,
//! `XXe siècle`.

use super::Reading;
use crate::context::Cursor;
use crate::expansion::ExpansionKind;
use crate::spell::Gender;
use crate::table::LanguageTable;

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let table = place.table;
    let word = place.word();
    let length = word.bytes().take_while(|c| b"IVXLC".contains(c)).count();
    let value = u64::from(value(&word[..length])?);
    let suffix = &word[length..];
    let previous = place.previous();
    let end = place.at + length;
    let ordinal = |set: &str| {
        let spoken = table.spell(set, value)?;
        let end = place.at + word.len();
        Some(Reading::new(ExpansionKind::Roman, spoken, end))
    };
    let is_century = table.lists("roman before", place.next(place.at + word.len()));
    if is_century {
        // If ordinals are written without an ending, it still is one.
        let set = table.get("ordinal suffixes", suffix);
        return ordinal(set.or_else(|| suffix.is_empty().then_some("ordinal"))?);
    }
    let is_queen = table.lists("queens", previous);
    let is_ruler = is_queen || table.lists("names", previous);
    if is_ruler && let Some(set) = table.get("ordinal suffixes", suffix) {
        return ordinal(set);
    }
    if !matches!(suffix, "" | "'s" | "’s") {
        return None;
    }
    if table.lists("roman after", previous) {
        let spoken = table.cardinal(value, Gender::Alone)?;
        return Some(Reading::new(ExpansionKind::Roman, spoken, end));
    }
    // `Henry I think` does not name a king.
    let behind = place.text[end..].chars().next();
    let is_clear = word != "I"
        || behind.is_none_or(|c| !c.is_whitespace())
        || table.lists("behind a ruler", place.next(end));
    if !is_ruler || !is_clear {
        return None;
    }
    let spoken = ruler(table, value, is_queen)?;
    // German writes a full stop after ordinals.
    let is_dotted = table.setting("day ends with").is_some()
        && place.text[end..].starts_with('.')
        && !place.is_sentence_end(end + 1);
    Some(Reading::new(
        ExpansionKind::Roman,
        spoken,
        end + usize::from(is_dotted),
    ))
}

/// The number of a king or queen, as the language says it: `the Eighth`.
fn ruler(table: &LanguageTable, value: u64, is_queen: bool) -> Option<String> {
    let ordinals = table.word("rulers with ordinals").parse();
    let words = if value > ordinals.unwrap_or(u64::MAX) {
        table.cardinal(value, Gender::Alone)?
    } else {
        let set = if is_queen {
            "ordinal feminine"
        } else {
            "ordinal"
        };
        let set = Some(set).filter(|set| table.has_rules(set));
        table.spell(set.unwrap_or("ordinal"), value)?
    };
    let places = [("number", &*words)];
    let queen = is_queen.then(|| table.fill("queen", &places)).flatten();
    let spoken = queen.or_else(|| table.fill("ruler", &places));
    Some(spoken.unwrap_or(words))
}

/// The value of a roman numeral up to 399; `None` if it is written in an unusual way.
fn value(numeral: &str) -> Option<u32> {
    const DIGITS: [(&str, u32); 9] = [
        ("C", 100),
        ("XC", 90),
        ("L", 50),
        ("XL", 40),
        ("X", 10),
        ("IX", 9),
        ("V", 5),
        ("IV", 4),
        ("I", 1),
    ];
    let (mut rest, mut value) = (numeral, 0);
    for (digit, worth) in DIGITS {
        let repeats = if digit.len() == 1 && worth != 5 && worth != 50 {
            3
        } else {
            1
        };
        for _ in 0..repeats {
            match rest.strip_prefix(digit) {
                Some(after) => (rest, value) = (after, value + worth),
                None => break,
            }
        }
    }
    (rest.is_empty() && value > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn roman_numerals_have_values() {
        let cases = [
            ("I", Some(1)),
            ("VIII", Some(8)),
            ("XIV", Some(14)),
            ("XL", Some(40)),
            ("XCIX", Some(99)),
            ("CCC", Some(300)),
            ("IIII", None),
            ("VV", None),
            ("IC", None),
            ("", None),
        ];
        for (numeral, expected) in cases {
            assert_eq!(value(numeral), expected, "{numeral}");
        }
    }
}
