//! Counterpart of `_find_boundary_indices` and `_segments_from_boundaries`, for a text that comes piece
//! by piece.

use super::decode::{DECODED_BEFORE, decode};
use super::map::Mapped;
use super::python::is_digit;
use super::window::{Piece, WindowSize, Windows};
use crate::Tokenizer;

/// Ids before a boundary that are kept, to tell what it is.
const CONTEXT: usize = 64;

/// What stands between two boundaries.
#[derive(Debug, PartialEq)]
pub(super) enum Segment {
    /// A run of tokens and the text that it stands for.
    Whole {
        /// How many.
        tokens: usize,
        /// Their text.
        text: Mapped,
    },
    /// A part of a run that is too long to wait for its end.
    Part(Mapped),
    /// The run of the parts is over.
    End,
}

/// How long windows and segments are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Of the windows.
    pub(super) window: WindowSize,
    /// Tokens of a segment from which on it comes in parts.
    pub(super) segment: usize,
}

impl Sizes {
    /// Everything whole.
    pub(super) const WHOLE: Self = Self {
        window: WindowSize::WHOLE,
        segment: usize::MAX,
    };
}

/// Cuts a text where a run of certain tokens is over.
pub(super) struct Segments {
    windows: Windows,
    longest: usize,
    /// The tokens that end a segment.
    ends: Vec<i64>,
    /// Whether a period between two digits is no end.
    keeps_decimals: bool,
    /// Ids of the segment that is being read, behind some of those before.
    ids: Vec<i64>,
    /// What each of them stands for.
    texts: Vec<Mapped>,
    /// Where it begins.
    start: usize,
    /// Where a boundary may come next.
    at: usize,
    /// Where the ids of the last window begin.
    window: usize,
    /// Whether a part of it was handed on.
    is_in_parts: bool,
}

impl Segments {
    pub(super) fn new(ends: Vec<i64>, keeps_decimals: bool, sizes: Sizes) -> Self {
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

    /// Where more of the text is put.
    pub(super) fn text(&mut self) -> &mut Mapped {
        self.windows.text()
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        let texts = self.texts.iter().map(Mapped::len);
        self.windows.kept() + 8 * self.ids.len() + texts.sum::<usize>()
    }

    /// The segments that end in what has come.
    pub(super) fn read(&mut self, tokenizer: &Tokenizer) -> Vec<Segment> {
        let mut segments = Vec::new();
        while let Some(pieces) = self.windows.next(tokenizer) {
            self.window = self.ids.len();
            self.extend(pieces);
            self.scan(tokenizer, false, &mut segments);
            self.part(tokenizer, &mut segments);
        }
        segments
    }

    /// All that is left: the text is over.
    pub(super) fn finish(&mut self, tokenizer: &Tokenizer) -> Vec<Segment> {
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

    fn extend(&mut self, pieces: Vec<Piece>) {
        for Piece { id, text } in pieces {
            self.ids.push(id);
            self.texts.push(text);
        }
    }

    /// Looks for boundaries in what is there.
    fn scan(&mut self, tokenizer: &Tokenizer, is_last: bool, segments: &mut Vec<Segment>) {
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
        let old = self.start.saturating_sub(CONTEXT);
        self.ids.drain(..old);
        self.texts.drain(..old);
        self.start -= old;
        self.at -= old;
        self.window = self.window.saturating_sub(old);
    }

    /// A segment ends before the id at `end`.
    fn end(&mut self, tokenizer: &Tokenizer, end: usize, segments: &mut Vec<Segment>) {
        if std::mem::take(&mut self.is_in_parts) {
            let text = self.decode(tokenizer, end, true);
            segments.extend([Segment::Part(text), Segment::End]);
        } else {
            segments.push(Segment::Whole {
                tokens: end - self.start,
                text: self.decode(tokenizer, end, false),
            });
        }
        self.start = end;
    }

    /// The text of the segment up to the id at `end`; as it stands behind the ids before, if it is
    /// in parts.
    fn decode(&self, tokenizer: &Tokenizer, end: usize, is_in_parts: bool) -> Mapped {
        let start = self.start;
        let from = if is_in_parts {
            start.saturating_sub(DECODED_BEFORE)
        } else {
            start
        };
        decode(tokenizer, &self.ids[from..end], &self.texts[start..end])
    }

    /// Hands on a part of a segment that has become too long. The last window waits, for a segment
    /// never ends in white space; the bytes of a character are in one window.
    fn part(&mut self, tokenizer: &Tokenizer, segments: &mut Vec<Segment>) {
        let is_long = self.is_in_parts || self.ids.len() - self.start > self.longest;
        if !is_long || self.window <= self.start || self.window > self.at {
            return;
        }
        let text = self.decode(tokenizer, self.window, self.is_in_parts);
        segments.push(Segment::Part(text));
        self.is_in_parts = true;
        self.start = self.window;
    }
}

/// Counterpart of `_is_decimal_period_boundary`; none where that depends on what has not come yet.
/// Upstream decodes all that comes before and after; the characters next to the boundary decide,
/// and so do the tokens next to it.
fn is_decimal_period(
    tokenizer: &Tokenizer,
    ids: &[i64],
    boundary: usize,
    is_last: bool,
) -> Option<bool> {
    // Two characters come from at most two tokens that are no bytes, for a piece is never empty;
    // one more, since decoding drops a space at the beginning.
    const PIECES: usize = 3;
    let is_piece = |id: &&i64| !tokenizer.is_byte_or_special(**id);
    let reach = |ids: &mut dyn Iterator<Item = &i64>| {
        // Bytes are decoded a run at a time, so a run is never cut.
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
    // A run of bytes of any length is waited for only as long as a word may be.
    if !is_enough && !is_last && ids.len() - boundary < CONTEXT * CONTEXT {
        return None;
    }
    let after = tokenizer.decode(&ids[boundary..boundary + after]);
    Some(after.chars().next().is_some_and(is_digit))
}
