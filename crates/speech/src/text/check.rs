//! Checks a text before any of it is spoken.

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
    /// Whether there is more than white space.
    has_signs: bool,
}

impl TextCheck {
    /// Takes more of the text. Refuses a pause longer than [`super::LONGEST_PAUSE`].
    pub fn push(&mut self, text: &str) -> Result<(), TextError> {
        self.has_signs = self.has_signs || text.contains(|c| !is_space(c));
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.ceil_char_boundary(CHECK_STEP_BYTES));
            // The source map is not needed here.
            self.markers.push(&Mapped::at(piece, 0), &mut skip)?;
            rest = behind;
        }
        Ok(())
    }

    /// The text is over. Refuses one of white space alone; otherwise returns the first few markers that
    /// look like a pause but will be spoken as words.
    pub fn finish(mut self) -> Result<Vec<String>, TextError> {
        self.markers.finish(&mut skip)?;
        if self.has_signs {
            Ok(self.markers.near_misses().to_vec())
        } else {
            Err(TextError::Empty)
        }
    }
}

/// What a text consists of does not matter here.
fn skip(_: TextOrPause) {}
