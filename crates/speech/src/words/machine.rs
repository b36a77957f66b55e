//! Decides which word is spoken: one after the other, each once.
//!
//! The rule of `pocket-tts-timestamped` 1.4.0: a word opens where sound begins, or where it takes
//! the attention from the word before. It closes there, or in silence once the attention has moved
//! on.

use super::Unit;

/// Root mean square above which a frame has sound.
const FRAME_HAS_SOUND: f32 = 1e-3;
/// Attention below which a word gives way to any later one.
const FORGOTTEN: f32 = 1e-3;

/// What a frame does to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordStep {
    Open(usize),
    Close(usize),
}

/// Goes through the words of a chunk.
pub(super) struct Machine {
    units: Vec<Unit>,
    /// The unit of each word.
    words: Vec<usize>,
    next: usize,
    open: Option<usize>,
}

impl Machine {
    pub(super) fn new(units: Vec<Unit>) -> Self {
        let is_word = |(_, unit): &(usize, &Unit)| matches!(unit, Unit::Word(_));
        let words = units.iter().enumerate().filter(is_word);
        Self {
            words: words.map(|(at, _)| at).collect(),
            units,
            next: 0,
            open: None,
        }
    }

    /// Takes the attention to each unit in a frame, and whether it has sound.
    pub(super) fn frame(&mut self, scores: &[f32], sounds: bool) -> Vec<WordStep> {
        let score = |unit: usize| scores.get(unit).copied().unwrap_or_default();
        let Some(word) = self.open else {
            return if sounds { self.open_next() } else { Vec::new() };
        };
        let unit = self.words[word];
        if !sounds {
            let later = (unit + 1..self.units.len()).map(score).fold(0.0, f32::max);
            let is_last = word + 1 == self.words.len();
            let ends = self.units[unit + 1..].contains(&Unit::Punctuation { added: false });
            if later > score(unit) || (is_last && !ends) {
                self.open = None;
                return vec![WordStep::Close(word)];
            }
            return Vec::new();
        }
        let Some(&next) = self.words.get(self.next) else {
            return Vec::new();
        };
        let later = || {
            self.words[self.next + 1..]
                .iter()
                .any(|&at| score(at) > score(unit))
        };
        if score(next) > score(unit) || (score(unit) < FORGOTTEN && later()) {
            let mut steps = vec![WordStep::Close(word)];
            steps.extend(self.open_next());
            return steps;
        }
        Vec::new()
    }

    /// The sound is over: returns the open word, and the number of words that were not reached.
    pub(super) fn finish(self) -> (Option<usize>, std::ops::Range<usize>) {
        (self.open, self.next..self.words.len())
    }

    fn open_next(&mut self) -> Vec<WordStep> {
        if self.next == self.words.len() {
            return Vec::new();
        }
        self.open = Some(self.next);
        self.next += 1;
        vec![WordStep::Open(self.next - 1)]
    }
}

/// Whether a frame has sound.
pub(super) fn sounds(samples: &[f32]) -> bool {
    let energy: f64 = samples.iter().map(|x| f64::from(x * x)).sum();
    energy > f64::from(FRAME_HAS_SOUND).powi(2) * samples.len() as f64
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde::Deserialize;

    use super::*;

    /// Results of `pocket-tts-timestamped` for scores (`tests/words/record.py`).
    #[derive(Deserialize)]
    struct WordRecord {
        /// One letter each: a word, punctuation, or added punctuation.
        units: String,
        frames: Vec<Frame>,
    }

    #[derive(Deserialize)]
    struct Frame {
        scores: Vec<f32>,
        sounds: bool,
        events: Vec<(String, usize)>,
    }

    #[test]
    fn recorded_scores_make_recorded_steps() {
        let packed = include_bytes!("../../tests/words/machine.json.gz");
        let mut text = String::new();
        let mut file = flate2::read::GzDecoder::new(&packed[..]);
        file.read_to_string(&mut text).unwrap();
        let records: Vec<WordRecord> = serde_json::from_str(&text).unwrap();
        let mut steps = 0;
        for (number, record) in records.iter().enumerate() {
            let mut words = 0..;
            let unit = |kind| match kind {
                'w' => Unit::Word(words.next().unwrap_or_default()),
                kind => Unit::Punctuation { added: kind == 'a' },
            };
            let mut machine = Machine::new(record.units.chars().map(unit).collect());
            for (time, frame) in record.frames.iter().enumerate() {
                let expected = frame.events.iter().map(|(event, word)| match &event[..] {
                    "start" => WordStep::Open(*word),
                    _ => WordStep::Close(*word),
                });
                let expected: Vec<WordStep> = expected.collect();
                let actual = machine.frame(&frame.scores, frame.sounds);
                assert_eq!(actual, expected, "record {number}, frame {time}");
                steps += actual.len();
            }
        }
        assert!(steps > 100, "{steps}");
    }
}
