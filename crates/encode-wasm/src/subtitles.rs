//! Files of subtitles.

use subtitles::{SubtitleFormat, Subtitles, TimedWord};
use wasm_bindgen::prelude::wasm_bindgen;

/// The words of a text, which become subtitles.
#[wasm_bindgen]
pub struct WordSubtitles {
    format: SubtitleFormat,
    subtitles: Subtitles,
}

#[wasm_bindgen]
impl WordSubtitles {
    /// Subtitles in the format of files with this ending, without its dot; undefined if no format has it.
    #[wasm_bindgen(js_name = ofEnding)]
    pub fn of_ending(ending: &str) -> Option<WordSubtitles> {
        Some(Self {
            format: SubtitleFormat::of_extension(ending)?,
            subtitles: Subtitles::default(),
        })
    }

    /// Adds a word, `given`, which is preceded by `before`, and spoken from `start` to `end`, in seconds. It may be
    /// the first of a chunk of text.
    pub fn add(&mut self, before: &str, given: &str, start: f64, end: f64, begins_chunk: bool) {
        let word = TimedWord {
            text: format!("{before}{given}"),
            word: given.len(),
            start,
            end,
        };
        self.subtitles.add(word, begins_chunk);
    }

    /// The content of a file.
    pub fn write(&self) -> String {
        self.subtitles.write(self.format)
    }
}
