//! Pronunciation lists: words and their spoken forms.

use std::collections::{HashMap, HashSet};

use crate::context::is_blank;
use crate::expansion::{Expansion, ExpansionKind};

/// Most bytes of a word in a list.
const LONGEST_LISTED_WORD: usize = 128;
/// Most bytes of a spoken form.
const LONGEST_SPOKEN: usize = 1024;

/// Words with a spoken form of their own.
///
/// An entry in lower case matches in any case; one with a capital matches only as written.
/// Where an entry begins or ends with a letter or digit, it matches only at a word boundary; an entry of
/// several words matches across any white space. The longest match is taken, and of two with equal
/// length the exact one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacements {
    entries: Vec<ReplacementEntry>,
    /// Entries by their first character, the longest first.
    by_first: HashMap<char, Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ReplacementEntry {
    /// With single spaces.
    word: String,
    spoken: String,
    is_exact: bool,
}

/// What is wrong with a pronunciation list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplacementFault {
    /// No `=` in the line.
    #[error("should be `word = spoken form`, but has no =")]
    NoSign,
    /// No word before the sign.
    #[error("has no word before =")]
    NoWord,
    /// No spoken form after the sign.
    #[error("has nothing after =: give the spoken form of {word:?}")]
    NoSpoken {
        /// The word.
        word: String,
    },
    /// A word that is too long.
    #[error("{word:?} is longer than {LONGEST_LISTED_WORD} bytes")]
    LongWord {
        /// The word.
        word: String,
    },
    /// A spoken form that is too long.
    #[error("the spoken form of {word:?} is longer than {LONGEST_SPOKEN} bytes")]
    LongSpoken {
        /// The word.
        word: String,
    },
    /// A word that is listed twice.
    #[error("{word:?} is listed twice")]
    Twice {
        /// The word.
        word: String,
    },
}

/// Why a pronunciation list cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct ReplacementError {
    /// Its line, from 1 on.
    pub line: usize,
    /// What is wrong there.
    pub fault: ReplacementFault,
}

impl Replacements {
    /// Parses a list: lines `word = spoken form`, blank lines, and comments: lines that begin with `# ` or
    /// `##`, or with `#` and have no `=`.
    pub fn parse(list: &str) -> Result<Self, ReplacementError> {
        let mut pairs = Vec::new();
        let list = list.strip_prefix('\u{feff}').unwrap_or(list);
        for (index, line) in list.lines().enumerate() {
            let line = line.trim();
            // `#` may also begin a word, as in `#1 = number one`.
            let is_comment = line == "#" || line.starts_with("# ") || line.starts_with("##");
            let is_comment = is_comment || (line.starts_with('#') && !line.contains('='));
            if line.is_empty() || is_comment {
                continue;
            }
            let error = |fault| ReplacementError {
                line: index + 1,
                fault,
            };
            let (word, spoken) = line
                .split_once(" = ")
                .or_else(|| line.split_once('='))
                .ok_or_else(|| error(ReplacementFault::NoSign))?;
            pairs.push((index + 1, word, spoken));
        }
        Self::from_lines(pairs)
    }

    /// From words and their spoken forms; an error's line is the number of the pair.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ReplacementError> {
        let numbered = pairs.into_iter().enumerate();
        Self::from_lines(numbered.map(|(index, (word, spoken))| (index + 1, word, spoken)))
    }

    fn from_lines<'a>(
        lines: impl IntoIterator<Item = (usize, &'a str, &'a str)>,
    ) -> Result<Self, ReplacementError> {
        let mut list = Self::default();
        let mut known = HashSet::new();
        for (line, word, spoken) in lines {
            let word = word.split_whitespace().collect::<Vec<_>>().join(" ");
            let spoken = spoken.trim();
            let fault = if word.is_empty() {
                Some(ReplacementFault::NoWord)
            } else if spoken.is_empty() {
                Some(ReplacementFault::NoSpoken { word: word.clone() })
            } else if word.len() > LONGEST_LISTED_WORD {
                let word = word.chars().take(40).collect::<String>() + "…";
                Some(ReplacementFault::LongWord { word })
            } else if spoken.len() > LONGEST_SPOKEN {
                Some(ReplacementFault::LongSpoken { word: word.clone() })
            } else if !known.insert(word.clone()) {
                Some(ReplacementFault::Twice { word: word.clone() })
            } else {
                None
            };
            if let Some(fault) = fault {
                return Err(ReplacementError { line, fault });
            }
            list.entries.push(ReplacementEntry {
                is_exact: word.chars().any(char::is_uppercase),
                word,
                spoken: spoken.to_owned(),
            });
        }
        for (index, entry) in list.entries.iter().enumerate() {
            let first = entry.word.chars().flat_map(char::to_lowercase).next();
            if let Some(first) = first {
                list.by_first.entry(first).or_default().push(index);
            }
        }
        for indices in list.by_first.values_mut() {
            let entries = &list.entries;
            let key = |index: &usize| {
                (
                    entries[*index].word.chars().count(),
                    entries[*index].is_exact,
                )
            };
            indices.sort_by_key(|index| std::cmp::Reverse(key(index)));
        }
        Ok(list)
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The words of the list in a text.
    pub fn find(&self, text: &str) -> Vec<Expansion> {
        self.find_from(text, 0)
    }

    /// The same from a position on; the text before is only context.
    pub(crate) fn find_from(&self, text: &str, from: usize) -> Vec<Expansion> {
        let mut found = Vec::new();
        if self.is_empty() {
            return found;
        }
        let mut at = from;
        let mut before = text[..from].chars().next_back();
        while let Some(c) = text[at..].chars().next() {
            if let Some((entry, end)) = self.entry_at(text, at, before, c) {
                found.push(Expansion {
                    range: at..end,
                    spoken: entry.spoken.clone(),
                    kind: ExpansionKind::Replacement,
                });
                before = text[..end].chars().next_back();
                at = end;
            } else {
                before = Some(c);
                at += c.len_utf8();
            }
        }
        found
    }

    fn entry_at(
        &self,
        text: &str,
        at: usize,
        before: Option<char>,
        first: char,
    ) -> Option<(&ReplacementEntry, usize)> {
        if is_word(first) && before.is_some_and(is_word) {
            return None;
        }
        let indices = self.by_first.get(&first.to_lowercase().next()?)?;
        indices.iter().find_map(|&index| {
            let entry = &self.entries[index];
            let length = entry.length_in(&text[at..])?;
            let end = at + length;
            let goes_on = text[end..].chars().next().is_some_and(is_word)
                && text[..end].chars().next_back().is_some_and(is_word);
            (!goes_on).then_some((entry, end))
        })
    }

    /// Whether an entry may match across the white space at `cut`.
    pub(crate) fn may_span(&self, text: &str, cut: usize) -> bool {
        let from = text.floor_char_boundary(cut.saturating_sub(2 * LONGEST_LISTED_WORD));
        let before: Vec<String> = text[from..cut]
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        self.entries.iter().any(|entry| {
            let words: Vec<_> = entry.word.split(' ').collect();
            (1..words.len()).any(|count| {
                count <= before.len()
                    && (before[before.len() - count..].iter())
                        .zip(&words)
                        .all(|(there, word)| there.ends_with(&word.to_lowercase()))
            })
        })
    }
}

impl ReplacementEntry {
    /// How many bytes at the beginning of the text match this word.
    fn length_in(&self, text: &str) -> Option<usize> {
        let mut rest = text;
        for expected in self.word.chars() {
            if expected == ' ' {
                let after = rest.trim_start_matches(|c: char| c.is_whitespace() || is_blank(c));
                if after.len() == rest.len() || rest.len() - after.len() > 8 {
                    return None;
                }
                rest = after;
                continue;
            }
            let c = rest.chars().next()?;
            let is_same =
                c == expected || (!self.is_exact && c.to_lowercase().eq(expected.to_lowercase()));
            if !is_same {
                return None;
            }
            rest = &rest[c.len_utf8()..];
        }
        Some(text.len() - rest.len())
    }
}

/// Whether a character belongs to a word: letters, digits, and their combining marks.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expansion::Expanded;

    fn replaced(list: &str, text: &str) -> String {
        let list = Replacements::parse(list).unwrap();
        Expanded::of(text, &list.find(text)).text
    }

    #[test]
    fn words_are_replaced_whole_and_by_their_case() {
        let list = "# names\nkyutai = kyoo tie\nPolish = from Poland\nSQL = sequel\n\
                    new york = nooyork\nnew york city = the city\nC++ = see plus plus\nïle = eel\n\
                    polish = shine\n#1 = number one";
        let cases = [
            (
                "Kyutai and KYUTAI's kyutais",
                "kyoo tie and kyoo tie's kyutais",
            ),
            ("Polish polish POLISH", "from Poland shine shine"),
            ("SQL sql MySQL SQLite", "sequel sql MySQL SQLite"),
            ("New  York\nCity, new york", "the city, nooyork"),
            ("C++ c++ C++17", "see plus plus c++ see plus plus17"),
            ("Ïle Ïles", "eel Ïles"),
            ("#1 a#1", "number one anumber one"),
            ("l'ïle kyutai_x", "l'eel kyutai_x"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(replaced(list, text), expected, "{text:?}");
        }
    }

    #[test]
    fn faults_of_a_list_are_named_by_line() {
        let cases = [
            ("a", "line 1: should be `word = spoken form`, but has no ="),
            ("\n = b", "line 2: has no word before ="),
            (
                "a =",
                "line 1: has nothing after =: give the spoken form of \"a\"",
            ),
            ("a = b\n# c\na = c", "line 3: \"a\" is listed twice"),
            ("a  b = c\na b = d", "line 2: \"a b\" is listed twice"),
        ];
        for (list, expected) in cases {
            let error = Replacements::parse(list).unwrap_err();
            assert_eq!(error.to_string(), expected, "{list:?}");
        }
        let long = "x".repeat(200);
        for list in [format!("{long} = a"), format!("a = {}", long.repeat(10))] {
            assert!(Replacements::parse(&list).is_err());
        }
    }
}
