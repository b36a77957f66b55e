//! A language's table: a text file that a speaker of the language can correct.
//!
//! It has sections (`[months]`) of lines `key = value`; lines that begin with `#` are comments. Keys with the same meaning are in one line; forms of a word are separated by `|`.
//! Sections called `numbers …` hold rules (see `rules.rs`). `docs/normalization.md` describes each.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::rules::{self, RuleSet, RuleSets};

/// What is wrong with a line of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("is no rule of the form `base: text`")]
    Rule,
    #[error("is no line of the form `key = value`")]
    Line,
    #[error("has a key that its section has already")]
    Twice,
}

/// A table that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {fault}")]
pub(crate) struct TableError {
    pub(crate) line: usize,
    pub(crate) fault: Fault,
}

/// The table of a language.
#[derive(Debug, Default)]
pub(crate) struct LanguageTable {
    rules: RuleSets,
    sections: HashMap<&'static str, HashMap<Cow<'static, str>, &'static str>>,
    /// Length of the longest key of each section, in characters.
    longest: HashMap<&'static str, usize>,
}

impl LanguageTable {
    pub(crate) fn parse(source: &'static str) -> Result<Self, TableError> {
        let mut table = Self::default();
        let mut section = "";
        for (index, line) in source.lines().enumerate() {
            let error = |fault| TableError {
                line: index + 1,
                fault,
            };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
                section = name;
            } else if let Some(set) = section.strip_prefix("numbers ") {
                let set: &mut RuleSet = table.rules.entry(set).or_default();
                set.add(line).map_err(error)?;
            } else {
                let (keys, value) = line.split_once(" =").ok_or(error(Fault::Line))?;
                // Names of settings may have several words; elsewhere each word is a key of its
                // own.
                let is_setting = matches!(section, "settings" | "templates");
                let keys: Vec<_> = if is_setting {
                    vec![keys.trim()]
                } else {
                    keys.split_whitespace().collect()
                };
                for key in keys {
                    // `\#` does not begin a comment. In abbreviations `_` is a space, as in
                    // `z._B.`.
                    let key = key.strip_prefix('\\').unwrap_or(key);
                    let key = if section == "abbreviations" && key.contains('_') {
                        Cow::from(key.replace('_', " "))
                    } else {
                        Cow::from(key)
                    };
                    let length = key.chars().count();
                    let entries = table.sections.entry(section).or_default();
                    if entries.insert(key, value.trim()).is_some() {
                        return Err(error(Fault::Twice));
                    }
                    let longest = table.longest.entry(section).or_default();
                    *longest = (*longest).max(length);
                }
            }
        }
        Ok(table)
    }

    /// The entry of a key.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&'static str> {
        self.sections.get(section)?.get(key).copied()
    }

    /// The entry of a key, or else of its lower case.
    pub(crate) fn get_folded(&self, section: &str, key: &str) -> Option<&'static str> {
        self.get(section, key)
            .or_else(|| self.get(section, &key.to_lowercase()))
    }

    /// The longest key that `text` begins with, and its entry.
    pub(crate) fn prefix(&self, section: &str, text: &str) -> Option<(usize, &'static str)> {
        let entries = self.sections.get(section)?;
        let longest = self.longest.get(section)?;
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<_> = ends.take(*longest).collect();
        (ends.into_iter().rev()).find_map(|end| Some((end, *entries.get(&text[..end])?)))
    }

    /// A setting; `None` if the language does not have it.
    pub(crate) fn setting(&self, name: &str) -> Option<&'static str> {
        self.get("settings", name)
    }

    /// The word of a setting, or an empty one.
    pub(crate) fn word(&self, name: &str) -> &'static str {
        self.setting(name).unwrap_or_default()
    }

    /// Whether a setting lists this word, or its lower case.
    pub(crate) fn lists(&self, name: &str, word: &str) -> bool {
        let Some(list) = self.setting(name).filter(|_| !word.is_empty()) else {
            return false;
        };
        let lower = word.to_lowercase();
        list.split_whitespace().any(|it| it == word || it == lower)
    }

    /// Whether a setting lists this word exactly.
    pub(crate) fn lists_exactly(&self, name: &str, word: &str) -> bool {
        let list = self.word(name);
        list.split_whitespace().any(|it| it == word)
    }

    /// A template with its placeholders filled.
    pub(crate) fn fill(&self, name: &str, places: &[(&str, &str)]) -> Option<String> {
        let mut text = self.get("templates", name)?.to_owned();
        for (place, value) in places {
            text = text.replace(&format!("{{{place}}}"), value);
        }
        Some(text)
    }

    /// A number in words of a set.
    pub(crate) fn spell(&self, set: &str, number: u64) -> Option<String> {
        rules::spell(&self.rules, set, number)
    }

    pub(crate) fn has_rules(&self, set: &str) -> bool {
        self.rules.contains_key(set)
    }
}

/// The form at `index` of an entry; the last one if there are fewer.
pub(crate) fn form(entry: &'static str, index: usize) -> &'static str {
    let forms = entry.split('|').map(str::trim);
    forms.take(index + 1).last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn every_table_can_be_read() {
        for language in Language::ALL {
            let table = LanguageTable::parse(language.source());
            assert!(table.is_ok(), "{language}: {table:?}");
            for number in 0..200_000 {
                let cardinal = language.table().spell("cardinal", number);
                assert!(cardinal.is_some(), "{language}: {number}");
            }
            for number in (1..=18).map(|digits| 10_u64.pow(digits) - 1) {
                for set in ["cardinal", "ordinal"] {
                    let spelt = language.table().spell(set, number);
                    assert!(spelt.is_some(), "{language}: {number} {set}");
                }
            }
        }
    }

    #[test]
    fn faults_of_a_table_are_named_by_line() {
        let cases = [
            ("[months]\nx", 2, Fault::Line),
            ("[months]\n1 = a\n\n1 = b", 4, Fault::Twice),
            ("[numbers cardinal]\n0 zero", 2, Fault::Rule),
            ("[numbers cardinal]\n20: twenty[->>", 2, Fault::Rule),
            ("[numbers cardinal]\n1: a; 1: b", 2, Fault::Rule),
        ];
        for (source, line, fault) in cases {
            let error = LanguageTable::parse(source).err();
            assert_eq!(error, Some(TableError { line, fault }), "{source:?}");
        }
    }

    #[test]
    fn a_circle_of_rules_ends() {
        let table = LanguageTable::parse("[numbers cardinal]\n0: =cardinal=").unwrap_or_default();
        assert_eq!(table.spell("cardinal", 5), None);
    }
}
