//! Counterpart of `_find_boundary_indices` and `_segments_from_boundaries` in pocket-tts, for a
//! text that arrives piece by piece.

use super::decode::{DECODED_BEFORE, decode};
use super::map::Mapped;
use super::python::is_digit;
use super::window::{MappedToken, WindowSize, Windows};
use crate::Tokenizer;

/// Ids that are kept before a boundary, to classify it.
const SEGMENT_CONTEXT: usize = 64;

/// The text between two boundaries.
#[derive(Debug, PartialEq)]
pub(super) enum TextSegment {
    /// A run of tokens and its text.
    Whole {
        /// Number of tokens.
        tokens: usize,
        /// Their text.
        text: Mapped,
    },
    /// A part of a run that is too long to wait for its end.
    Part(Mapped),
    /// The end of a run that came in parts.
    End,
}

/// Lengths of windows and segments.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentSizes {
    /// Lengths of the windows.
    pub(super) window: WindowSize,
    /// Length in tokens from which on a segment comes in parts.
    pub(super) segment: usize,
}

impl SegmentSizes {
    /// Everything whole.
    pub(super) const WHOLE: Self = Self {
        window: WindowSize::WHOLE,
        segment: usize::MAX,
    };
}

/// Cuts a text after each run of certain tokens.
pub(super) struct Segments {
    windows: Windows,
    longest: usize,
    /// The tokens that end a segment.
    ends: Vec<i64>,
    /// Whether a period between two digits does not end a segment.
    keeps_decimals: bool,
    /// Ids of the segment being read, after some ids of the text before.
    ids: Vec<i64>,
    /// The text of each id.
    texts: Vec<Mapped>,
    /// Start of the segment.
    start: usize,
    /// Earliest position of the next boundary.
    at: usize,
    /// Start of the ids of the last window.
    window: usize,
    /// Whether a part of the segment was already returned.
    is_in_parts: bool,
}

impl Segments {
    pub(super) fn new(ends: Vec<i64>, keeps_decimals: bool, sizes: SegmentSizes) -> Self {
        Self {
            windows: Windows::new(sizes.window),
            longest: sizes.segment,
            ends,
            keeps_decimals,
            ids: Vec::new(),
            texts: Vec::new(),
            start: 0,
            at: 1,
            window: 0,
            is_in_parts: false,
        }
    }

    /// Where more text is appended.
    pub(super) fn text(&mut self) -> &mut Mapped {
        self.windows.text()
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        let texts = self.texts.iter().map(Mapped::len);
        self.windows.kept() + 8 * self.ids.len() + texts.sum::<usize>()
    }

    /// The segments that end in the text so far.
    pub(super) fn read(&mut self, tokenizer: &Tokenizer) -> Vec<TextSegment> {
        let mut segments = Vec::new();
        while let Some(pieces) = self.windows.next(tokenizer) {
            self.window = self.ids.len();
            self.extend(pieces);
            self.scan(tokenizer, false, &mut segments);
            self.part(tokenizer, &mut segments);
        }
        segments
    }

    /// The remaining segments: the text is over.
    pub(super) fn finish(&mut self, tokenizer: &Tokenizer) -> Vec<TextSegment> {
        let mut segments = Vec::new();
        let pieces = self.windows.rest(tokenizer);
        self.extend(pieces);
        self.scan(tokenizer, true, &mut segments);
        self.end(tokenizer, self.ids.len(), &mut segments);
        (self.start, self.at, self.window) = (0, 1, 0);
        self.ids.clear();
        self.texts.clear();
        segments
    }

    fn extend(&mut self, pieces: Vec<MappedToken>) {
        for MappedToken { id, text } in pieces {
            self.ids.push(id);
            self.texts.push(text);
        }
    }

    /// Searches for boundaries in the ids so far.
    fn scan(&mut self, tokenizer: &Tokenizer, is_last: bool, segments: &mut Vec<TextSegment>) {
        while self.at < self.ids.len() {
            let (before, after) = (self.ids[self.at - 1], self.ids[self.at]);
            if self.ends.contains(&before) && !self.ends.contains(&after) {
                let is_decimal = if self.keeps_decimals {
                    is_decimal_period(tokenizer, &self.ids, self.at, is_last)
                } else {
                    Some(false)
                };
                match is_decimal {
                    None => break,
                    Some(true) => {}
                    Some(false) => self.end(tokenizer, self.at, segments),
                }
            }
            self.at += 1;
        }
        let old = self.start.saturating_sub(SEGMENT_CONTEXT);
        self.ids.drain(..old);
        self.texts.drain(..old);
        self.start -= old;
        self.at -= old;
        self.window = self.window.saturating_sub(old);
    }

    /// Ends a segment before the id at `end`.
    fn end(&mut self, tokenizer: &Tokenizer, end: usize, segments: &mut Vec<TextSegment>) {
        if std::mem::take(&mut self.is_in_parts) {
            let text = self.decode(tokenizer, end, true);
            segments.extend([TextSegment::Part(text), TextSegment::End]);
        } else {
            segments.push(TextSegment::Whole {
                tokens: end - self.start,
                text: self.decode(tokenizer, end, false),
            });
        }
        self.start = end;
    }

    /// The text of the segment up to the id at `end`; if it comes in parts, the text given the ids
    /// before.
    fn decode(&self, tokenizer: &Tokenizer, end: usize, is_in_parts: bool) -> Mapped {
        let start = self.start;
        let from = if is_in_parts {
            start.saturating_sub(DECODED_BEFORE)
        } else {
            start
        };
        decode(tokenizer, &self.ids[from..end], &self.texts[start..end])
    }

    /// Returns a part of a segment that has become too long. The last window is kept back, because
    /// a segment never ends in white space. The bytes of one character are in the same window.
    fn part(&mut self, tokenizer: &Tokenizer, segments: &mut Vec<TextSegment>) {
        let is_long = self.is_in_parts || self.ids.len() - self.start > self.longest;
        if !is_long || self.window <= self.start || self.window > self.at {
            return;
        }
        let text = self.decode(tokenizer, self.window, self.is_in_parts);
        segments.push(TextSegment::Part(text));
        self.is_in_parts = true;
        self.start = self.window;
    }
}

/// Counterpart of `_is_decimal_period_boundary` in pocket-tts; `None` if that depends on text that
/// has not arrived. Upstream decodes everything before and after; the characters next to the
/// boundary decide, and they come from the tokens next to it.
fn is_decimal_period(
    tokenizer: &Tokenizer,
    ids: &[i64],
    boundary: usize,
    is_last: bool,
) -> Option<bool> {
    // Two characters come from at most two tokens that are not byte pieces, because a piece is
    // never empty; plus one, because decoding drops a space at the beginning.
    const PIECES: usize = 3;
    let is_piece = |id: &&i64| !tokenizer.is_byte_or_special(**id);
    let reach = |ids: &mut dyn Iterator<Item = &i64>| {
        // Byte pieces are decoded a run at a time, so a run is never cut.
        let mut pieces = 0;
        let reach = ids.take_while(|id| {
            pieces += usize::from(is_piece(id));
            pieces <= PIECES
        });
        let reach = reach.count();
        (reach, pieces > PIECES)
    };
    let (before, _) = reach(&mut ids[..boundary].iter().rev());
    let before = tokenizer.decode(&ids[boundary - before..boundary]);
    let mut last = before.chars().rev();
    if last.next() != Some('.') || !last.next().is_some_and(is_digit) {
        return Some(false);
    }
    let (after, is_enough) = reach(&mut ids[boundary..].iter());
    // A run of byte pieces is waited for only up to the length of a word.
    if !is_enough && !is_last && ids.len() - boundary < SEGMENT_CONTEXT * SEGMENT_CONTEXT {
        return None;
    }
    let after = tokenizer.decode(&ids[boundary..boundary + after]);
    Some(after.chars().next().is_some_and(is_digit))
}
