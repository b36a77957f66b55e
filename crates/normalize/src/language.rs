//! The languages that there are tables for.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::table::LanguageTable;

/// A language with tables for numbers, abbreviations and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
    /// German.
    German,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
    /// Portuguese.
    Portuguese,
    /// Dutch.
    Dutch,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::French,
        Self::German,
        Self::Spanish,
        Self::Italian,
        Self::Portuguese,
        Self::Dutch,
    ];

    /// Its name, as a bundle's manifest has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "english",
            Self::French => "french",
            Self::German => "german",
            Self::Spanish => "spanish",
            Self::Italian => "italian",
            Self::Portuguese => "portuguese",
            Self::Dutch => "dutch",
        }
    }

    /// Its code of two letters (ISO 639-1).
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Portuguese => "pt",
            Self::Dutch => "nl",
        }
    }

    /// The text of its table.
    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../tables/english.txt"),
            Self::French => include_str!("../tables/french.txt"),
            Self::German => include_str!("../tables/german.txt"),
            Self::Spanish => include_str!("../tables/spanish.txt"),
            Self::Italian => include_str!("../tables/italian.txt"),
            Self::Portuguese => include_str!("../tables/portuguese.txt"),
            Self::Dutch => include_str!("../tables/dutch.txt"),
        }
    }

    /// Its table, read at the first call.
    pub(crate) fn table(self) -> &'static LanguageTable {
        static TABLES: [OnceLock<LanguageTable>; 7] = [const { OnceLock::new() }; 7];
        TABLES[self as usize].get_or_init(|| {
            // The tables are part of the program, and a test parses each, so the empty fallback,
            // which rewrites nothing, never occurs.
            LanguageTable::parse(self.source()).unwrap_or_default()
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A language without a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the language {name:?} is not supported: there are english, french, german, spanish, \
     italian, portuguese and dutch"
)]
pub struct UnknownLanguage {
    /// What was asked for.
    pub name: String,
}

/// By name or code, in any case: `german`, `de`; a region may follow (`en-GB`).
impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, UnknownLanguage> {
        let word = name
            .split(|c: char| !c.is_alphabetic())
            .next()
            .unwrap_or_default();
        let is_meant = |language: &Self| {
            word.eq_ignore_ascii_case(language.name()) || word.eq_ignore_ascii_case(language.code())
        };
        (Self::ALL.into_iter())
            .find(is_meant)
            .ok_or_else(|| UnknownLanguage {
                name: name.to_owned(),
            })
    }
}
