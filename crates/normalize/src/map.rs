//! Where the bytes of a rewritten text come from.

use std::ops::Range;

/// A part of the new text, and the part of the source that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacedRange {
    /// Bytes of the new text.
    pub output: Range<usize>,
    /// Bytes of the source.
    pub source: Range<usize>,
}

/// The rewritten parts of a text, in order. Text between them is unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplacedRanges {
    parts: Vec<ReplacedRange>,
}

/// One of the two texts of a map, which a position is in.
#[derive(Clone, Copy)]
enum Side {
    Output,
    Source,
}

impl ReplacedRange {
    fn on(&self, side: Side) -> &Range<usize> {
        match side {
            Side::Output => &self.output,
            Side::Source => &self.source,
        }
    }
}

impl ReplacedRanges {
    /// From parts in order, which do not overlap.
    pub fn new(parts: Vec<ReplacedRange>) -> Self {
        debug_assert!(parts.windows(2).all(|pair| {
            pair[0].output.end <= pair[1].output.start && pair[0].source.end <= pair[1].source.start
        }));
        Self { parts }
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[ReplacedRange] {
        &self.parts
    }

    /// The bytes of the source for a range of the new text: each rewritten part that the range
    /// touches counts as a whole.
    pub fn source(&self, output: Range<usize>) -> Range<usize> {
        self.translate(output, Side::Output, Side::Source)
    }

    /// The bytes of the new text for a range of the source.
    pub fn output(&self, source: Range<usize>) -> Range<usize> {
        self.translate(source, Side::Source, Side::Output)
    }

    fn translate(&self, range: Range<usize>, from: Side, to: Side) -> Range<usize> {
        // A part that is empty on this side belongs to neither neighbour.
        let first = (self.parts).partition_point(|part| part.on(from).end <= range.start);
        let is_touched = |part: &&ReplacedRange| part.on(from).start < range.end;
        let touched = self.parts[first..].iter().take_while(is_touched);
        let (mut start, mut end) = (None, None);
        let mut last = first;
        for part in touched {
            if range.start >= part.on(from).start {
                start = start.or(Some(part.on(to).start));
            }
            end = (range.end <= part.on(from).end).then_some(part.on(to).end);
            last += 1;
        }
        let start = start.unwrap_or_else(|| self.shift(first, range.start, from, to));
        let end = end.unwrap_or_else(|| self.shift(last, range.end, from, to));
        start..end.max(start)
    }

    /// A position after the first `parts` parts, in none of them.
    fn shift(&self, parts: usize, at: usize, from: Side, to: Side) -> usize {
        let last = parts.checked_sub(1).and_then(|last| self.parts.get(last));
        last.map_or(at, |last| {
            last.on(to).end + at.saturating_sub(last.on(from).end)
        })
    }

    /// The map of a text that was rewritten twice: by this map, and then by `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let (mut first, mut second) = (self.parts.iter().peekable(), next.parts.iter().peekable());
        let mut parts = Vec::new();
        loop {
            // In the text between the two rewritings.
            let middle = match (first.peek(), second.peek()) {
                (Some(a), Some(b)) if a.output.start <= b.source.start => a.output.clone(),
                (_, Some(b)) => b.source.clone(),
                (Some(a), None) => a.output.clone(),
                (None, None) => return Self::new(parts),
            };
            let mut union = middle;
            let (mut output, mut source) = (None, None);
            // Overlapping parts are merged.
            loop {
                let reaches = |range: &Range<usize>| {
                    range.start < union.end
                        || (range.start == union.start && range.end >= union.end)
                };
                if let Some(a) = first.next_if(|a| reaches(&a.output)) {
                    union.end = union.end.max(a.output.end);
                    source = Some(hull(source, &a.source));
                } else if let Some(b) = second.next_if(|b| reaches(&b.source)) {
                    union.end = union.end.max(b.source.end);
                    output = Some(hull(output, &b.output));
                } else {
                    break;
                }
            }
            parts.push(ReplacedRange {
                output: hull(output, &next.output(union.clone())),
                source: hull(source, &self.source(union)),
            });
        }
    }

    /// Appends the map of the text that follows.
    pub(crate) fn append(&mut self, next: Self) {
        self.parts.extend(next.parts);
    }

    /// The same map, shifted by these offsets.
    pub(crate) fn moved(mut self, output: usize, source: usize) -> Self {
        for part in &mut self.parts {
            part.output = part.output.start + output..part.output.end + output;
            part.source = part.source.start + source..part.source.end + source;
        }
        self
    }
}

/// The range from the first byte of both to the last.
fn hull(a: Option<Range<usize>>, b: &Range<usize>) -> Range<usize> {
    a.map_or(b.clone(), |a| a.start.min(b.start)..a.end.max(b.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(parts: &[(Range<usize>, Range<usize>)]) -> ReplacedRanges {
        let part = |(output, source): &(Range<usize>, Range<usize>)| ReplacedRange {
            output: output.clone(),
            source: source.clone(),
        };
        ReplacedRanges::new(parts.iter().map(part).collect())
    }

    #[test]
    fn ranges_of_the_source_are_found() {
        // "a 12 b 3" becomes "a twelve b three".
        let map = map(&[(2..8, 2..4), (11..16, 7..8)]);
        let cases = [
            (0..1, 0..1),
            (2..8, 2..4),
            (3..5, 2..4),
            (0..3, 0..4),
            (8..9, 4..5),
            (9..10, 5..6),
            (9..12, 5..8),
            (11..16, 7..8),
            (16..16, 8..8),
            (0..16, 0..8),
            (2..2, 2..2),
        ];
        for (output, source) in cases {
            assert_eq!(map.source(output.clone()), source, "{output:?}");
        }
        assert_eq!(map.output(2..3), 2..8);
        assert_eq!(map.output(5..6), 9..10);
    }

    #[test]
    fn two_maps_are_one() {
        // "GB 5" becomes "gigabyte 5", which becomes "gigabyte five".
        let first = map(&[(0..8, 0..2)]);
        let second = map(&[(9..13, 9..10)]);
        assert_eq!(first.then(&second), map(&[(0..8, 0..2), (9..13, 3..4)]));
        // "x" becomes "5 kg", which becomes "five kilograms".
        let first = map(&[(0..4, 0..1)]);
        let second = map(&[(0..14, 0..4)]);
        assert_eq!(first.then(&second), map(&[(0..14, 0..1)]));
        // "x kg" becomes "5 kg".
        let first = map(&[(0..1, 0..1)]);
        assert_eq!(first.then(&second), map(&[(0..14, 0..4)]));
        let nothing = ReplacedRanges::default();
        assert_eq!(nothing.then(&second), second);
        assert_eq!(second.then(&nothing), second);
    }
}
