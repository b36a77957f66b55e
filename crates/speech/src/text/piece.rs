//! A piece of a text, as written and as spoken.

use std::ops::Range;

use super::map::SourceMap;

/// A range of the spoken text, and the range of the source that it replaces.
type Replaced = (Range<usize>, Range<usize>);

/// A piece of a text. If it was rewritten (numbers, pronunciations), it keeps its source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextPiece {
    text: String,
    /// The rewriting, if there was one.
    rewriting: Option<Rewriting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rewriting {
    source: String,
    replaced: Vec<Replaced>,
}

impl TextPiece {
    /// `text`, which was made from `source`: pairs of bytes of the text and bytes of the source, in
    /// order. Text between them is unchanged.
    pub fn rewritten(
        source: String,
        text: String,
        replaced: impl IntoIterator<Item = (Range<usize>, Range<usize>)>,
    ) -> Self {
        let replaced = replaced.into_iter().collect();
        Self {
            text,
            rewriting: Some(Rewriting { source, replaced }),
        }
    }

    /// The text as it is spoken.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        (self.rewriting.as_ref()).map_or(&self.text, |rewriting| &rewriting.source)
    }

    /// The map from the text to the source.
    pub fn map(&self) -> SourceMap {
        match &self.rewriting {
            None => SourceMap::identity(self.text.len(), 0),
            Some(Rewriting { source, replaced }) => {
                SourceMap::of_replacements(self.text.len(), source.len(), replaced.iter().cloned())
            }
        }
    }

    /// Parts of about `length` bytes, which together are the whole piece. A rewritten range is
    /// never divided.
    pub(crate) fn parts(self, length: usize) -> impl Iterator<Item = Self> + Send {
        let (mut at, mut source_at, mut next) = (0, 0, 0);
        std::iter::from_fn(move || {
            let text = &self.text;
            let Some(Rewriting { source, replaced }) = &self.rewriting else {
                let end = text.ceil_char_boundary(at + length);
                let part = Self::from(&text[at..end]);
                at = end;
                return Some(part).filter(|part| !part.text.is_empty());
            };
            if at == text.len() && source_at == source.len() {
                return None;
            }
            let mut end = text.ceil_char_boundary(at + length);
            let first = next;
            let mut source_end = source_at + end - at;
            let (mut last, mut last_source) = (at, source_at);
            while let Some((new, old)) = replaced.get(next).filter(|(new, _)| new.start <= end) {
                (last, last_source) = (new.end, old.end);
                end = end.max(new.end);
                next += 1;
            }
            if next > first {
                source_end = last_source + end - last;
            }
            let moved = replaced[first..next].iter().map(|(new, old)| {
                (
                    new.start - at..new.end - at,
                    old.start - source_at..old.end - source_at,
                )
            });
            let (new, old) = (&text[at..end], &source[source_at..source_end]);
            let part = Self::rewritten(old.to_owned(), new.to_owned(), moved);
            (at, source_at) = (end, source_end);
            Some(part)
        })
    }
}

impl From<String> for TextPiece {
    fn from(text: String) -> Self {
        Self {
            text,
            rewriting: None,
        }
    }
}

impl From<&String> for TextPiece {
    fn from(text: &String) -> Self {
        Self::from(text.clone())
    }
}

impl From<&str> for TextPiece {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewritten_text_comes_in_parts_of_its_source() {
        // "a 12 b 👾3" becomes "a twelve b three".
        let (source, text) = ("a 12 b 👾3", "a twelve b three");
        let replaced = [(2..8, 2..4), (11..11, 7..11), (11..16, 11..12)];
        let piece = TextPiece::rewritten(source.to_owned(), text.to_owned(), replaced);
        for length in 1..20 {
            let parts: Vec<_> = piece.clone().parts(length).collect();
            let join = |of: fn(&TextPiece) -> &str| parts.iter().map(of).collect::<String>();
            assert_eq!(join(TextPiece::text), text, "{length}");
            assert_eq!(join(TextPiece::source), source, "{length}");
            let mut from = 0;
            let mut sources = Vec::new();
            for part in &parts {
                let map = part.map();
                sources.extend((0..part.text.len()).map(|at| {
                    let found = map.source(at..at + 1);
                    found.start + from..found.end + from
                }));
                from += part.source().len();
            }
            let whole = piece.map();
            let expected: Vec<_> = (0..text.len()).map(|at| whole.source(at..at + 1)).collect();
            assert_eq!(sources, expected, "{length}");
        }
        let plain: Vec<_> = TextPiece::from("grün").parts(3).collect();
        assert_eq!(plain, [TextPiece::from("grü"), TextPiece::from("n")]);
        let nothing = TextPiece::rewritten("👾".to_owned(), String::new(), [(0..0, 0..4)]);
        assert_eq!(nothing.clone().parts(9).collect::<Vec<_>>(), [nothing]);
    }
}
