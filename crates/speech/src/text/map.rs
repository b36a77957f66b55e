//! Source maps: which part of a source each part of a text was made from.

use std::ops::Range;

/// Maps each byte of a text to the bytes of its source that it was made from.
///
/// Ranges are in order: a later part of the text never comes from an earlier part of the source.
/// Added text has an empty range; removed text is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap {
    spans: Vec<Span>,
}

/// A stretch of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    /// Its end; it begins at the end of the previous one.
    end: usize,
    source: Range<usize>,
    /// Whether it equals the source byte by byte; otherwise the whole span was made from the whole
    /// `source`.
    is_exact: bool,
}

impl SourceMap {
    /// The map of an unchanged text of `length` bytes that is at `at` in its source.
    pub fn identity(length: usize, at: usize) -> Self {
        let mut map = Self::default();
        map.push(length, at..at + length, true);
        map
    }

    /// The map of a text of `length` bytes in which parts were replaced: pairs of bytes of the text
    /// and bytes of the source, in order. Text between them is unchanged.
    pub fn of_replacements(
        length: usize,
        source_length: usize,
        replaced: impl IntoIterator<Item = (Range<usize>, Range<usize>)>,
    ) -> Self {
        let mut map = Self::default();
        let mut from = 0;
        let between = |map: &mut Self, to: usize, source: Range<usize>| {
            let length = to.saturating_sub(map.len());
            let is_exact = length == source.len();
            map.push(length, source, is_exact);
        };
        for (text, source) in replaced {
            let start = source.start.max(from);
            between(&mut map, text.start, from..start);
            from = source.end.max(start);
            map.push(text.end.saturating_sub(map.len()), start..from, false);
        }
        between(&mut map, length, from..source_length.max(from));
        map
    }

    /// Bytes of the text.
    pub fn len(&self) -> usize {
        self.spans.last().map_or(0, |span| span.end)
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The bytes of the source for the text at `range`, from the first to the last. Empty, at the
    /// right position, if all of them were added.
    pub fn source(&self, range: Range<usize>) -> Range<usize> {
        let mut hull: Option<Range<usize>> = None;
        let mut place = None;
        for (_, source, _) in self.parts(range.clone()) {
            place.get_or_insert(source.start);
            if !source.is_empty() {
                let start = hull.map_or(source.start, |hull| hull.start);
                hull = Some(start..source.end);
            }
        }
        hull.unwrap_or_else(|| {
            let at = place.unwrap_or_else(|| self.place(range.start));
            at..at
        })
    }

    /// The source of the byte at `at`, or the position where it would be.
    fn place(&self, at: usize) -> usize {
        let index = self.spans.partition_point(|span| span.end <= at);
        match (self.spans.get(index), self.spans.last()) {
            (Some(span), _) if span.is_exact => span.source.end - (span.end - at),
            (Some(span), _) => span.source.start,
            (None, Some(last)) => last.source.end,
            (None, None) => 0,
        }
    }

    /// The map of this text to the source of its source.
    #[must_use]
    pub fn compose(&self, source: &Self) -> Self {
        let mut map = Self::default();
        for (length, middle, is_exact) in self.parts(0..self.len()) {
            if is_exact {
                map.append(source, middle);
            } else {
                map.push(length, source.source(middle), false);
            }
        }
        map
    }

    /// The map of the part of the text at `range`.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut map = Self::default();
        map.append(self, range);
        map
    }

    /// The spans in `range`: the length of each, and its source.
    fn parts(&self, range: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>, bool)> + '_ {
        let first = self.spans.partition_point(|span| span.end <= range.start);
        let mut at = range.start;
        self.spans[first..].iter().map_while(move |span| {
            let length = span.end.min(range.end).saturating_sub(at);
            let start = span.source.end.saturating_sub(span.end - at);
            at += length;
            let source = if span.is_exact {
                start..start + length
            } else {
                span.source.clone()
            };
            (length > 0).then_some((length, source, span.is_exact))
        })
    }

    /// Appends the part of `other` at `range`.
    pub(crate) fn append(&mut self, other: &Self, range: Range<usize>) {
        for (length, source, is_exact) in other.parts(range) {
            self.push(length, source, is_exact);
        }
    }

    /// Appends `length` bytes.
    fn push(&mut self, length: usize, source: Range<usize>, is_exact: bool) {
        if length == 0 {
            return;
        }
        let end = self.len() + length;
        if let Some(last) = self.spans.last_mut()
            && last.is_exact == is_exact
        {
            if is_exact && last.source.end == source.start {
                (last.end, last.source.end) = (end, source.end);
                return;
            }
            if !is_exact && last.source == source {
                last.end = end;
                return;
            }
        }
        self.spans.push(Span {
            end,
            source,
            is_exact,
        });
    }
}

/// A text with its source map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    text: String,
    map: SourceMap,
}

impl Mapped {
    /// `text`, unchanged, at `at` in its source.
    pub fn at(text: &str, at: usize) -> Self {
        Self {
            text: text.to_owned(),
            map: SourceMap::identity(text.len(), at),
        }
    }

    /// `text` with its map, which must have its length.
    pub(crate) fn new(text: &str, map: SourceMap) -> Self {
        debug_assert_eq!(text.len(), map.len());
        let text = text.to_owned();
        Self { text, map }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The map of the text.
    pub fn map(&self) -> &SourceMap {
        &self.map
    }

    /// The bytes of the source from the first to the last that the text was made from.
    pub fn source(&self) -> Range<usize> {
        self.map.source(0..self.len())
    }

    pub(crate) fn into_parts(self) -> (String, SourceMap) {
        (self.text, self.map)
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The characters, each with the bytes of the source that it was made from.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (char, Range<usize>)> + '_ {
        let source = |(at, c): (usize, char)| (c, self.map.source(at..at + c.len_utf8()));
        self.text.char_indices().map(source)
    }

    /// The part at `range`.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        Self {
            text: self.text[range.clone()].to_owned(),
            map: self.map.slice(range),
        }
    }

    /// The part without characters at both ends for which the predicate holds.
    pub(crate) fn trim(&self, is: impl Fn(char) -> bool) -> Self {
        let end = self.text.trim_end_matches(&is).len();
        let start = end - self.text[..end].trim_start_matches(&is).len();
        self.slice(start..end)
    }

    /// Appends another text of the same source.
    pub(crate) fn append(&mut self, other: &Self) {
        self.append_part(other, 0..other.len());
    }

    /// Appends a part of another text of the same source.
    pub(crate) fn append_part(&mut self, other: &Self, range: Range<usize>) {
        self.text.push_str(&other.text[range.clone()]);
        self.map.append(&other.map, range);
    }

    /// Appends a character that was made from these bytes of the source.
    pub(crate) fn push(&mut self, c: char, source: Range<usize>) {
        self.text.push(c);
        let is_exact = c.len_utf8() == source.len();
        self.map.push(c.len_utf8(), source, is_exact);
    }

    /// Appends a text that was made from these bytes of the source.
    pub(crate) fn push_str(&mut self, text: &str, source: Range<usize>) {
        self.text.push_str(text);
        self.map.push(text.len(), source, false);
    }

    /// Appends a text that is not in the source.
    pub(crate) fn push_added(&mut self, text: &str) {
        let at = self.map.place(self.len());
        self.push_str(text, at..at);
    }

    /// Truncates the text to `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        *self = self.slice(0..length.min(self.len()));
    }

    /// Splits the text at `at`, and returns the second part.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let rest = self.slice(at..self.len());
        self.truncate(at);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_found_in_their_source() {
        // "It is $45 now" and "It is forty five dollars now".
        let map = SourceMap::of_replacements(28, 13, [(6..24, 6..9)]);
        assert_eq!(map.len(), 28);
        assert_eq!(map.source(0..2), 0..2);
        assert_eq!(map.source(6..11), 6..9);
        assert_eq!(map.source(12..13), 6..9);
        assert_eq!(map.source(24..28), 9..13);
        assert_eq!(map.source(3..28), 3..13);
        assert_eq!(map.source(28..28), 13..13);
        // Something left out, something added.
        let map = SourceMap::of_replacements(6, 7, [(2..2, 2..4), (5..6, 7..7)]);
        assert_eq!(map.source(0..3), 0..5);
        assert_eq!(map.source(2..5), 4..7);
        assert_eq!(map.source(5..6), 7..7);
        assert_eq!(SourceMap::default().source(0..0), 0..0);
    }

    #[test]
    fn maps_of_maps_lead_to_the_first_source() {
        let first = SourceMap::of_replacements(28, 13, [(6..24, 6..9)]);
        // "It is forty five dollars now" and "is forty-five dollars now."
        let second =
            SourceMap::of_replacements(26, 28, [(0..0, 0..3), (8..9, 11..12), (25..26, 28..28)]);
        let both = second.compose(&first);
        assert_eq!(both.len(), 26);
        assert_eq!(both.source(0..2), 3..5);
        for word in [3..8, 8..9, 9..13, 14..21] {
            assert_eq!(both.source(word), 6..9);
        }
        assert_eq!(both.source(22..25), 10..13);
        assert_eq!(both.source(25..26), 13..13);
    }

    #[test]
    fn a_text_keeps_its_map_through_cuts_and_additions() {
        let mut text = Mapped::at("one two", 10);
        text.push_added(".");
        text.push('é', 20..21);
        let rest = text.split_off(4);
        assert_eq!((text.as_str(), text.source()), ("one ", 10..14));
        assert_eq!((rest.as_str(), rest.source()), ("two.é", 14..21));
        assert_eq!(rest.map().source(3..4), 17..17);
        let trimmed = rest.trim(|c| c == 'é' || c == 't');
        assert_eq!((trimmed.as_str(), trimmed.source()), ("wo.", 15..17));
        let sources: Vec<_> = trimmed.characters().map(|(_, source)| source).collect();
        assert_eq!(sources, [15..16, 16..17, 17..17]);
    }
}
