//! Checks a text before any of it is spoken.

use config::TextOptions;

use super::TextError;
use super::map::Mapped;
use super::pause::{Markers, TextOrPause};
use super::python::is_space;

/// Bytes copied at a time.
const CHECK_STEP_BYTES: usize = 4096;

/// Reads a text piece by piece, fast, and decides whether it can be spoken.
#[derive(Default)]
pub struct TextCheck {
    markers: Markers,
    found: TextContent,
}

/// What was found in the text.
#[derive(Clone, Copy, Default)]
struct TextContent {
    /// A letter or a digit that the model's rules keep.
    words: bool,
    /// Any character that the rules keep.
    signs: bool,
    /// Seconds of all pauses; `None` without pauses.
    silence: Option<f64>,
}

impl TextCheck {
    /// Takes more of the text.
    pub fn push(&mut self, text: &str, options: &TextOptions) -> Result<(), TextError> {
        let found = &mut self.found;
        let mut emit = |piece: TextOrPause| found.take(piece, options);
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.ceil_char_boundary(CHECK_STEP_BYTES));
            // The source map is not needed here.
            self.markers.push(&Mapped::at(piece, 0), &mut emit)?;
            rest = behind;
        }
        Ok(())
    }

    /// The text is over. Refuses one without anything to say; otherwise returns the first few
    /// markers that look like a pause but will be spoken as words.
    pub fn finish(mut self, options: &TextOptions) -> Result<Vec<String>, TextError> {
        let found = &mut self.found;
        let mut emit = |piece: TextOrPause| found.take(piece, options);
        self.markers.finish(&mut emit)?;
        let TextContent {
            words,
            signs,
            silence,
        } = self.found;
        // Between pauses, signs without letters are not spoken.
        if words || silence.map_or(signs, |seconds| seconds > 0.0) {
            Ok(self.markers.near_misses().to_vec())
        } else {
            Err(TextError::Empty)
        }
    }
}

impl TextContent {
    fn take(&mut self, piece: TextOrPause, options: &TextOptions) {
        match piece {
            TextOrPause::Pause(seconds) => {
                *self.silence.get_or_insert_default() += seconds;
            }
            TextOrPause::Text(text) if !self.words => {
                let is_left = |c: char| match options.replace_characters.get(&c) {
                    Some(by) => by.contains(|c| !is_space(c)),
                    None => !is_space(c),
                };
                for c in text.as_str().chars() {
                    // Most texts begin with a word, and a full look-up is slow.
                    if c.is_alphanumeric() && is_left(c) {
                        self.words = true;
                        break;
                    }
                    self.signs = self.signs || is_left(c);
                }
            }
            TextOrPause::Text(_) => {}
        }
    }
}
