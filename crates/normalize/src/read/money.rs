//! Money: `$49.95`, `€3,50`, `3,50 €`, `£5m`, `5 Mio. €`, `$1.5 billion`.
//!
//! A currency's entry has the forms `singular | plural | one cent | several cents | genders`.

use super::Reading;
use crate::context::{Cursor, end_of_word, is_blank};
use crate::expansion::ExpansionKind;
use crate::numeral::{Fraction, Numeral, digits, numeral, small};
use crate::spell::Gender;
use crate::table::{LanguageTable, form};

/// A number after the name of its currency.
pub(super) fn before(place: Cursor<'_>, is_start: bool) -> Option<Reading> {
    if !is_start
        && place
            .before()
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
    {
        return None;
    }
    let rest = place.rest();
    let unsigned = rest.strip_prefix(['-', '−']).unwrap_or(rest);
    let outer_minus = unsigned.len() < rest.len();
    let (length, currency) = place.table.prefix("money", unsigned)?;
    let is_name = unsigned[..length].ends_with(char::is_alphabetic);
    let behind = &unsigned[length..];
    let blanks = behind.len() - behind.trim_start_matches(is_blank).len();
    // `EUR 5` and `€ 5`; `EUR5` too, but not `RUB7x`.
    if blanks > 3 || (is_name && !outer_minus && behind.starts_with('-')) {
        return None;
    }
    let at = place.at + (rest.len() - unsigned.len()) + length + blanks;
    if !place.text[at..].starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '−' | '.'))
    {
        return None;
    }
    let (mut number, end) = numeral(place.move_to(at)).or_else(|| amount_of(place.move_to(at)))?;
    number.negative |= outer_minus;
    let end = behind_dash(place, end);
    let (scale, end) = scale(place, end, true).map_or((None, end), |(it, end)| (Some(it), end));
    if !place.is_boundary(end) {
        return None;
    }
    Some(Reading::new(
        ExpansionKind::Money,
        amount(place.table, &number, scale, currency)?,
        end,
    ))
}

/// `3,50 €` in a language that writes `3.50 €`.
pub(super) fn foreign(place: Cursor<'_>) -> Option<Reading> {
    let (number, end) = amount_of(place)?;
    behind(place, &number, end)
}

/// A number before the name of its currency.
pub(super) fn behind(place: Cursor<'_>, number: &Numeral, end: usize) -> Option<Reading> {
    let end = behind_dash(place, end);
    let (scale, at) = scale(place, end, true).map_or((None, end), |(it, end)| (Some(it), end));
    let text = place.text;
    let blank = text[at..].chars().next().filter(|&c| is_blank(c));
    let at = at + blank.map_or(0, char::len_utf8);
    let word = &text[at..end_of_word(text, at)];
    let named = place
        .table
        .get("money words", word)
        .map(|it| (word.len(), it));
    let symbol = || place.table.prefix("money", &text[at..]);
    let (length, currency) = named.or_else(symbol)?;
    let end = at + length;
    if !place.is_boundary(end) {
        return None;
    }
    Some(Reading::new(
        ExpansionKind::Money,
        amount(place.table, number, scale, currency)?,
        end,
    ))
}

/// The position after the dash for "no cents": `10,-`.
fn behind_dash(place: Cursor<'_>, end: usize) -> usize {
    let text = &place.text[end..];
    let dashes = [",--", ",-", ",–", ",—"];
    let dash = dashes.into_iter().find(|dash| text.starts_with(dash));
    end + dash.map_or(0, str::len)
}

/// `million`, or the letter `m` if letters are allowed: its entry, and where it ends.
fn scale(place: Cursor<'_>, end: usize, letters: bool) -> Option<(&'static str, usize)> {
    let (text, table) = (place.text, place.table);
    let (at, is_attached) = match text[end..].chars().next() {
        Some(c) if is_blank(c) => (end + c.len_utf8(), false),
        _ => (end, true),
    };
    let behind = &text[at..];
    let is_letter = |c: char| c.is_alphabetic();
    let length = behind.find(|c| !is_letter(c)).unwrap_or(behind.len());
    let word = &behind[..length];
    if word.is_empty() {
        return None;
    }
    if behind[length..].starts_with('.')
        && let Some(entry) = table.get("scales", &behind[..=length])
    {
        return Some((entry, at + length + 1));
    }
    if let Some(entry) = table.get("scales", word) {
        return Some((entry, at + length));
    }
    let entry = table.get("scale letters", word);
    // `M€` may follow a space.
    let is_currency = table.prefix("money", &behind[length..]).is_some();
    let entry = entry.filter(|_| letters && (is_attached || is_currency))?;
    Some((entry, at + length))
}

/// `3,50` in a language with another decimal sign: still an amount.
fn amount_of(place: Cursor<'_>) -> Option<(Numeral, usize)> {
    let rest = place.rest();
    let integer = digits(rest);
    let behind = rest[integer..].strip_prefix(',')?;
    let cents = digits(behind);
    let end = place.at + integer + 1 + cents;
    let goes_on = rest[integer + 1 + cents..].starts_with(['.', ',']) && !place.is_boundary(end);
    ((1..=9).contains(&integer) && cents == 2 && !goes_on).then(|| {
        let fraction = Fraction {
            digits: behind[..2].to_owned(),
            foreign: true,
        };
        let number = Numeral {
            integer: rest[..integer].to_owned(),
            fraction: Some(fraction),
            grouped: false,
            negative: false,
        };
        (number, end)
    })
}

/// An amount in words.
fn amount(
    table: &LanguageTable,
    number: &Numeral,
    scale: Option<&'static str>,
    currency: &'static str,
) -> Option<String> {
    let genders = form(currency, 4);
    let gender = |index: usize| {
        let letter = genders
            .get(index..=index)
            .filter(|_| form(currency, 3) != genders);
        Gender::of(letter.unwrap_or_default())
    };
    if let Some(scale) = scale {
        return scaled(table, number, scale, currency);
    }
    let cents = number.fraction.as_ref().filter(|it| it.digits.len() == 2);
    let (Some(cents), false) = (cents, form(currency, 2).is_empty()) else {
        let plural = table.plural(number);
        return table.counted(number, gender(0), form(currency, plural));
    };
    let minor = Numeral {
        integer: cents.digits.trim_start_matches('0').to_owned(),
        fraction: None,
        grouped: false,
        negative: false,
    };
    let major = Numeral {
        fraction: None,
        ..number.clone()
    };
    let is_one = small(&minor.integer) == Some(1);
    let minor_words = || {
        let name = form(currency, 2 + usize::from(!is_one));
        let words = table.cardinal(minor.value()?, gender(1))?;
        Some((format!("{words} {name}"), words))
    };
    let major_words = || {
        let plural = table.plural(&major);
        table.counted(&major, gender(0), form(currency, plural))
    };
    match (major.value()?, minor.value()?) {
        (_, 0) => major_words(),
        (0, _) => {
            let minus = if number.negative {
                table.word("minus")
            } else {
                ""
            };
            Some(
                format!("{minus} {}", minor_words()?.0)
                    .trim_start()
                    .to_owned(),
            )
        }
        _ => {
            let (cents, cent) = minor_words()?;
            let amount = major_words()?;
            let places = [("amount", &*amount), ("cents", &*cents), ("cent", &*cent)];
            table.fill("money", &places)
        }
    }
}

/// An amount with a scale in words: `five million pounds`.
fn scaled(
    table: &LanguageTable,
    number: &Numeral,
    scale: &'static str,
    currency: &'static str,
) -> Option<String> {
    let gender = match form(scale, 3) {
        "f" => Gender::Feminine,
        _ => Gender::Masculine,
    };
    let number_words = table.number(number, gender)?;
    let scale_word = form(scale, table.plural(number));
    let unit = form(currency, 1);
    let of = match form(scale, 2) {
        "of" => table.of(unit),
        _ => " ".to_owned(),
    };
    Some(format!("{number_words} {scale_word}{of}{unit}"))
}
