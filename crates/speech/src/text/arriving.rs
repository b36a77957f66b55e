//! A text that arrives in pieces, at any time: which part of it is handed on, and when it is no longer
//! waited for more.
//!
//! Upstream groups sentences: as many as fit into so many tokens are spoken in one go. A sentence
//! that the next may still join has to wait for it. While the text comes fast, as from a file, it is
//! waited for, and the groups are those of the whole text. Once the utterance has
//! waited for [`SENTENCE_PATIENCE`] with a whole sentence at hand, that is spoken; if nothing comes for
//! longer ([`USUAL_SILENCE`] unless the host chooses another time), an unfinished one is spoken too.

use std::collections::VecDeque;
use std::time::Duration;

use super::pause::LONGEST_MARKER;
use super::sentence::last_end;

/// How long to wait for more of the text while whole sentences could be spoken.
pub const SENTENCE_PATIENCE: Duration = Duration::from_millis(200);

/// How long the source may send nothing before an unfinished sentence is spoken, unless the host
/// chooses another time.
pub const USUAL_SILENCE: Duration = Duration::from_secs(1);

/// At most this many bytes are held back while no sentence ends.
const LONGEST_HELD: usize = 4096;

/// Bytes that are handed on at once.
const HANDED_ON_BYTES: usize = 2048;

/// A source should pause while more bytes than this are queued, best until half of them are left.
pub const MOST_WAITING: usize = 1 << 16;

/// What happens next with a text that arrives in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// More of it.
    Text(String),
    /// Nothing: speak what has been handed on, as if the text were over.
    Flush,
    /// Nothing for now. Ask again when there is more, or after that long at the latest.
    Nothing(Option<Duration>),
    /// The text is over.
    Over,
}

/// What a speaker has of a text when it asks for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Whether it has some that it could speak.
    pub has_text: bool,
    /// Chunks of the text so far.
    pub chunks: usize,
}

/// A text that arrives in pieces. It has no clock: the host says what time it is, by any clock that
/// begins with the text.
#[derive(Debug)]
pub struct ArrivingText {
    silence: Option<Duration>,
    patience: Duration,
    /// What has not been handed on, cut at each flush.
    waiting: VecDeque<String>,
    /// Bytes of the first of them that have been handed on.
    given: usize,
    /// Bytes that have not.
    bytes: usize,
    is_closed: bool,
    /// Whether anything was handed on since the last flush.
    has_given: bool,
    /// When text last arrived, or when a full buffer got room again.
    last: Duration,
    /// When the speaker began to wait, if it does.
    asked: Option<Duration>,
    /// How long it has waited for the chunk of this number.
    waited: (usize, Duration),
    was_full: bool,
}

impl ArrivingText {
    /// If nothing comes for as long as `silence`, an unfinished sentence is spoken too. Without
    /// `silence`, it waits for the next piece, [`ArrivingText::flush`] or [`ArrivingText::close`].
    pub fn new(silence: Option<Duration>) -> Self {
        Self {
            silence,
            patience: silence.map_or(SENTENCE_PATIENCE, |silence| silence.min(SENTENCE_PATIENCE)),
            waiting: VecDeque::from([String::new()]),
            given: 0,
            bytes: 0,
            is_closed: false,
            has_given: false,
            last: Duration::ZERO,
            asked: None,
            waited: (0, Duration::ZERO),
            was_full: false,
        }
    }

    /// Takes the next piece, of any length.
    pub fn push(&mut self, text: &str, now: Duration) {
        self.bytes += text.len();
        self.was_full |= self.is_full();
        if !text.is_empty() {
            self.last = now;
        }
        match self.waiting.back_mut() {
            Some(last) => last.push_str(text),
            None => self.waiting.push_back(text.to_owned()),
        }
    }

    /// Makes the utterance speak all that has come, without waiting for more.
    pub fn flush(&mut self) {
        self.waiting.push_back(String::new());
    }

    /// Ends the text: nothing more will come.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    /// Ends the text after its last whole sentence, because its source failed.
    pub fn break_off(&mut self) {
        self.close();
        let given = if self.waiting.len() == 1 {
            self.given
        } else {
            0
        };
        if let Some(last) = self.waiting.back_mut() {
            let end = given + last_end(&last[given..], true).unwrap_or(0);
            self.bytes -= last.len() - end;
            last.truncate(end);
        }
    }

    /// Bytes that have come and were not handed on.
    pub fn waiting(&self) -> usize {
        self.bytes
    }

    /// Whether so much waits that the source should stop for now.
    pub fn is_full(&self) -> bool {
        self.bytes >= MOST_WAITING
    }

    /// What comes next for a speaker that is at `asking`.
    pub fn next(&mut self, asking: Asking, now: Duration) -> Arrived {
        let asked = self.asked.take();
        if self.waited.0 != asking.chunks || !asking.has_text {
            self.waited = (asking.chunks, Duration::ZERO);
        } else if let Some(asked) = asked {
            self.waited.1 += now.saturating_sub(asked);
        }
        if self.was_full && self.bytes < MOST_WAITING / 2 {
            // Until now the source had no room.
            (self.was_full, self.last) = (false, now);
        }
        let quiet = now.saturating_sub(self.last);
        if let Some(text) = self.text(quiet) {
            self.has_given = true;
            return Arrived::Text(text);
        }
        if self.waiting.len() > 1 {
            self.waiting.pop_front();
            self.given = 0;
            return self.flushed();
        }
        if self.is_closed {
            return Arrived::Over;
        }
        let can_speak = asking.has_text && self.has_given;
        let patience = self.patience;
        if can_speak && (self.waited.1 >= patience || quiet >= patience) {
            return self.flushed();
        }
        self.asked = Some(now);
        let has_more = self.bytes > 0;
        let waits = [
            Some(patience.saturating_sub(self.waited.1)).filter(|_| can_speak),
            Some(patience.saturating_sub(quiet)).filter(|_| can_speak || has_more),
            (self.silence.filter(|_| has_more)).map(|silence| silence.saturating_sub(quiet)),
        ];
        let waits = waits.into_iter().flatten().filter(|wait| !wait.is_zero());
        Arrived::Nothing(waits.min())
    }

    fn flushed(&mut self) -> Arrived {
        self.has_given = false;
        self.waited.1 = Duration::ZERO;
        Arrived::Flush
    }

    /// What can be handed on after the source has been quiet for so long: whole sentences, unless
    /// more is asked for or nothing more comes.
    fn text(&mut self, quiet: Duration) -> Option<String> {
        let is_all = self.waiting.len() > 1 || self.is_closed;
        let first = self.waiting.front_mut()?;
        let text = &first[self.given..];
        let is_silent = self.silence.is_some_and(|silence| quiet >= silence);
        let end = if is_all {
            text.len()
        } else if is_silent {
            // A marker of a pause is no text, however slowly it comes.
            let open = text
                .rfind('[')
                .filter(|&at| text.len() - at < LONGEST_MARKER && !text[at..].contains(']'));
            open.unwrap_or(text.len())
        } else {
            let found = last_end(text, quiet >= self.patience).unwrap_or(0);
            if text.len() - found > LONGEST_HELD {
                text.len() - LONGEST_HELD / 2
            } else {
                found
            }
        };
        let end = text.floor_char_boundary(end.min(HANDED_ON_BYTES));
        if end == 0 {
            return None;
        }
        let piece = text[..end].to_owned();
        self.bytes -= end;
        self.given += end;
        if self.given > first.len() / 2 {
            first.drain(..self.given);
            self.given = 0;
        }
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH_TEXT: Asking = Asking {
        has_text: true,
        chunks: 0,
    };

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn text(text: &str) -> Arrived {
        Arrived::Text(text.to_owned())
    }

    fn nothing(milliseconds: u64) -> Arrived {
        Arrived::Nothing(Some(ms(milliseconds)))
    }

    #[test]
    fn a_sentence_waits_for_others_but_not_for_long() {
        let mut arriving = ArrivingText::new(Some(USUAL_SILENCE));
        let nobody = Asking::default();
        assert_eq!(arriving.next(nobody, ms(0)), Arrived::Nothing(None));
        arriving.push("Hello", ms(100));
        assert_eq!(arriving.next(nobody, ms(100)), nothing(200));
        arriving.push(". How ", ms(150));
        arriving.push("are", ms(170));
        assert_eq!(arriving.next(nobody, ms(180)), text("Hello. "));
        assert_eq!(arriving.next(WITH_TEXT, ms(180)), nothing(190));
        // However fast more of the next one comes.
        for at in [200, 250, 300, 350] {
            arriving.push(" you", ms(at));
            let Arrived::Nothing(Some(wait)) = arriving.next(WITH_TEXT, ms(at)) else {
                panic!("{at}")
            };
            assert_eq!(wait, ms(380 - at));
        }
        assert_eq!(arriving.next(WITH_TEXT, ms(380)), Arrived::Flush);
        // A sentence that has a mark at its end after a short while, any other after a silence.
        assert_eq!(arriving.next(nobody, ms(380)), nothing(170));
        assert_eq!(arriving.next(nobody, ms(550)), nothing(800));
        arriving.push("?", ms(600));
        assert_eq!(arriving.next(nobody, ms(600)), nothing(200));
        let rest = " you".repeat(4);
        assert_eq!(
            arriving.next(nobody, ms(800)),
            text(&format!("How are{rest}?"))
        );
        assert_eq!(arriving.next(WITH_TEXT, ms(800)), Arrived::Flush);
        arriving.push(" I am fine and [pause 1", ms(900));
        assert_eq!(arriving.next(nobody, ms(1899)), nothing(1));
        assert_eq!(arriving.next(nobody, ms(1900)), text(" I am fine and "));
        assert_eq!(arriving.next(WITH_TEXT, ms(1900)), Arrived::Flush);
        assert_eq!(arriving.next(nobody, ms(1900)), Arrived::Nothing(None));
        arriving.push("s]", ms(9000));
        arriving.close();
        assert_eq!(arriving.next(nobody, ms(9000)), text("[pause 1s]"));
        assert_eq!(arriving.next(nobody, ms(9000)), Arrived::Over);
        assert_eq!(arriving.waiting(), 0);
    }

    #[test]
    fn a_flush_speaks_what_came_before_it() {
        let mut arriving = ArrivingText::new(None);
        arriving.push("one ", ms(0));
        arriving.flush();
        arriving.push("two", ms(0));
        let asking = Asking::default();
        assert_eq!(arriving.next(asking, ms(0)), text("one "));
        assert_eq!(arriving.next(WITH_TEXT, ms(0)), Arrived::Flush);
        // Without a silence, an unfinished sentence waits for its end.
        assert_eq!(arriving.next(asking, ms(0)), nothing(200));
        assert_eq!(arriving.next(asking, ms(90_000)), Arrived::Nothing(None));
        arriving.close();
        assert_eq!(arriving.next(asking, ms(90_000)), text("two"));
        assert_eq!(arriving.next(asking, ms(90_000)), Arrived::Over);
    }

    #[test]
    fn a_text_that_breaks_off_ends_with_a_sentence() {
        for (before, rest, expected) in [
            ("", "One. Two. Thr", "One. Two. "),
            ("", "One. Two. ", "One. Two. "),
            ("One. Two", ". Three", "Two. "),
            ("", "one\ncaf", ""),
        ] {
            let mut arriving = ArrivingText::new(None);
            arriving.push(before, ms(0));
            arriving.next(Asking::default(), ms(0));
            arriving.push(rest, ms(0));
            arriving.break_off();
            let mut all = String::new();
            while let Arrived::Text(text) = arriving.next(Asking::default(), ms(0)) {
                all += &text;
            }
            assert_eq!(all, expected);
            assert_eq!(arriving.waiting(), 0);
            assert_eq!(arriving.next(Asking::default(), ms(0)), Arrived::Over);
        }
    }

    /// Time in which the speaker works, or in which the source has no room, is no silence.
    #[test]
    fn only_waiting_counts() {
        let mut arriving = ArrivingText::new(Some(USUAL_SILENCE));
        let mut is_full = false;
        for chunks in 0..1000 {
            // A source that is stopped while there is much, and has all at once.
            let now = ms(chunks as u64 * 5000);
            is_full &= arriving.waiting() > MOST_WAITING / 2;
            while !is_full {
                arriving.push(&"A sentence of it. ".repeat(50), now);
                is_full = arriving.is_full();
            }
            let asking = Asking {
                has_text: true,
                chunks,
            };
            let next = arriving.next(asking, now + ms(1));
            assert!(matches!(next, Arrived::Text(_)), "{chunks}: {next:?}");
        }
        // One that has everything at once but for short waits.
        let mut arriving = ArrivingText::new(Some(USUAL_SILENCE));
        for chunks in 0..1000 {
            let now = ms(chunks as u64 * 5000);
            let asking = Asking {
                has_text: true,
                chunks,
            };
            for at in [now, now + ms(150)] {
                arriving.push("A sentence of it. It", at);
                let next = arriving.next(asking, at);
                assert!(matches!(next, Arrived::Text(_)), "{chunks}: {next:?}");
                let next = arriving.next(asking, at);
                assert!(matches!(next, Arrived::Nothing(_)), "{chunks}: {next:?}");
            }
        }
    }

    #[test]
    fn what_never_ends_is_handed_on() {
        let mut arriving = ArrivingText::new(Some(USUAL_SILENCE));
        let (mut given, mut most) = (0, 0);
        for at in 0..5000 {
            arriving.push("and so it goes on and on ", ms(at));
            while let Arrived::Text(text) = arriving.next(WITH_TEXT, ms(at)) {
                given += text.len();
            }
            most = most.max(arriving.waiting());
        }
        assert!(
            given > 100_000 && most < 2 * LONGEST_HELD,
            "{given}, {most}"
        );
    }
}
