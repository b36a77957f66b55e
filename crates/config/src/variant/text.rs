//! How the released models want their text prepared.

use std::collections::BTreeMap;

use crate::TextOptions;

/// Rewrites of one kind: characters that no training text contained, and their replacements.
type Rewrites = &'static [(char, &'static str)];

const APOSTROPHES: Rewrites = &[('’', "'"), ('‘', "'")];
const QUOTES: Rewrites = &[
    ('"', ""),
    ('“', ""),
    ('”', ""),
    ('„', ""),
    ('«', ""),
    ('»', ""),
];
const BRACKETS: Rewrites = &[('(', ""), (')', ""), ('[', ""), (']', "")];
const EN_DASH: Rewrites = &[('–', ",")];
const EM_DASH: Rewrites = &[('—', ",")];
const COLON: Rewrites = &[(':', ",")];
const INVERTED_MARKS: Rewrites = &[('¡', ""), ('¿', "")];

/// The text half of a released configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextStyle {
    /// The first English model: short texts are padded.
    FirstEnglish,
    /// The large English models.
    English,
    /// The small English models.
    SmallEnglish,
    /// Dutch, Italian and Portuguese.
    Continental,
    /// French: no colons and semicolons either.
    French,
    /// German: no semicolons either.
    German,
    /// Spanish: no inverted marks either.
    Spanish,
}

impl TextStyle {
    pub(super) fn options(self) -> TextOptions {
        TextOptions {
            pad_with_spaces_for_short_inputs: self == Self::FirstEnglish,
            remove_semicolons: matches!(self, Self::French | Self::German),
            append_terminal_punctuation: true,
            capitalize_first_letter: true,
            replace_characters: self.replace_characters(),
        }
    }

    fn replace_characters(self) -> BTreeMap<char, String> {
        let kinds: &[Rewrites] = match self {
            Self::FirstEnglish | Self::English => &[APOSTROPHES],
            Self::SmallEnglish => &[APOSTROPHES, EN_DASH, EM_DASH],
            Self::Continental => &[APOSTROPHES, QUOTES, BRACKETS, EN_DASH],
            Self::French => &[APOSTROPHES, QUOTES, BRACKETS, EN_DASH, COLON],
            Self::German => &[APOSTROPHES, QUOTES, BRACKETS, EN_DASH, EM_DASH],
            Self::Spanish => &[APOSTROPHES, QUOTES, BRACKETS, EN_DASH, INVERTED_MARKS],
        };
        kinds
            .iter()
            .flat_map(|kind| kind.iter())
            .map(|&(character, text)| (character, text.to_owned()))
            .collect()
    }
}
