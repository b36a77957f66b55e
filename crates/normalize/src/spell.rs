//! Numbers as words.

use crate::numeral::Numeral;
use crate::table::LanguageTable;

/// The gender of the counted noun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Gender {
    /// Nothing is counted, or the noun is unknown.
    #[default]
    Alone,
    Masculine,
    Feminine,
}

impl Gender {
    /// From its letter in a table.
    pub(crate) fn of(letter: &str) -> Self {
        match letter {
            "f" => Self::Feminine,
            "m" => Self::Masculine,
            _ => Self::Alone,
        }
    }

    fn set(self) -> &'static str {
        match self {
            Self::Alone => "cardinal",
            Self::Masculine => "masculine",
            Self::Feminine => "feminine",
        }
    }
}

impl LanguageTable {
    /// A whole number that counts something.
    pub(crate) fn cardinal(&self, number: u64, gender: Gender) -> Option<String> {
        let set = Some(gender.set()).filter(|set| self.has_rules(set));
        self.spell(set.unwrap_or("cardinal"), number)
    }

    /// The digits one by one.
    pub(crate) fn digits(&self, digits: &str) -> Option<String> {
        let words: Option<Vec<_>> = (digits.bytes())
            .map(|digit| self.spell("cardinal", u64::from(digit.wrapping_sub(b'0'))))
            .collect();
        Some(words?.join(" "))
    }

    /// A number as written: with its sign and its fraction.
    pub(crate) fn number(&self, numeral: &Numeral, gender: Gender) -> Option<String> {
        let mut spoken = String::new();
        if numeral.negative {
            spoken.push_str(self.word("minus"));
            spoken.push(' ');
        }
        let gender = match numeral.fraction {
            Some(_) => Gender::Alone,
            None => gender,
        };
        if numeral.has_leading_zero() || numeral.value().is_none() {
            spoken.push_str(&self.digits(&numeral.integer)?);
        } else if !numeral.integer.is_empty() {
            spoken.push_str(&self.cardinal(numeral.value()?, gender)?);
        }
        if let Some(fraction) = &numeral.fraction {
            if !numeral.integer.is_empty() {
                spoken.push(' ');
            }
            let point = if fraction.foreign {
                "foreign point"
            } else {
                "point"
            };
            spoken.push_str(self.word(point));
            spoken.push(' ');
            spoken.push_str(&self.fraction(&fraction.digits)?);
        }
        Some(spoken)
    }

    /// The digits after the decimal sign: one by one, or, if the language does so and they are few,
    /// as a number after their leading zeros.
    fn fraction(&self, digits: &str) -> Option<String> {
        let longest: usize = self.word("fraction as number").parse().unwrap_or(0);
        let significant = digits.trim_start_matches('0');
        if digits.len() > longest || significant.is_empty() {
            return self.digits(digits);
        }
        let zeros = self.digits(&digits[..digits.len() - significant.len()])?;
        let number = self.cardinal(significant.parse().ok()?, Gender::Alone)?;
        Some(format!("{zeros} {number}").trim_start().to_owned())
    }

    /// A number and what it counts: `un millón de euros`, because a million is a noun in some
    /// languages.
    pub(crate) fn counted(&self, numeral: &Numeral, gender: Gender, name: &str) -> Option<String> {
        const MILLION: u64 = 1_000_000;
        let words = self.number(numeral, gender)?;
        let value = numeral.whole().unwrap_or(0);
        let of = if value >= MILLION && value.is_multiple_of(MILLION) {
            self.of(name)
        } else {
            " ".to_owned()
        };
        // `un'ora`
        if let Some(elided) = self.setting("una before vowel")
            && words == "una"
            && name.starts_with(['a', 'e', 'i', 'o', 'u'])
        {
            return Some(format!("{elided}{name}"));
        }
        Some(words + &of + name)
    }

    /// The word between a million and what it counts.
    pub(crate) fn of(&self, name: &str) -> String {
        let is_vowel = name.starts_with(['a', 'e', 'i', 'o', 'u', 'y', 'é', 'h']);
        match (self.setting("of vowel"), self.setting("of")) {
            (Some(elided), _) if is_vowel => format!(" {elided}"),
            (_, Some(of)) => format!(" {of} "),
            (_, None) => " ".to_owned(),
        }
    }

    /// The grammatical number of what is counted, as the index of its form.
    pub(crate) fn plural(&self, numeral: &Numeral) -> usize {
        let value = numeral.value().unwrap_or(u64::MAX);
        // In French, everything below two is singular.
        let is_singular = if self.setting("singular below two").is_some() {
            value < 2
        } else {
            value == 1 && numeral.fraction.is_none()
        };
        usize::from(!is_singular)
    }
}
