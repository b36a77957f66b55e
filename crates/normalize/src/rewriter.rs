//! Rewrites a text that arrives piece by piece.

use crate::context::CONTEXT_BYTES;
use crate::expansion::Expanded;
use crate::language::Language;
use crate::map::{ReplacedRange, ReplacedRanges};
use crate::replacements::Replacements;
use crate::scan::{is_in_marker, scan};

/// How many bytes after a cut inside a sentence may change how the text before it is read.
const AHEAD: usize = 2 * CONTEXT_BYTES;

/// If this many bytes have no other place for a cut, a word is cut, and beyond twice as many a bracket.
const LONGEST_WAITING: usize = 8 * AHEAD;

/// How a text is rewritten before it is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// A pronunciation list, which is applied first.
    pub replacements: Replacements,
    /// The language whose numbers, abbreviations and signs are rewritten; none by default.
    pub language: Option<Language>,
    /// Whether digits that match no rule are read too. Set for a vocabulary without digits: any
    /// reading is better than what the model would say.
    pub reads_all_digits: bool,
}

impl Rules {
    /// Whether every text stays unchanged.
    pub fn are_empty(&self) -> bool {
        self.language.is_none() && self.replacements.is_empty()
    }

    /// Rewrites a whole text.
    pub fn rewrite(&self, text: &str) -> Expanded {
        self.stages("", "", text).whole
    }

    /// Rewrites a text, given the end of the text before it: as it arrived, and with the pronunciation
    /// list applied.
    fn stages(&self, source_before: &str, middle_before: &str, text: &str) -> Stages {
        let replaced = if self.replacements.is_empty() {
            Expanded::of(text, &[])
        } else {
            expanded(source_before, text, |text, from| {
                self.replacements.find_from(text, from)
            })
        };
        let normalized = match self.language {
            None => Expanded::of(&replaced.text, &[]),
            Some(language) => expanded(middle_before, &replaced.text, |text, from| {
                scan(text, from, language, self.reads_all_digits)
            }),
        };
        Stages {
            whole: Expanded {
                text: normalized.text,
                map: replaced.map.then(&normalized.map),
            },
            replaced,
        }
    }
}

struct Stages {
    /// After the pronunciation list only.
    replaced: Expanded,
    whole: Expanded,
}

/// Applies the expansions found in `text`, with `before` as context.
fn expanded(
    before: &str,
    text: &str,
    find: impl FnOnce(&str, usize) -> Vec<crate::Expansion>,
) -> Expanded {
    if before.is_empty() {
        return Expanded::of(text, &find(text, 0));
    }
    let all = [before, text].concat();
    let mut expansions = find(&all, before.len());
    for expansion in &mut expansions {
        let range = &mut expansion.range;
        *range = range.start - before.len()..range.end - before.len();
    }
    Expanded::of(text, &expansions)
}

/// Rewrites a text that arrives piece by piece, with the same result as at once. It keeps back what
/// the next piece may change: the unfinished sentence, or a few hundred bytes if no sentence ends.
#[derive(Clone, Debug)]
pub struct Rewriter {
    rules: Rules,
    /// Text that has arrived and is not returned yet.
    pending: String,
    /// The end of the returned text, as it arrived and after the pronunciation list.
    source_before: String,
    middle_before: String,
}

/// A piece of the text, rewritten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// The piece as it arrived; all of them together are the whole text.
    pub source: String,
    /// The piece as it is spoken, with its map, which starts at the piece.
    pub expanded: Expanded,
}

impl Rewriter {
    /// With rules.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            pending: String::new(),
            source_before: String::new(),
            middle_before: String::new(),
        }
    }

    /// Takes more of the text and returns what it completes, which may be nothing.
    pub fn push(&mut self, text: &str) -> Rewritten {
        if self.rules.are_empty() && self.pending.is_empty() {
            return Rewritten {
                source: text.to_owned(),
                expanded: Expanded::of(text, &[]),
            };
        }
        // A long piece is processed in parts, so that the time grows linearly with its length.
        let mut all = Rewritten::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(LONGEST_WAITING));
            rest = after;
            self.pending.push_str(piece);
            if self.may_end(piece) {
                all.append(self.take());
            }
        }
        all
    }

    /// The text is over, or pauses: returns what was kept back.
    pub fn finish(&mut self) -> Rewritten {
        let pending = self.pending.len();
        self.take_up_to(|_, _| Some(pending))
    }

    /// Number of bytes that are kept back.
    pub fn kept(&self) -> usize {
        self.pending.len()
    }

    /// Whether the newly arrived piece may complete something.
    fn may_end(&self, piece: &str) -> bool {
        self.pending.len() > 2 * AHEAD
            || piece.contains(char::is_whitespace)
            || self
                .pending
                .trim_end_matches(char::is_alphanumeric)
                .ends_with(char::is_whitespace)
    }

    fn take(&mut self) -> Rewritten {
        let cut = self.sentence_end().or_else(|| {
            let last = self.pending.len().checked_sub(AHEAD)?;
            (self.pending.len() > 2 * AHEAD).then_some(last)
        });
        let Some(last) = cut else {
            return Rewritten::default();
        };
        self.take_up_to(|pending, stages| cut_before(pending, stages, last))
    }

    /// Returns the text before a cut, which `choose` selects by the text and its stages.
    fn take_up_to(&mut self, choose: impl FnOnce(&str, &Stages) -> Option<usize>) -> Rewritten {
        let Self {
            rules,
            source_before,
            middle_before,
            pending,
            ..
        } = self;
        let stages = rules.stages(source_before, middle_before, pending);
        let Some(cut) = choose(pending, &stages).filter(|&cut| cut > 0) else {
            return Rewritten::default();
        };
        let Stages { replaced, whole } = stages;
        let middle_cut = replaced.map.output(cut..cut).start;
        let output_cut = whole.map.output(cut..cut).start;
        keep_tail(source_before, &pending[..cut]);
        keep_tail(middle_before, &replaced.text[..middle_cut]);
        let parts: Vec<ReplacedRange> = (whole.map.parts().iter())
            .take_while(|part| part.source.end <= cut)
            .cloned()
            .collect();
        let mut text = whole.text;
        text.truncate(output_cut);
        let rest = self.pending.split_off(cut);
        Rewritten {
            source: std::mem::replace(&mut self.pending, rest),
            expanded: Expanded {
                text,
                map: ReplacedRanges::new(parts),
            },
        }
    }

    /// The end of the last sentence that later text cannot change; the white space after it belongs
    /// to the rest.
    fn sentence_end(&self) -> Option<usize> {
        let pending = &self.pending;
        let ends = pending.rmatch_indices(char::is_whitespace);
        let is_end = |at: &usize| {
            *at > 0
                && self.is_sentence_end(*at)
                && !self.rules.replacements.may_span(pending, *at)
                && !is_in_marker(pending, *at)
        };
        ends.map(|(at, _)| at).take(64).find(is_end)
    }

    fn is_sentence_end(&self, at: usize) -> bool {
        let (before, behind) = self.pending.split_at(at);
        // No reader crosses the end of a line.
        if behind.starts_with(['\n', '\r']) {
            return true;
        }
        let next = behind.trim_start();
        if !next.starts_with(char::is_uppercase) {
            return false;
        }
        let closed = before.trim_end_matches(['"', '\'', '”', '’', '»', ')']);
        let Some(sentence) = closed.strip_suffix(['.', '!', '?', '…']) else {
            return false;
        };
        let start = sentence.rfind(|c: char| !c.is_alphabetic());
        let word = &sentence[start.map_or(0, |at| sentence.ceil_char_boundary(at + 1))..];
        let is_whole = start.is_some_and(|at| sentence[at..].starts_with([' ', '\n', '\t']));
        // A single letter may be an initial; `Dr.` and `km.` belong to what follows.
        let is_known = |section: &str, key: &str| {
            let table = self.rules.language.map(Language::table);
            table.is_some_and(|table| table.get_folded(section, key).is_some())
        };
        let is_short = word.chars().count() < 3;
        let means_more = is_known("abbreviations", &format!("{word}."))
            || is_known("abbreviations", word)
            || is_known("units", word)
            || is_known("months", word);
        is_whole && !is_short && !means_more && word.chars().any(char::is_lowercase)
    }
}

impl Rewritten {
    fn append(&mut self, next: Self) {
        let Expanded { text, map } = next.expanded;
        let own = &mut self.expanded;
        own.map.append(map.moved(own.text.len(), self.source.len()));
        own.text.push_str(&text);
        self.source.push_str(&next.source);
    }
}

/// The last position at or before `last` that cuts no rewritten part, and preferably no word.
fn cut_before(pending: &str, stages: &Stages, last: usize) -> Option<usize> {
    let Stages { replaced, whole } = stages;
    let cuts_no_part = |at: usize| {
        let parts = whole.map.parts();
        let index = parts.partition_point(|part| part.source.end <= at);
        (parts.get(index)).is_none_or(|part| part.source.start >= at)
    };
    let is_free = |at: usize| {
        // The markers that count are those of the text that the language's rules are applied to.
        let middle = || replaced.map.output(at..at).start;
        cuts_no_part(at) && !is_in_marker(&replaced.text, middle())
    };
    let last = pending.floor_char_boundary(last);
    let tail = pending[last..].chars().next();
    if tail.is_some_and(char::is_whitespace) && is_free(last) {
        return Some(last);
    }
    let spaces = pending[..last].rmatch_indices(char::is_whitespace);
    let found = spaces.map(|(at, _)| at).find(|&at| at > 0 && is_free(at));
    if found.is_some() || pending.len() <= LONGEST_WAITING {
        return found;
    }
    let inside = || (pending[..last].char_indices().rev().map(|(at, _)| at)).filter(|&at| at > 0);
    let found = inside().find(|&at| is_free(at));
    if found.is_some() || pending.len() <= 2 * LONGEST_WAITING {
        return found;
    }
    inside().find(|&at| cuts_no_part(at))
}

/// Appends a text to the remembered context, of which only the end is kept.
fn keep_tail(before: &mut String, text: &str) {
    before.push_str(text);
    let from = before.floor_char_boundary(before.len().saturating_sub(2 * CONTEXT_BYTES));
    before.drain(..from);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(language: Language) -> Rules {
        let list =
            "kyutai = kyoo tie\nnew york = the big apple\nGB = 5 gigabytes\nthe end of it = 7";
        Rules {
            replacements: Replacements::parse(list).unwrap(),
            language: Some(language),
            reads_all_digits: false,
        }
    }

    /// The result for a text in pieces of this many bytes: sources, new text, and the most kept
    /// back.
    fn in_pieces(rules: &Rules, text: &str, piece: usize) -> (Rewritten, usize) {
        let mut rewriter = Rewriter::new(rules.clone());
        let (mut all, mut most, mut rest) = (Rewritten::default(), 0, text);
        while !rest.is_empty() {
            let (next, after) = rest.split_at(rest.ceil_char_boundary(piece));
            rest = after;
            all.append(rewriter.push(next));
            most = most.max(rewriter.kept());
        }
        all.append(rewriter.finish());
        (all, most)
    }

    fn assert_same(rules: &Rules, text: &str, piece: usize) -> Result<(), TestCaseError> {
        let (pieces, _) = in_pieces(rules, text, piece);
        prop_assert_eq!(&pieces.source, text);
        let whole = rules.rewrite(text);
        prop_assert_eq!(&pieces.expanded, &whole, "{}", piece);
        let mut last = (0, 0);
        for part in whole.map.parts() {
            prop_assert!(last.0 <= part.output.start && last.1 <= part.source.start);
            let gaps = (part.output.start - last.0, part.source.start - last.1);
            prop_assert_eq!(gaps.0, gaps.1);
            prop_assert!(!part.source.is_empty());
            let before = &whole.text[last.0..part.output.start];
            prop_assert_eq!(before, &text[last.1..part.source.start]);
            last = (part.output.end, part.source.end);
        }
        prop_assert_eq!(&whole.text[last.0..], &text[last.1..]);
        Ok(())
    }

    fn words() -> impl Strategy<Value = String> {
        let hard = vec![
            "$49.95",
            "8:00",
            "3.14",
            "1024",
            "Dr.",
            "St.",
            "Smith",
            "€3,50",
            "£5m",
            "50",
            "%",
            "20°C",
            "1990s",
            "21st",
            "1/2",
            "5'11\"",
            "3am",
            "No.",
            "5",
            "Henry",
            "VIII.",
            "555-1234",
            "+1",
            "(555)",
            "123-4567",
            "user@example.com",
            "https://example.com/a-b",
            "[pause 1s]",
            "[pause",
            "<break",
            "1s]",
            "e.g.",
            "1",
            "234",
            "3. Mai",
            "Mai",
            "2024",
            "Kyutai",
            "New",
            "York",
            "GB",
            "the end of",
            "it",
            "[pause 500ms]",
            "<pause",
            "]",
            ">",
            "👍",
            "👍🏽",
            "😂😂",
            "z.",
            "B.",
            "5 Mio.",
            "um",
            "am 3.",
            "−5",
            "½",
            "XIV",
            "é\u{301}",
            "٣",
            "\u{202f}",
        ];
        prop_oneof![
            6 => prop::sample::select(hard).prop_map(str::to_owned),
            3 => "[a-zA-Z]{1,9}[.,;:!?]?",
            2 => "[0-9]{1,4}[.,:/'-]?[0-9]{0,3}",
            1 => "[a-zA-Z0-9 .,;:!?\"'()$€%°#&/+-]{0,12}",
            1 => "\\PC{0,6}",
            1 => ".{0,6}",
            1 => "[ \n\r\t\u{a0}\u{2003}]{1,5}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_text_in_pieces_is_the_same_text(
            words in prop::collection::vec(words(), 0..120),
            between in prop::sample::select(vec![" ", " ", " ", "\n", "", ". "]),
            piece in 1..400_usize,
            language in 0..7_usize,
        ) {
            assert_same(&rules(Language::ALL[language]), &words.join(between), piece)?;
        }
    }

    #[test]
    fn a_pause_inside_another_bracket_does_not_close_it() {
        let text = "<break [pause 500ms] \r GB >";
        assert_eq!(
            in_pieces(&rules(Language::English), text, 1)
                .0
                .expanded
                .text,
            "<break [pause 500ms] \r 5 gigabytes >"
        );
    }

    #[test]
    fn a_long_text_in_pieces_is_the_same_text_and_little_of_it_is_kept() {
        let cases = [
            "It cost $49.95 at 8:00, Dr. Smith said on March 5, 2024. And so on. ".repeat(200),
            "and so it goes 1 234 567 on and on ".repeat(300),
            "1".repeat(10_000),
            "1,234,".repeat(3000),
            "1 234 567 ".repeat(2000),
            "語".repeat(10_000),
            "👍".repeat(5000),
            "$".repeat(10_000),
            "new ".repeat(5000),
            "12:30 ".repeat(3000),
            "a1b2".repeat(5000),
            "Dr. ".repeat(5000),
            "+1 555 ".repeat(3000),
            "\n".repeat(10_000),
            "[".repeat(10_000),
            "[ ".repeat(5000),
            "<p".repeat(5000),
            "[pause 1".repeat(3000),
            "word [pause 1s] ".repeat(1000),
        ];
        for text in cases {
            for language in [Language::English, Language::German] {
                for piece in [7, 700, 20_000] {
                    let rules = rules(language);
                    let (pieces, most) = in_pieces(&rules, &text, piece);
                    let start: String = text.chars().take(20).collect();
                    assert_eq!(pieces.source, text, "{start}");
                    assert!(most < 3 * LONGEST_WAITING, "{start}: keeps {most}");
                    let whole = rules.rewrite(&text);
                    assert_eq!(pieces.expanded, whole, "{start}, {piece}");
                }
            }
        }
    }

    #[test]
    fn brackets_that_overlap_are_cut_before_they_take_time() {
        let text = "[pause <pause ] [pause > <pause ] [pause > ".repeat(1000);
        let (pieces, most) = in_pieces(&rules(Language::English), &text, 700);
        assert_eq!(pieces.source, text);
        assert_eq!(pieces.expanded.text, text);
        assert!(most < 3 * LONGEST_WAITING, "keeps {most}");
    }

    /// For vocabularies without digits, any reading is better than none.
    #[test]
    fn all_digits_are_read_where_that_is_asked_for() {
        let rules = Rules {
            language: Some(Language::German),
            reads_all_digits: true,
            ..Rules::default()
        };
        let cases = [
            ("Version 1.2.3", "Version eins zwei drei"),
            ("12/11/10", "zwölf elf zehn"),
            ("3-5 Tage", "drei fünf Tage"),
            ("iPhone15 und A4", "iPhone fünfzehn und A vier"),
            ("Nr. 12a", "Nummer zwölf a"),
            ("[pause 500ms] 5", "[pause 500ms] fünf"),
            ("1e309", "eins e dreihundertneun"),
            ("007a", "null null sieben a"),
        ];
        for (text, expected) in cases {
            assert_eq!(rules.rewrite(text).text, expected, "{text}");
        }
        let digits = rules.rewrite(&"7".repeat(10_000)).text;
        assert!(!digits.contains('7'));
        assert_eq!(digits.split_whitespace().count(), 10_000);
    }

    #[test]
    fn a_sentence_comes_as_soon_as_the_next_begins() {
        let mut rewriter = Rewriter::new(rules(Language::English));
        assert_eq!(rewriter.push("It costs $5 there. ").expanded.text, "");
        let done = rewriter.push("It ");
        assert_eq!(done.expanded.text, "It costs five dollars there.");
        assert_eq!(done.source, "It costs $5 there.");
        assert_eq!(rewriter.push("is 1").expanded.text, "");
        assert_eq!(rewriter.push("6:30 in New").expanded.text, "");
        assert_eq!(
            rewriter.finish().expanded.text,
            " It is sixteen thirty in New"
        );
    }
}
