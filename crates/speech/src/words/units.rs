//! The words of a chunk, and the punctuation between them.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::text::is_space;
use crate::{PreparedText, SourceRange, TextChunk, Token};

/// Signs that are spoken as words.
const SPOKEN_SIGNS: &str = "&%@#+=$€£¥¢°×÷";
/// Signs that end a word even without a space after them.
const BREAKS: &str = "—–…―";

/// What attention is summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// A word, by its index.
    Word(usize),
    /// Punctuation.
    Punctuation {
        /// Whether the preparation rules added it to the given text.
        added: bool,
    },
}

/// A word of the given text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceWord {
    /// The word, after what is before it.
    pub text: String,
    /// The place of the word itself.
    pub source: SourceRange,
}

/// The words of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkWords {
    /// In order.
    pub words: Vec<SourceWord>,
    /// Words and punctuation, in order.
    pub units: Vec<Unit>,
}

/// A unit and its bytes in the source.
struct Placed {
    unit: Unit,
    source: Range<usize>,
}

impl ChunkWords {
    /// The words of a chunk with these tokens, after the rest of the source that earlier chunks
    /// left; and for each token its units, with its share of each.
    pub(crate) fn of(
        chunk: &TextChunk,
        prepared: &PreparedText,
        tokens: &[Token],
        left: &str,
    ) -> (Self, Vec<Vec<(usize, f32)>>, String) {
        let TextChunk { excerpt, .. } = chunk;
        let range = chunk.source();
        let text = excerpt.get(range.clone());
        let is_spoken = |core: &Range<usize>| {
            let overlaps = |token: &Token| overlap(&token.source, core) > 0;
            tokens.iter().any(overlaps)
        };
        let mut words = Vec::new();
        let mut placed: Vec<Placed> = Vec::new();
        // Start of the text that belongs to the next word.
        let mut from = excerpt.from;
        for Run { whole, core } in runs(text, range.start) {
            if !is_spoken(&core) {
                continue;
            }
            punctuation(&mut placed, whole.start.max(from)..core.start);
            placed.push(Placed {
                unit: Unit::Word(words.len()),
                source: core.clone(),
            });
            punctuation(&mut placed, core.end..whole.end);
            let mut text = excerpt.get(from..whole.end).to_owned();
            if words.is_empty() {
                text.insert_str(0, left);
            }
            from = whole.end;
            let [start, end] = [whole.start, whole.end].map(|at| excerpt.utf16(at));
            words.push(SourceWord {
                text,
                source: SourceRange {
                    bytes: whole,
                    utf16: start..end,
                },
            });
        }
        let mut rest = excerpt.get(from..excerpt.end()).to_owned();
        if words.is_empty() {
            rest.insert_str(0, left);
        }
        // A full stop that the model's rules added.
        let ends_added = prepared.text.ends_with(['.', '!', '?'])
            && tokens.last().is_some_and(|token| token.source.is_empty());
        if ends_added && !words.is_empty() {
            let end = excerpt.end();
            placed.push(Placed {
                unit: Unit::Punctuation { added: true },
                source: end..end,
            });
        }
        let shares = tokens.iter().map(|token| shares(token, &placed)).collect();
        let units = placed.into_iter().map(|placed| placed.unit).collect();
        (Self { words, units }, shares, rest)
    }
}

/// A word, with the punctuation at its ends.
struct Run {
    whole: Range<usize>,
    core: Range<usize>,
}

/// The words of `text`, which is at `at` in the source.
fn runs(text: &str, at: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // Whether the last one may continue.
    let (mut is_open, mut is_broken) = (false, false);
    let mut start = None;
    // Whether the character before belongs to a word, and whether it is a word of its own.
    let (mut is_behind_word, mut is_behind_single) = (false, false);
    for (index, grapheme) in text.grapheme_indices(true) {
        let here = at + index..at + index + grapheme.len();
        if grapheme.contains(is_space) {
            (is_open, is_behind_word, start) = (false, false, None);
            continue;
        }
        if !grapheme.contains(is_spoken) {
            is_behind_word = false;
            is_broken |= grapheme.contains(|c| BREAKS.contains(c));
            match runs.last_mut().filter(|_| is_open) {
                Some(run) => run.whole.end = here.end,
                None => start = start.or(Some(here.start)),
            }
            continue;
        }
        let is_single = grapheme.starts_with(is_word_of_its_own);
        let is_alone = is_behind_word && (is_single || is_behind_single) && !grapheme.is_ascii();
        let joins = is_open && !is_broken && !is_alone;
        match runs.last_mut().filter(|_| joins) {
            Some(run) => (run.core.end, run.whole.end) = (here.end, here.end),
            None => runs.push(Run {
                whole: start.unwrap_or(here.start)..here.end,
                core: here,
            }),
        }
        (is_open, is_broken, start) = (true, false, None);
        is_behind_word = grapheme.contains(char::is_alphanumeric) && !grapheme.is_ascii();
        is_behind_single = is_single;
    }
    runs
}

/// Whether a character belongs to a script without spaces, in which each character counts as a word.
/// Unicode's rules for words give the same, but need tables.
fn is_word_of_its_own(c: char) -> bool {
    matches!(c,
        // Thai and Lao, Myanmar, Khmer.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Hiragana and Han.
        | '\u{3041}'..='\u{309f}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn is_spoken(c: char) -> bool {
    c.is_alphanumeric() || SPOKEN_SIGNS.contains(c)
}

/// Adds punctuation, if there is any; adjacent ones are merged.
fn punctuation(placed: &mut Vec<Placed>, source: Range<usize>) {
    if source.is_empty() {
        return;
    }
    let is_punctuation = |placed: &&mut Placed| matches!(placed.unit, Unit::Punctuation { .. });
    match placed.last_mut().filter(is_punctuation) {
        Some(last) => last.source.end = source.end,
        None => placed.push(Placed {
            unit: Unit::Punctuation { added: false },
            source,
        }),
    }
}

/// The units of a token, by the bytes that they share.
fn shares(token: &Token, placed: &[Placed]) -> Vec<(usize, f32)> {
    if token.source.is_empty() {
        let added = |placed: &Placed| placed.unit == Unit::Punctuation { added: true };
        let last = placed.len().checked_sub(1).filter(|&at| added(&placed[at]));
        let last = last.filter(|&at| token.source.start >= placed[at].source.start);
        return last.map(|at| (at, 1.0)).into_iter().collect();
    }
    let overlaps = placed.iter().enumerate().map(|(unit, placed)| {
        let overlap = overlap(&token.source, &placed.source);
        (unit, overlap as f32)
    });
    let mut overlaps: Vec<_> = overlaps.filter(|(_, overlap)| *overlap > 0.0).collect();
    let total: f32 = overlaps.iter().map(|(_, overlap)| overlap).sum();
    for (_, overlap) in &mut overlaps {
        *overlap /= total;
    }
    overlaps
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_stands_between_spaces() {
        let cases: [(&str, &[&str]); 16] = [
            ("One two.", &["One", "two."]),
            (
                "It's well-known: $45, or 3.14%!",
                &["It's", "well-known:", "$45,", "or", "3.14%!"],
            ),
            ("“Now!” he said", &["“Now!”", "he", "said"]),
            ("one — two … three", &["one", "two", "three"]),
            ("one—two…three", &["one—", "two…", "three"]),
            ("a & b", &["a", "&", "b"]),
            ("... ?!", &[]),
            ("", &[]),
            ("¿Qué? (Nada.)", &["¿Qué?", "(Nada.)"]),
            ("e\u{301}te\u{301} 👩‍👩‍👧‍👦 ok", &["e\u{301}te\u{301}", "ok"]),
            ("שָׁלוֹם עולם", &["שָׁלוֹם", "עולם"]),
            ("語話す", &["語", "話", "す"]),
            ("wow👍🏽 ok", &["wow👍🏽", "ok"]),
            (
                "12:30 1,000.50 12/11/10",
                &["12:30", "1,000.50", "12/11/10"],
            ),
            ("a\u{a0}b\n\nc", &["a", "b", "c"]),
            ("https://example.org/a?b=c", &["https://example.org/a?b=c"]),
        ];
        for (text, expected) in cases {
            let runs = runs(text, 0);
            let words: Vec<&str> = runs.iter().map(|run| &text[run.whole.clone()]).collect();
            assert_eq!(words, expected, "{text:?}");
        }
        // As Unicode's rules for words say.
        for text in [
            "語話す",
            "ひらがな漢字カタカナ語",
            "ภาษาไทย",
            "ພາສາລາວ",
            "éàü",
            "日本éà",
        ] {
            let found: Vec<_> = runs(text, 0).iter().map(|run| run.core.start).collect();
            let expected: Vec<_> = text.split_word_bound_indices().map(|(at, _)| at).collect();
            assert_eq!(found, expected, "{text:?}");
        }
        let runs = runs("“Now!” it's", 5);
        assert_eq!(
            (runs[0].whole.clone(), runs[0].core.clone()),
            (5..15, 8..11)
        );
        assert_eq!(
            (runs[1].whole.clone(), runs[1].core.clone()),
            (16..20, 16..20)
        );
    }
}
