//! Word times as subtitles, without I/O.
//!
//! 1. Each spoken word is added as a [`TimedWord`], chunk of text by chunk of text.
//! 2. Words become subtitles of at most two lines, none of which spans two chunks.
//! 3. These are written in a [`SubtitleFormat`].
//!
//! ```
//! use subtitles::{SubtitleFormat, Subtitles, TimedWord};
//!
//! let mut subtitles = Subtitles::default();
//! for (text, start, end) in [("Hello", 0.0, 0.4), (" world.", 0.5, 0.9)] {
//!     let text = text.to_owned();
//!     let word = text.trim_start().len();
//!     subtitles.add(TimedWord { text, word, start, end }, start == 0.0);
//! }
//! let file = subtitles.write(SubtitleFormat::Srt);
//! assert_eq!(file, "1\n00:00:00,000 --> 00:00:00,900\nHello world.\n\n");
//! ```

mod ass;
mod cues;
mod srt;
mod vtt;

/// A file format of subtitles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubtitleFormat {
    /// `SubRip`.
    Srt,
    /// `WebVTT`, with a mark where each word begins.
    Vtt,
    /// Advanced `SubStation` Alpha, with karaoke marks.
    Ass,
}

impl SubtitleFormat {
    /// The format of files with this ending, in upper or lower case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "srt" => Some(Self::Srt),
            "vtt" => Some(Self::Vtt),
            "ass" => Some(Self::Ass),
            _ => None,
        }
    }
}

/// A word and when it is spoken.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedWord {
    /// The word as written, including anything between it and the word before.
    pub text: String,
    /// Bytes of the word itself, at the end of `text`.
    pub word: usize,
    /// Seconds from the beginning of the sound.
    pub start: f64,
    /// Seconds; at most the start of the next word.
    pub end: f64,
}

impl TimedWord {
    /// The word itself, without what is before it.
    fn word(&self) -> &str {
        let from = self.text.len().saturating_sub(self.word);
        self.text.get(from..).unwrap_or(&self.text)
    }
}

/// Subtitles, made of all words of a text.
#[derive(Clone, Debug, Default)]
pub struct Subtitles {
    /// The words of each chunk of text.
    chunks: Vec<Vec<TimedWord>>,
}

impl Subtitles {
    /// Adds a word, which may be the first of a chunk of text.
    pub fn add(&mut self, word: TimedWord, begins_chunk: bool) {
        match self.chunks.last_mut() {
            Some(last) if !begins_chunk => last.push(word),
            _ => self.chunks.push(vec![word]),
        }
    }

    /// The content of a file.
    pub fn write(&self, format: SubtitleFormat) -> String {
        let cues = cues::cues(self);
        match format {
            SubtitleFormat::Srt => srt::write(&cues),
            SubtitleFormat::Vtt => vtt::write(&cues),
            SubtitleFormat::Ass => ass::write(&cues),
        }
    }
}
