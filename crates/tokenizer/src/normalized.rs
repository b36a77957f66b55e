//! A text during normalisation, with the source of each byte.

use std::ops::Range;

/// A normalised text, or a part of one.
#[derive(Debug, Default)]
pub(crate) struct Normalized {
    pub(crate) text: String,
    /// For each byte, the bytes of the source that it was made from; empty if not needed.
    sources: Option<Vec<(usize, usize)>>,
    /// How many of the first bytes of `text` come from the source's first character, in the view of
    /// `tokenizers`: its `prepend_scheme: first` depends on that.
    pub(crate) from_start: usize,
}

impl Normalized {
    /// The part of `text` at `range`, unchanged. Sources are known later only with `keep`.
    pub(crate) fn new(text: &str, range: Range<usize>, keep: bool) -> Self {
        let start = range.start;
        let text = &text[range];
        let first = text.chars().next().map_or(0, char::len_utf8);
        let sources = || {
            let bytes = |(at, c): (usize, char)| {
                let source = (start + at, start + at + c.len_utf8());
                std::iter::repeat_n(source, c.len_utf8())
            };
            text.char_indices().flat_map(bytes).collect()
        };
        Self {
            sources: keep.then(sources),
            text: text.to_owned(),
            from_start: if start == 0 { first } else { 0 },
        }
    }

    /// The bytes of the source for the text at `range`.
    pub(crate) fn source(&self, range: Range<usize>) -> Range<usize> {
        let sources = self.sources.as_ref().and_then(|all| all.get(range));
        match sources {
            Some([(start, _), .., (_, end)] | [(start, end)]) => *start..*end,
            Some([]) | None => 0..0,
        }
    }

    /// The part at `range`.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let sources = self.sources.as_ref().and_then(|all| all.get(range.clone()));
        Self {
            sources: sources.map(<[_]>::to_vec),
            from_start: self.from_start.min(range.end).saturating_sub(range.start),
            text: self.text[range].to_owned(),
        }
    }

    /// Starts to rewrite the text.
    pub(crate) fn rewrite(&self) -> Rewrite<'_> {
        Rewrite {
            old: self,
            text: String::with_capacity(self.text.len() + 8),
            sources: (self.sources.as_ref()).map(|old| Vec::with_capacity(old.len() + 8)),
        }
    }
}

/// A new text that is made from an old one.
pub(crate) struct Rewrite<'a> {
    old: &'a Normalized,
    pub(crate) text: String,
    sources: Option<Vec<(usize, usize)>>,
}

impl Rewrite<'_> {
    /// Appends the old text's bytes at `range`.
    pub(crate) fn keep(&mut self, range: Range<usize>) {
        self.text.push_str(&self.old.text[range.clone()]);
        if let (Some(new), Some(old)) = (&mut self.sources, &self.old.sources) {
            new.extend_from_slice(&old[range]);
        }
    }

    /// Appends `text`, which was made from the old text's bytes at `range`.
    pub(crate) fn put(&mut self, text: &str, range: Range<usize>) {
        self.text.push_str(text);
        if let (Some(new), Some(old)) = (&mut self.sources, &self.old.sources) {
            let start = old.get(range.start).map_or_else(
                || old.last().map_or(0, |(_, end)| *end),
                |(start, _)| *start,
            );
            let end = if range.is_empty() {
                start
            } else {
                old[range.end - 1].1
            };
            new.extend(std::iter::repeat_n((start, end), text.len()));
        }
    }

    /// Truncates the text to `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.text.truncate(length);
        if let Some(sources) = &mut self.sources {
            sources.truncate(length);
        }
    }

    /// The new text; its first `from_start` bytes are attributed to the source's first.
    pub(crate) fn finish(self, from_start: usize) -> Normalized {
        Normalized {
            text: self.text,
            sources: self.sources,
            from_start,
        }
    }
}
