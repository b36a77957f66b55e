//! Where sentences end in a text that has not come to its end, as far as that can be told by signs.
//!
//! Upstream's own boundaries follow from tokens, and take every full stop for one. Here it is decided
//! what is spoken on its own because nothing more comes for now: a name that its title is cut off
//! from would sound wrong, so what may be an abbreviation ends no sentence.

use super::python::is_space;

/// Signs that end a sentence.
const MARKS: &str = ".!?…";

/// Signs that belong to the sentence whose end they follow.
const CLOSERS: &str = "\"'”’»›)]}*_";

/// Abbreviations before a name or a number, which end with a full stop: in any of the languages that
/// there are models of.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "mt", "ft", "gen", "col", "capt", "lt",
    "sgt", "rev", "hon", "gov", "sen", "rep", "no", "vs", "fig", "vol", "ch", "pp", "approx",
    "inc", "mme", "mlle", "mm", "me", "mgr", "env", "hr", "fr", "frl", "nr", "bzw", "ca", "evtl",
    "ggf", "vgl", "str", "dipl", "ing", "hl", "sra", "srta", "dra", "lic", "av", "ud", "uds",
    "núm", "sig", "dott", "ing", "avv", "geom", "eng", "exmo", "exma", "dhr", "mevr", "mw", "drs",
    "ir", "blz", "bv",
];

/// The end of the last sentence in `text` that is surely complete, with the white space after it.
/// `is_quiet`: nothing has come for a while, so the end of `text` may also end a sentence, or a
/// line.
pub(super) fn last_end(text: &str, is_quiet: bool) -> Option<usize> {
    let content = text.trim_end_matches(is_space);
    if is_quiet && !content.is_empty() {
        let ends_line = text[content.len()..].contains(['\n', '\r']);
        if ends_line || content.ends_with(']') || ends_sentence(content) {
            return Some(text.len());
        }
    }
    // Before each run of white space.
    let mut end = content.len();
    loop {
        let before = content[..end].trim_end_matches(|c| !is_space(c));
        let start = before.len();
        let before = before.trim_end_matches(is_space);
        if before.is_empty() {
            return None;
        }
        let space = &content[before.len()..start];
        let breaks = space.matches('\n').count().max(space.matches('\r').count());
        let next = content[start..].trim_start_matches(|c: char| !c.is_alphanumeric());
        let is_new = next.chars().next().is_some_and(|c| !c.is_lowercase())
            || content[start..].starts_with('[');
        if breaks > 1 || (is_new && ends_sentence(before)) {
            return Some(start);
        }
        end = before.len();
    }
}

/// Whether a sentence may be over at the end of `text`, which is no white space.
fn ends_sentence(text: &str) -> bool {
    let open = text.trim_end_matches(|c| CLOSERS.contains(c));
    let Some(mark) = open.chars().next_back().filter(|&c| MARKS.contains(c)) else {
        return false;
    };
    if mark != '.' {
        return true;
    }
    let before = open.trim_end_matches('.');
    if before.len() + 1 < open.len() {
        return true;
    }
    let start = before.rfind(|c: char| !c.is_alphanumeric());
    let start = start.map_or(0, |at| before.ceil_char_boundary(at + 1));
    let word = &before[start..];
    // `J. S. Bach`, `z. B.`, `e.g.`, and the numbers of lists and of days, but not `$5` or `3.14`.
    let is_alone = before[..start].chars().next_back().is_none_or(is_space);
    let is_number = word.chars().all(char::is_numeric);
    let is_number = is_number && is_alone && word.len() < 3;
    let is_short = word.chars().nth(1).is_none() && !word.chars().all(char::is_numeric);
    let is_known = || ABBREVIATIONS.contains(&word.to_lowercase().as_str());
    !(is_short || is_number || is_known())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_that_are_over_are_told_from_what_looks_like_it() {
        let cases = [
            ("", "", ""),
            ("Hello", "", ""),
            ("Hello.", "", "Hello."),
            ("Hello. ", "", "Hello. "),
            ("Hello. H", "Hello. ", "Hello. "),
            ("Hello! \"H", "Hello! ", "Hello! "),
            (
                "He said \"Hello.\" Then",
                "He said \"Hello.\" ",
                "He said \"Hello.\" ",
            ),
            ("One. Two? Thr", "One. Two? ", "One. Two? "),
            ("Yes, e.g. this", "", ""),
            ("Dr. Smith", "", ""),
            ("Hello, Dr.", "", ""),
            ("J. S. Bach", "", ""),
            ("am 3. Mai", "", ""),
            ("It costs 3.", "", ""),
            ("It costs $3. And", "It costs $3. ", "It costs $3. "),
            ("In 2024. And", "In 2024. ", "In 2024. "),
            ("It is 3.14. And", "It is 3.14. ", "It is 3.14. "),
            ("It costs 3.5", "", ""),
            ("Wait... Now", "Wait... ", "Wait... "),
            ("Wait...", "", "Wait..."),
            ("so. and", "", ""),
            ("A title\n\nA text", "A title\n\n", "A title\n\n"),
            (
                "A title\r\n\r\nA text",
                "A title\r\n\r\n",
                "A title\r\n\r\n",
            ),
            ("a line\n", "", "a line\n"),
            ("a line\nanother", "", ""),
            ("Is it? [pause 1", "Is it? ", "Is it? "),
            ("Is it? [pause 1s]", "Is it? ", "Is it? [pause 1s]"),
            ("  \n\n ", "", ""),
        ];
        for (text, soon, quiet) in cases {
            for (is_quiet, expected) in [(false, soon), (true, quiet)] {
                let end = last_end(text, is_quiet).unwrap_or(0);
                assert_eq!(&text[..end], expected, "{text:?} {is_quiet}");
            }
        }
    }
}
