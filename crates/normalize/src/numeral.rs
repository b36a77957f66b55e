//! Numbers written in digits.

use crate::context::{Cursor, is_blank};

/// Most digits that are read; a longer number stays as it is.
const MOST_DIGITS: usize = 40;

/// A number in digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numeral {
    /// Digits before the decimal sign, without separators; none in `.5`.
    pub(crate) integer: String,
    pub(crate) fraction: Option<Fraction>,
    /// Whether thousands are grouped.
    pub(crate) grouped: bool,
    pub(crate) negative: bool,
}

/// Digits after a decimal sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fraction {
    pub(crate) digits: String,
    /// Whether the decimal sign is not that of the language.
    pub(crate) foreign: bool,
}

impl Numeral {
    /// Its value if it is an integer; `None` if it has a fraction or is too large.
    pub(crate) fn whole(&self) -> Option<u64> {
        if self.fraction.is_some() {
            return None;
        }
        self.value()
    }

    /// The value of the digits before the decimal sign.
    pub(crate) fn value(&self) -> Option<u64> {
        if self.integer.is_empty() {
            return Some(0);
        }
        (self.integer.len() <= 18)
            .then(|| self.integer.parse().ok())
            .flatten()
    }

    /// Whether it is digits and nothing else: no separators, no fraction and no sign.
    pub(crate) fn is_plain(&self) -> bool {
        !self.grouped && self.fraction.is_none() && !self.negative
    }

    /// Whether it is written like `007`.
    pub(crate) fn has_leading_zero(&self) -> bool {
        self.integer.len() > 1 && self.integer.starts_with('0')
    }
}

/// How many digits the text begins with.
pub(crate) fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The number of some digits.
pub(crate) fn small(digits: &str) -> Option<u32> {
    (digits.len() <= 4).then(|| digits.parse().ok()).flatten()
}

/// The number that begins here, with its sign, and where it ends. `None` if the digits are not a
/// number of the language, such as `1.2.3`, `1,23` in English or `1.234,5` there.
pub(crate) fn numeral(place: Cursor<'_>) -> Option<(Numeral, usize)> {
    let rest = place.rest();
    let unsigned = rest.strip_prefix(['-', '−']);
    let negative = unsigned.is_some();
    let at = place.text.len() - unsigned.unwrap_or(rest).len();
    let (mut numeral, end) = unsigned_numeral(place.move_to(at))?;
    numeral.negative = negative;
    Some((numeral, end))
}

fn unsigned_numeral(place: Cursor<'_>) -> Option<(Numeral, usize)> {
    let Cursor { text, table, .. } = place;
    let decimal = table.word("decimal").chars().next()?;
    let rest = place.rest();
    let count = digits(rest);
    if count > MOST_DIGITS {
        return None;
    }
    let mut numeral = Numeral {
        integer: rest[..count].to_owned(),
        fraction: None,
        grouped: false,
        negative: false,
    };
    let mut end = place.at + count;
    if (1..=3).contains(&count) && !rest.starts_with('0') {
        let separator = text[end..].chars().next();
        if let Some(separator) = separator.filter(|&c| is_group(place, c)) {
            while let Some(group) = group(&text[end..], separator) {
                numeral.integer.push_str(group);
                numeral.grouped = true;
                end += separator.len_utf8() + group.len();
                if numeral.integer.len() > MOST_DIGITS {
                    return None;
                }
            }
        }
    }
    let behind = &text[end..];
    let sign = behind.chars().next().filter(|c| matches!(c, '.' | ','));
    if let Some(sign) = sign
        && let count @ 1.. = digits(&behind[1..])
    {
        let is_foreign = sign != decimal;
        // `1.234` is above a thousand in one language and between one and two in another.
        if is_foreign && (numeral.grouped || count == 3 || sign == ',') {
            return None;
        }
        if count > MOST_DIGITS || (is_foreign && table.setting("foreign point").is_none()) {
            return None;
        }
        numeral.fraction = Some(Fraction {
            digits: behind[1..=count].to_owned(),
            foreign: is_foreign,
        });
        end += 1 + count;
    }
    if numeral.integer.is_empty() && (numeral.fraction.is_none() || decimal == ',') {
        return None;
    }
    // More digits after a sign: a version, a date, an address.
    let mut behind = text[end..].chars();
    let is_more = matches!(behind.next(), Some('.' | ',' | '\'' | '’'))
        && behind.next().is_some_and(|c| c.is_ascii_digit());
    (!is_more).then_some((numeral, end))
}

/// Whether `c` may group thousands.
fn is_group(place: Cursor<'_>, c: char) -> bool {
    let groups = place.table.word("group");
    match c {
        ' ' => groups.contains("space"),
        // Non-breaking spaces may group digits in every language.
        _ if is_blank(c) => true,
        _ => groups.contains(c) && !c.is_alphanumeric(),
    }
}

/// The three digits after a separator, if no more follow.
fn group(text: &str, separator: char) -> Option<&str> {
    let rest = text.strip_prefix(separator)?;
    (digits(rest) == 3).then(|| &rest[..3])
}
