//! The passages of a text: what is between its pauses.

use std::collections::VecDeque;

use super::map::Mapped;
use super::pause::TextOrPause;
use super::python::is_space;

/// Bytes that are read ahead to see whether signs without a letter belong to words. Longer rows of
/// signs are not spoken: a model makes noise of them.
const LONGEST_LOOKAHEAD: usize = 4096;

/// Most pauses in a row that wait for the end of the words before them.
const MOST_PAUSES: usize = 256;

/// What comes next in a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PassageEvent {
    /// More of a passage; each is prepared and split by itself.
    Text(Mapped),
    /// The passage is over.
    End,
    /// Silence of that many seconds.
    Pause(f64),
}

/// Puts passages together from the pieces of a text. Each has words: punctuation alone between two
/// pauses belongs to the words before, and a text of signs alone (`...`, an emoji) has no passage,
/// because a model would make noise of it.
#[derive(Default)]
pub(super) struct Passages {
    state: PassageState,
    /// Text since the last pause that holds no letter and no digit so far.
    held: Mapped,
    /// Whether more signs were read than are held, so that none of them are spoken.
    is_long: bool,
    /// White space at the end of a passage, which belongs to it only if more follows.
    space: Mapped,
}

/// What the text is at.
#[derive(Default)]
enum PassageState {
    /// Before any words, or between passages.
    #[default]
    Between,
    /// In a passage.
    Words,
    /// Behind a passage, which punctuation may still be added to, and these pauses.
    Pauses(Vec<f64>),
}

impl Passages {
    pub(super) fn push(&mut self, piece: TextOrPause, events: &mut VecDeque<PassageEvent>) {
        match piece {
            TextOrPause::Text(text) => self.text(&text, events),
            TextOrPause::Pause(seconds) => self.pause(seconds, events),
        }
    }

    /// Whether words, or pauses after them, wait for the end of their passage.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.state, PassageState::Between)
    }

    /// Ends the passage here, as a pause of no length does; signs that follow are not added to it.
    pub(super) fn flush(&mut self, events: &mut VecDeque<PassageEvent>) {
        match self.state {
            PassageState::Between => {}
            PassageState::Words => {
                events.push_back(PassageEvent::End);
                self.state = PassageState::Between;
                self.space.clear();
            }
            PassageState::Pauses(_) => {
                self.attach(events);
                self.close(events);
            }
        }
    }

    /// The text is over.
    pub(super) fn finish(&mut self, events: &mut VecDeque<PassageEvent>) {
        match self.state {
            PassageState::Words => events.push_back(PassageEvent::End),
            PassageState::Between => {}
            PassageState::Pauses(_) => {
                self.attach(events);
                self.close(events);
            }
        }
    }

    fn text(&mut self, text: &Mapped, events: &mut VecDeque<PassageEvent>) {
        if matches!(self.state, PassageState::Words) {
            self.words(text, events);
            return;
        }
        let signs = text.as_str().find(char::is_alphanumeric);
        let end = signs.unwrap_or(text.len());
        if !self.is_long {
            let start = if self.held.is_empty() {
                end - text.as_str()[..end].trim_start_matches(is_space).len()
            } else {
                0
            };
            self.held.append_part(text, start..end);
            if self.held.len() > LONGEST_LOOKAHEAD {
                self.is_long = true;
                self.held.clear();
                self.close(events);
            }
        }
        if signs.is_some() {
            self.close(events);
            (self.state, self.is_long) = (PassageState::Words, false);
            let mut words = std::mem::take(&mut self.held);
            words.append_part(text, end..text.len());
            self.words(&words, events);
        }
    }

    fn pause(&mut self, seconds: f64, events: &mut VecDeque<PassageEvent>) {
        self.is_long = false;
        self.space.clear();
        self.attach(events);
        match &mut self.state {
            PassageState::Between => events.push_back(PassageEvent::Pause(seconds)),
            PassageState::Words => self.state = PassageState::Pauses(vec![seconds]),
            PassageState::Pauses(pauses) => {
                pauses.push(seconds);
                if pauses.len() > MOST_PAUSES {
                    self.close(events);
                }
            }
        }
    }

    /// Hands on words, without the white space after them.
    fn words(&mut self, text: &Mapped, events: &mut VecDeque<PassageEvent>) {
        let end = text.as_str().trim_end_matches(is_space).len();
        if end > 0 {
            let mut words = std::mem::take(&mut self.space);
            words.append_part(text, 0..end);
            events.push_back(PassageEvent::Text(words));
        }
        // The amount of white space is not heard.
        if self.space.len() < LONGEST_LOOKAHEAD {
            self.space.append_part(text, end..text.len());
        }
    }

    /// Adds signs that stand alone to the words before, if there are any.
    fn attach(&mut self, events: &mut VecDeque<PassageEvent>) {
        let mut signs = std::mem::take(&mut self.held);
        signs.truncate(signs.as_str().trim_end_matches(is_space).len());
        if matches!(self.state, PassageState::Pauses(_)) && !signs.is_empty() {
            events.push_back(PassageEvent::Text(signs));
        }
    }

    /// Ends the waiting passage, and hands on the pauses after it.
    fn close(&mut self, events: &mut VecDeque<PassageEvent>) {
        if let PassageState::Pauses(pauses) = std::mem::take(&mut self.state) {
            events.push_back(PassageEvent::End);
            events.extend(pauses.into_iter().map(PassageEvent::Pause));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::pause::Markers;

    /// The passages of a text that comes in pieces of some characters, with `|` for their ends.
    fn passages(text: &str, pieces: usize) -> String {
        let (mut markers, mut passages) = (Markers::default(), Passages::default());
        let mut events = VecDeque::new();
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(pieces) {
            let piece: String = piece.iter().collect();
            let mut emit = |piece: TextOrPause| passages.push(piece, &mut events);
            markers.push(&Mapped::at(&piece, 0), &mut emit).unwrap();
        }
        let mut emit = |piece: TextOrPause| passages.push(piece, &mut events);
        markers.finish(&mut emit).unwrap();
        passages.finish(&mut events);
        let show = |event| match event {
            PassageEvent::Text(text) => text.as_str().to_owned(),
            PassageEvent::End => "|".to_owned(),
            PassageEvent::Pause(seconds) => format!("{seconds}|"),
        };
        events.into_iter().map(show).collect()
    }

    #[test]
    fn punctuation_belongs_to_the_words_before_a_pause() {
        let cases = [
            ("Hello.", "Hello.|"),
            (" \n", ""),
            ("...", ""),
            ("🎉 !", ""),
            ("🎉 a", "🎉 a|"),
            ("Hello. [pause 500ms] World.", "Hello.|0.5|World.|"),
            ("Hello [pause 1s].", "Hello.|1|"),
            ("Hello [pause 1s] [pause 2s] ! ", "Hello!|1|2|"),
            ("Hello [pause 1s] ?! [pause 2s] . b", "Hello?!|1|2|. b|"),
            ("[pause 1s] ... b", "1|... b|"),
            ("... [pause 1s]", "1|"),
            ("[pause 0s]", "0|"),
            ("a \n [pause 1s] \n b c ", "a|1|b c|"),
            ("[[pause 1s]]", "1|"),
            ("a [laughs] b", "a [laughs] b|"),
        ];
        for (text, expected) in cases {
            for pieces in [1, 3, 1000] {
                assert_eq!(passages(text, pieces), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn little_is_read_ahead() {
        for text in [".", " ", "\u{3000}", "[pause 1ms]", ". [pause 1ms]", "\""] {
            let (mut markers, mut passages) = (Markers::default(), Passages::default());
            let mut events = VecDeque::new();
            for text in ["words ", &text.repeat(100_000)] {
                for piece in text.as_bytes().chunks(1000) {
                    let piece = String::from_utf8_lossy(piece).replace('\u{fffd}', "");
                    let mut emit = |piece: TextOrPause| passages.push(piece, &mut events);
                    markers.push(&Mapped::at(&piece, 0), &mut emit).unwrap();
                    let held = passages.held.len() + passages.space.len();
                    assert!(held < 3 * LONGEST_LOOKAHEAD, "{text:?}");
                }
            }
        }
    }
}
