//! Spoken pauses: `[pause 500ms]` and `[pause 1.2s]`. They are ours; pocket-tts has none.

use super::TextError;
use super::map::Mapped;

/// Longest pause, in seconds.
pub const LONGEST_PAUSE: f64 = 60.0;

/// Longest marker, in bytes: an open bracket that is followed by more is text.
pub(super) const LONGEST_MARKER: usize = 128;

/// Most near misses that are kept: a few are enough to tell what is wrong.
const MOST_NEAR_MISSES: usize = 3;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TextOrPause {
    /// To be spoken.
    Text(Mapped),
    /// Silence of that many seconds.
    Pause(f64),
}

/// Tells pauses from what is to be spoken, in a text that comes piece by piece. Brackets that hold
/// no pause are text. No bracket is followed for more than [`LONGEST_MARKER`] bytes, so this takes
/// linear time.
#[derive(Default)]
pub(super) struct Markers {
    /// A bracket that is open at the end of what has come, and what follows it.
    open: Mapped,
    near_misses: Vec<String>,
}

/// What a bracket begins.
enum Bracket {
    /// Nothing but text.
    Text,
    /// The text ends before that can be told.
    Unfinished,
    /// A marker of so many bytes, and its seconds.
    Pause(usize, f64),
    /// So many bytes that look like a marker and are text.
    NearMiss(usize),
}

impl Markers {
    /// Takes more of the text. Refuses a pause longer than [`LONGEST_PAUSE`].
    pub(super) fn push(
        &mut self,
        text: &Mapped,
        emit: &mut dyn FnMut(TextOrPause),
    ) -> Result<(), TextError> {
        self.open = if self.open.is_empty() {
            self.read(text, false, emit)?
        } else {
            let mut open = std::mem::take(&mut self.open);
            open.append(text);
            self.read(&open, false, emit)?
        };
        Ok(())
    }

    /// The text is over.
    pub(super) fn finish(&mut self, emit: &mut dyn FnMut(TextOrPause)) -> Result<(), TextError> {
        let open = std::mem::take(&mut self.open);
        self.read(&open, true, emit)?;
        Ok(())
    }

    /// What looks like a marker and is spoken as words; the first few.
    pub(super) fn near_misses(&self) -> &[String] {
        &self.near_misses
    }

    /// Reads up to a bracket that is still open, which it returns with what follows.
    fn read(
        &mut self,
        mapped: &Mapped,
        is_last: bool,
        emit: &mut dyn FnMut(TextOrPause),
    ) -> Result<Mapped, TextError> {
        let text = mapped.as_str();
        let say = |range: std::ops::Range<usize>, emit: &mut dyn FnMut(TextOrPause)| {
            if !range.is_empty() {
                emit(TextOrPause::Text(mapped.slice(range)));
            }
        };
        // Where the text begins that has not been handed on, and where to look for brackets.
        let (mut said, mut at) = (0, 0);
        let is_bracket = |byte: &u8| matches!(byte, b'[' | b'<' | b'(');
        while let Some(found) = text.as_bytes()[at..].iter().position(is_bracket) {
            let open = at + found;
            let from = &text[open..];
            at = open + 1;
            match bracket(from, is_last) {
                Bracket::Text => {}
                Bracket::Unfinished => {
                    say(said..open, emit);
                    return Ok(mapped.slice(open..text.len()));
                }
                Bracket::NearMiss(length) => {
                    if self.near_misses.len() < MOST_NEAR_MISSES {
                        self.near_misses.push(from[..length].to_owned());
                    }
                }
                Bracket::Pause(length, seconds) => {
                    say(said..open, emit);
                    if seconds > LONGEST_PAUSE {
                        return Err(TextError::Pause {
                            marker: from[..length].to_owned(),
                        });
                    }
                    at = open + length;
                    said = at;
                    emit(TextOrPause::Pause(seconds));
                }
            }
        }
        say(said..text.len(), emit);
        Ok(Mapped::default())
    }
}

/// What the bracket begins that `text` begins with.
fn bracket(text: &str, is_last: bool) -> Bracket {
    let (open, close) = match text.as_bytes()[0] {
        b'<' => (b'<', b'>'),
        b'(' => (b'(', b')'),
        _ => (b'[', b']'),
    };
    let begins = text[1..].trim_start().bytes().next();
    if begins.is_some_and(|byte| !matches!(byte.to_ascii_lowercase(), b'p' | b'b' | b's')) {
        return Bracket::Text;
    }
    let bytes = text.as_bytes().iter().take(LONGEST_MARKER).skip(1);
    let Some(length) = bytes
        .clone()
        .position(|&byte| byte == open || byte == close)
    else {
        let is_short = text.len() < LONGEST_MARKER;
        return if is_short && !is_last {
            Bracket::Unfinished
        } else {
            unclosed(text)
        };
    };
    let inside = &text[1..=length];
    if text.as_bytes()[1 + length] == open {
        return unclosed(&text[..=length]);
    }
    let length = length + 2;
    match (open, seconds(inside)) {
        (b'[', Some(seconds)) => Bracket::Pause(length, seconds),
        (b'(', Some(_)) => Bracket::NearMiss(length),
        (b'(', None) => Bracket::Text,
        _ if is_near_miss(inside, open == b'<') => Bracket::NearMiss(length),
        _ => Bracket::Text,
    }
}

/// What a bracket begins that nothing closes: `[pause 1s` at most.
fn unclosed(text: &str) -> Bracket {
    let ends = text
        .char_indices()
        .skip(1)
        .filter(|(_, c)| c.is_whitespace());
    let ends = ends.map(|(at, _)| at).chain([text.len()]);
    // The word, the number, the unit, and a space at the beginning.
    let found = ends.take(4).find(|&end| seconds(&text[1..end]).is_some());
    found.map_or(Bracket::Text, Bracket::NearMiss)
}

/// The length of a pause, from what is between the brackets: `pause 500ms`, and what people
/// write for it, such as `Pause: 1,5 sec`.
fn seconds(inside: &str) -> Option<f64> {
    let inside = inside.trim();
    let word = inside.get(..5)?;
    if !word.eq_ignore_ascii_case("pause") {
        return None;
    }
    let is_sign = |c: char| c.is_whitespace() || ":=\"'".contains(c);
    let length = inside[5..].trim_matches(is_sign).to_ascii_lowercase();
    let end = length.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))?;
    let (number, unit) = length.split_at(end);
    let unit = match unit.trim_start() {
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        _ => return None,
    };
    // 1,500ms may mean fifteen hundred or one and a half milliseconds.
    let thousands = number
        .rsplit_once(',')
        .is_some_and(|(_, part)| part.len() == 3);
    if thousands {
        return None;
    }
    Some(decimal(&number.replace(',', "."))? * unit)
}

/// Digits of a decimal number that count: more than the length of any pause needs, and so few that a
/// number of them is exact.
const EXACT_DIGITS: usize = 15;
/// Powers of ten up to this one are exact.
const EXACT_POWER: usize = 22;

/// The value of digits with at most one point, as `str::parse` gives it for up to [`EXACT_DIGITS`] of them.
/// That function has tables of 10 kB, which a page would load for this alone.
fn decimal(number: &str) -> Option<f64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let mut digits = whole.bytes().chain(part.bytes()).peekable();
    digits.peek()?;
    let (mut value, mut count, mut places) = (0.0, 0, 0);
    for (at, digit) in digits.enumerate() {
        if !digit.is_ascii_digit() {
            return None;
        }
        let is_whole = at < whole.len();
        // What follows them changes nothing that is heard.
        let counts = is_whole || (count < EXACT_DIGITS && places < EXACT_POWER);
        if counts {
            value = value * 10.0 + f64::from(digit - b'0');
            count += usize::from(value > 0.0);
            places += usize::from(!is_whole);
        }
    }
    let divisor = (0..places).fold(1.0, |power, _| power * 10.0);
    Some(value / divisor)
}

/// Whether brackets hold what somebody may have meant for a pause, `<break time="1s"/>` included.
fn is_near_miss(inside: &str, angle: bool) -> bool {
    let inside = inside.trim().to_ascii_lowercase();
    let follows = |word| {
        inside
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
    };
    let has_digit = inside.contains(|c: char| c.is_ascii_digit());
    let is_misspelt = has_digit
        && ["paus", "pauz", "puas"]
            .iter()
            .any(|it| inside.starts_with(it));
    follows("pause")
        || is_misspelt
        || ((angle || has_digit) && (follows("break") || follows("silence")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text holds, whether it comes at once or byte by byte.
    fn read(text: &str) -> (Result<Vec<String>, TextError>, Vec<String>) {
        let read = |pieces: Vec<&str>| {
            let (mut markers, mut heard) = (Markers::default(), vec![String::new()]);
            let mut emit = |piece: TextOrPause| match piece {
                TextOrPause::Text(text) => heard.last_mut().unwrap().push_str(text.as_str()),
                TextOrPause::Pause(seconds) => heard.extend([format!("{seconds}"), String::new()]),
            };
            let done = (pieces.into_iter())
                .try_for_each(|piece| markers.push(&Mapped::at(piece, 0), &mut emit))
                .and_then(|()| markers.finish(&mut emit));
            heard.retain(|piece| !piece.is_empty());
            (done.map(|()| heard), markers.near_misses().to_vec())
        };
        let whole = read(vec![text]);
        let pieces = read(text.split_inclusive(|_| true).collect());
        assert_eq!(whole, pieces, "{text:?}");
        whole
    }

    #[test]
    fn decimals_are_those_of_the_standard_library() {
        let numbers = (0..2000_u64).flat_map(|i| {
            // Spread over all lengths.
            let digits =
                (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 14) % 10_u64.pow(1 + (i % 15) as u32);
            let text = digits.to_string();
            let at = i as usize % (text.len() + 1);
            [
                format!("{}.{}", &text[..at], &text[at..]),
                format!("000{text}.000"),
                format!("0.000000{text}"),
                text,
            ]
        });
        for number in numbers {
            assert_eq!(decimal(&number), number.parse().ok(), "{number}");
        }
        for (number, expected) in [
            ("", None),
            (".", None),
            ("1.2.3", None),
            ("5.", Some(5.0)),
            (".5", Some(0.5)),
            ("0.0000000000000000000000000000001", Some(0.0)),
        ] {
            assert_eq!(decimal(number), expected, "{number}");
        }
        let long = decimal("0.1234567890123456789").unwrap();
        assert!((long - 0.123_456_789_012_345_67).abs() < 1e-15);
    }

    #[test]
    fn pauses_are_told_from_text() {
        let cases: [(&str, &[&str]); 16] = [
            ("Hello.", &["Hello."]),
            ("a [pause 500ms] b", &["a ", "0.5", " b"]),
            ("a[PAUSE 1.2 s]b", &["a", "1.2", "b"]),
            ("[pause 1s]", &["1"]),
            ("[pause 0s]", &["0"]),
            ("[[pause 1s]]", &["[", "1", "]"]),
            ("[pause 1s][pause .5s]", &["1", "0.5"]),
            ("[pause [pause 2s]", &["[pause ", "2"]),
            ("[laughs] [", &["[laughs] ["]),
            ("[é", &["[é"]),
            ("a < b, [c > d]", &["a < b, [c > d]"]),
            ("[breakfast at 9]", &["[breakfast at 9]"]),
            ("(pause for 2 seconds)", &["(pause for 2 seconds)"]),
            ("f(p) < (b", &["f(p) < (b"]),
            ("[silence]", &["[silence]"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(read(text), (Ok(expected), Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn near_misses_of_the_pause_marker_are_understood() {
        let markers = [
            "[pause:500ms]",
            "[pause: 500 ms]",
            "[pause=500ms]",
            "[pause=\"500ms\"]",
            "[ pause 500 ms ]",
            "[Pause 0,5s]",
            "[pause 0,5 sec]",
            "[PAUSE .5 S]",
            "[pause500ms]",
            "[pause 500 milliseconds]",
            "[pause\n0.5\u{a0}seconds]",
        ];
        for marker in markers {
            assert_eq!(
                read(marker),
                (Ok(vec!["0.5".to_owned()]), vec![]),
                "{marker}"
            );
        }
    }

    #[test]
    fn near_misses_that_cannot_be_understood_are_noted() {
        let markers = [
            "[pause]",
            "[pause fast]",
            "[pause 500]",
            "[pause -1s]",
            "[pause 1e3s]",
            "[pause 1.2.3s]",
            "[pause 1,500ms]",
            "[pause 1 min]",
            "[break 1s]",
            "[silence 500ms]",
            "<break time=\"500ms\"/>",
            "<break/>",
            "<pause 1s>",
            "(pause 1s)",
            "[paus 1s]",
            "[pauses 1s]",
            "[pausé 1s]",
        ];
        for marker in markers {
            let text = format!("a {marker} b");
            assert_eq!(
                read(&text),
                (Ok(vec![text.clone()]), vec![marker.to_owned()])
            );
        }
        assert_eq!(read(&"[pause]".repeat(10)).1.len(), MOST_NEAR_MISSES);
    }

    #[test]
    fn a_marker_that_nothing_closes_is_noted() {
        for marker in ["[pause 1s", "[pause 500 ms", "(pause 1s"] {
            for rest in ["", " and on.", &format!(" {}", "word ".repeat(100))] {
                let text = format!("a {marker}{rest}");
                assert_eq!(
                    read(&text),
                    (Ok(vec![text.clone()]), vec![marker.to_owned()])
                );
            }
        }
        let nested = "[pause 1s [pause 2s] b";
        let heard = ["[pause 1s ", "2", " b"].map(str::to_owned).to_vec();
        assert_eq!(read(nested), (Ok(heard), vec!["[pause 1s".to_owned()]));
    }

    #[test]
    fn a_pause_that_nobody_means_is_refused() {
        let marker = "[pause 61s]".to_owned();
        assert_eq!(read("a [pause 61s]").0, Err(TextError::Pause { marker }));
    }

    /// The structure that makes it linear: no bracket waits for more than a marker's length.
    #[test]
    fn no_bracket_is_followed_to_the_end_of_the_text() {
        for text in ["[", "<", "[pause ", "[ "] {
            let mut markers = Markers::default();
            for _ in 0..1000 {
                markers.push(&Mapped::at(text, 0), &mut |_| {}).unwrap();
                assert!(markers.open.len() < LONGEST_MARKER + text.len(), "{text:?}");
            }
        }
        let mut markers = Markers::default();
        for _ in 0..1000 {
            markers
                .push(&Mapped::at("[a b c d e f g ", 0), &mut |_| {})
                .unwrap();
            markers
                .push(&Mapped::at(&" ".repeat(100), 0), &mut |_| {})
                .unwrap();
            assert!(markers.open.len() < LONGEST_MARKER);
        }
    }
}
