//! Subtitles and their times.

use crate::{Subtitles, TimedWord};

/// Most characters in a line; a longer word has a line of its own.
const LONGEST_CUE_LINE: usize = 42;
/// Most lines shown at a time.
const MOST_LINES: usize = 2;
/// Seconds of silence that end a subtitle.
const CUE_PAUSE: f64 = 1.0;
/// Seconds that a subtitle is shown at least, if the next one allows it.
const SHORTEST: f64 = 0.5;

/// A subtitle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cue {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) lines: Vec<Vec<CueWord>>,
}

/// A word of a subtitle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CueWord {
    /// The word, after a space if one is before it in its line.
    pub(super) text: String,
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Cue {
    /// All words.
    pub(super) fn words(&self) -> impl Iterator<Item = &CueWord> {
        self.lines.iter().flatten()
    }
}

/// The subtitles of all chunks: none spans two chunks.
pub(super) fn cues(subtitles: &Subtitles) -> Vec<Cue> {
    let chunks = subtitles.chunks.iter();
    let mut cues: Vec<Cue> = chunks.flat_map(|words| of_chunk(words)).collect();
    // They do not overlap, and none disappears before it can be read.
    let starts: Vec<f64> = cues.iter().skip(1).map(|cue| cue.start).collect();
    for (index, cue) in cues.iter_mut().enumerate() {
        let next = starts.get(index).copied().unwrap_or(f64::INFINITY);
        cue.end = cue.end.max(cue.start + SHORTEST).min(next).max(cue.start);
    }
    cues
}

fn of_chunk(words: &[TimedWord]) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    for word in words {
        let own = word.word();
        let length = own.chars().count();
        // In scripts without spaces, and after a dash, words follow directly.
        let is_apart = word.text.len() > own.len();
        let space = if is_apart { " " } else { "" };
        let cue = cues
            .last_mut()
            .filter(|cue| word.start - cue.end < CUE_PAUSE);
        let mut place = None;
        if let Some(cue) = cue {
            let lines = cue.lines.len();
            let line = cue.lines.last().map_or(0, |line| characters(line));
            if line + space.len() + length <= LONGEST_CUE_LINE {
                place = Some((cue, true));
            } else if lines < MOST_LINES {
                place = Some((cue, false));
            }
        }
        let text = |is_first: bool| {
            if is_first {
                own.to_owned()
            } else {
                format!("{space}{own}")
            }
        };
        let made = |text| CueWord {
            text,
            start: word.start,
            end: word.end,
        };
        match place {
            Some((cue, true)) => {
                cue.end = word.end;
                if let Some(line) = cue.lines.last_mut() {
                    line.push(made(text(false)));
                }
            }
            Some((cue, false)) => {
                cue.end = word.end;
                cue.lines.push(vec![made(text(true))]);
            }
            None => cues.push(Cue {
                start: word.start,
                end: word.end,
                lines: vec![vec![made(text(true))]],
            }),
        }
    }
    cues
}

fn characters(line: &[CueWord]) -> usize {
    line.iter().map(|word| word.text.chars().count()).sum()
}

/// A time as hours, minutes, seconds and parts of a second.
pub(super) fn clock(seconds: f64, parts: u64) -> [u64; 4] {
    let all = (seconds.max(0.0) * parts as f64).round() as u64;
    let whole = all / parts;
    [whole / 3600, whole / 60 % 60, whole % 60, all % parts]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Words of a text that are spoken one a half second each, in chunks.
    pub(crate) fn spoken(chunks: &[&[&str]]) -> Subtitles {
        let mut subtitles = Subtitles::default();
        for chunk in chunks {
            for (index, own) in chunk.iter().enumerate() {
                let number = subtitles.chunks.iter().flatten().count();
                let space = if number == 0 { "" } else { " " };
                let word = TimedWord {
                    text: format!("{space}{own}"),
                    word: own.len(),
                    start: number as f64 * 0.5,
                    end: number as f64 * 0.5 + 0.4,
                };
                subtitles.add(word, index == 0);
            }
        }
        subtitles
    }

    fn shown(cues: &[Cue]) -> Vec<String> {
        let line = |line: &Vec<CueWord>| line.iter().map(|word| &word.text[..]).collect::<String>();
        let cue = |cue: &Cue| cue.lines.iter().map(line).collect::<Vec<_>>().join("|");
        cues.iter().map(cue).collect()
    }

    #[test]
    fn subtitles_have_two_lines_of_whole_words() {
        let text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen \
                    fifteen sixteen seventeen";
        let words: Vec<&str> = text.split(' ').collect();
        let long = "x".repeat(60);
        let cues = cues(&spoken(&[&words, &["Next", &long, "end."]]));
        assert_eq!(
            shown(&cues),
            [
                "one two three four five six seven eight|nine ten eleven twelve thirteen fourteen",
                "fifteen sixteen seventeen",
                &format!("Next|{long}"),
                "end.",
            ]
        );
        assert_eq!((cues[0].start, cues[0].end), (0.0, 6.9));
        for pair in cues.windows(2) {
            assert!(pair[0].end <= pair[1].start);
        }
    }

    #[test]
    fn clocks_carry() {
        assert_eq!(clock(3661.9996, 1000), [1, 1, 2, 0]);
        assert_eq!(clock(59.994, 100), [0, 0, 59, 99]);
        assert_eq!(clock(-1.0, 1000), [0, 0, 0, 0]);
    }
}
