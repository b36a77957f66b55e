//! Normalisation of the text between added tokens, part by part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{named, parts, unsupported};
use crate::TokenizerError;
use crate::charsmap::CharsMap;
use crate::normalized::Normalized;

/// The steps of normalisation.
#[derive(Debug)]
pub(super) struct JsonNormalizer(Vec<NormalizerStep>);

#[derive(Debug)]
enum NormalizerStep {
    Prepend(String),
    Replace(Replace),
    Strip { left: bool, right: bool },
    Precompiled(CharsMap),
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Form {
    Prepend {
        prepend: String,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    Strip {
        strip_left: bool,
        strip_right: bool,
    },
    Precompiled {
        precompiled_charsmap: Option<String>,
    },
}

/// What `Replace` searches.
#[derive(Deserialize)]
enum Pattern {
    String(String),
    Regex(String),
}

/// Replaces all occurrences of a text.
#[derive(Debug)]
pub(super) struct Replace {
    find: Find,
    content: String,
}

#[derive(Debug)]
enum Find {
    Text(String),
    /// Two or more spaces: the only regular expression that converters write.
    Spaces,
}

impl JsonNormalizer {
    pub(super) fn read(value: &Value) -> Result<Self, TokenizerError> {
        let mut steps = Vec::new();
        parts(value, "normalizers", &mut NormalizerStep::read, &mut steps)?;
        Ok(Self(steps))
    }

    pub(super) fn apply(&self, text: Normalized) -> Normalized {
        self.0.iter().fold(text, |text, step| step.apply(text))
    }
}

impl NormalizerStep {
    fn read(value: &Value) -> Result<Self, TokenizerError> {
        const SUPPORTED: &str = "Prepend, Replace, Strip and Precompiled are read";
        let form = Form::deserialize(value);
        let form = form.map_err(|_| unsupported("normalizer", named(value), SUPPORTED))?;
        Ok(match form {
            Form::Prepend { prepend } => Self::Prepend(prepend),
            Form::Replace { pattern, content } => {
                Self::Replace(Replace::new("normalizer", pattern, content)?)
            }
            Form::Strip {
                strip_left: left,
                strip_right: right,
            } => Self::Strip { left, right },
            Form::Precompiled {
                precompiled_charsmap,
            } => {
                let blob = STANDARD.decode(precompiled_charsmap.unwrap_or_default());
                let blob = blob.map_err(|_| {
                    TokenizerError::malformed("its precompiled_charsmap is no base64")
                })?;
                Self::Precompiled(CharsMap::read(&blob).map_err(TokenizerError::malformed)?)
            }
        })
    }

    fn apply(&self, old: Normalized) -> Normalized {
        match self {
            // An empty text stays empty.
            Self::Prepend(_) if old.text.is_empty() => old,
            Self::Prepend(prepend) => prepended(&old, prepend),
            Self::Replace(replace) => replace.apply(old),
            Self::Strip { left, right } => {
                let mut range = 0..old.text.len();
                if *left {
                    range.start = range.end - old.text.trim_start().len();
                }
                if *right {
                    range.end = old.text.trim_end().len().max(range.start);
                }
                if range == (0..old.text.len()) {
                    old
                } else {
                    old.slice(range)
                }
            }
            Self::Precompiled(map) => precompiled(&old, map),
        }
    }
}

/// The text with a prefix, whose source is empty here; `tokenizers` counts it to the first character
/// of the text, as `from_start` does.
pub(super) fn prepended(old: &Normalized, prepend: &str) -> Normalized {
    let mut new = old.rewrite();
    new.put(prepend, 0..0);
    new.keep(0..old.text.len());
    let more = if old.from_start > 0 { prepend.len() } else { 0 };
    new.finish(old.from_start + more)
}

/// `tokenizers` replaces whole grapheme clusters of up to five bytes by the shortest matching rule.
/// Longer clusters, and those without a rule, are replaced character by character.
fn precompiled(old: &Normalized, map: &CharsMap) -> Normalized {
    let mut new = old.rewrite();
    let mut origin = Pairing::new(old);
    let mut at = 0;
    let rule = |text: &str| map.matches(text).next().map(|(_, by)| by.to_owned());
    for grapheme in old.text.graphemes(true) {
        let start = at;
        at += grapheme.len();
        let whole = (grapheme.len() < 6).then(|| rule(grapheme)).flatten();
        if let Some(by) = whole {
            origin.replaced(grapheme, &by);
            new.put(&by, start..at);
            continue;
        }
        for (offset, character) in grapheme.char_indices() {
            let range = start + offset..start + offset + character.len_utf8();
            let part = &old.text[range.clone()];
            if let Some(by) = rule(part) {
                origin.replaced(part, &by);
                new.put(&by, range);
            } else {
                origin.kept(character);
                new.keep(range);
            }
        }
    }
    new.finish(origin.bytes())
}

/// Finds out which bytes `tokenizers` attributes to the first characters of the source. It pairs
/// new and old characters in order, but forgets those that were removed before the first new one,
/// so all later ones are paired too early. `prepend_scheme: first` depends on that.
struct Pairing<'a> {
    old: &'a Normalized,
    /// For each new character its size, and its effect on the old ones: 0 replaces the next one, 1
    /// adds itself, -n removes n more than the one that it replaces.
    changes: Vec<(usize, isize)>,
    /// Old characters with a replacement so far: each has at least one byte, so this is the least
    /// number of new bytes.
    counted: usize,
    modified: bool,
}

impl<'a> Pairing<'a> {
    fn new(old: &'a Normalized) -> Self {
        Self {
            old,
            changes: Vec::new(),
            counted: 0,
            modified: false,
        }
    }

    /// What follows the source's first characters does not matter.
    fn matters(&self) -> bool {
        self.counted < self.old.from_start
    }

    fn kept(&mut self, character: char) {
        if self.matters() {
            self.changes.push((character.len_utf8(), 0));
            self.counted += 1;
        }
    }

    fn replaced(&mut self, old: &str, new: &str) {
        self.modified = true;
        if !self.matters() {
            return;
        }
        let sizes = new.chars().map(|c| (c.len_utf8(), 0));
        self.changes.extend(sizes);
        self.counted += usize::from(!new.is_empty());
        let more = new.chars().count() as isize - old.chars().count() as isize;
        if more > 0 {
            let added = self.changes.iter_mut().rev().take(more as usize);
            added.for_each(|(_, change)| *change = 1);
        } else if let Some((_, change)) = self.changes.last_mut() {
            *change += more;
        }
    }

    /// The number of new bytes.
    fn bytes(self) -> usize {
        if !self.modified {
            return self.old.from_start;
        }
        let mut old = self.old.text.chars().map(char::len_utf8);
        let mut offset = 0_usize;
        let mut from_start = 0;
        for (size, change) in self.changes {
            let paired = match change {
                1.. => offset.saturating_sub(1),
                _ => offset,
            };
            if paired >= self.old.from_start {
                break;
            }
            from_start += size;
            if change <= 0 {
                let taken = 1 + change.unsigned_abs();
                offset += old.by_ref().take(taken).sum::<usize>();
            }
        }
        from_start
    }
}

impl Replace {
    fn new(part: &'static str, pattern: Pattern, content: String) -> Result<Self, TokenizerError> {
        let find = match pattern {
            Pattern::String(text) if !text.is_empty() => Find::Text(text),
            Pattern::Regex(pattern) if pattern == " {2,}" => Find::Spaces,
            Pattern::String(pattern) | Pattern::Regex(pattern) => {
                let found = format!("Replace of {pattern:?}");
                let supported = "texts and the regular expression \" {2,}\" are replaced";
                return Err(unsupported(part, found, supported));
            }
        };
        Ok(Self { find, content })
    }

    /// Reads the replacement of a decoder.
    pub(super) fn read(value: &Value) -> Result<Self, TokenizerError> {
        match Form::deserialize(value) {
            Ok(Form::Replace { pattern, content }) => Self::new("decoder", pattern, content),
            _ => Err(unsupported(
                "decoder",
                named(value),
                super::decoder::SUPPORTED,
            )),
        }
    }

    /// The next match at or after `from`.
    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        match &self.find {
            Find::Text(find) => {
                let start = from + text[from..].find(find)?;
                Some((start, start + find.len()))
            }
            Find::Spaces => {
                let start = from + text[from..].find("  ")?;
                let rest = text[start..].trim_start_matches(' ');
                Some((start, text.len() - rest.len()))
            }
        }
    }

    fn apply(&self, old: Normalized) -> Normalized {
        if self.find(&old.text, 0).is_none() {
            return old;
        }
        let mut new = old.rewrite();
        let mut from_start = 0;
        let mut at = 0;
        while let Some((start, end)) = self.find(&old.text, at) {
            new.keep(at..start);
            from_start += old.from_start.min(start).saturating_sub(at);
            new.put(&self.content, start..end);
            // The source of the content is the last byte that it replaces.
            if end <= old.from_start {
                from_start += self.content.len();
            }
            at = end;
        }
        new.keep(at..old.text.len());
        from_start += old.from_start.saturating_sub(at);
        new.finish(from_start)
    }

    /// The text with all replacements.
    pub(super) fn replaced(&self, text: &str) -> String {
        let mut new = String::with_capacity(text.len());
        let mut at = 0;
        while let Some((start, end)) = self.find(text, at) {
            new.push_str(&text[at..start]);
            new.push_str(&self.content);
            at = end;
        }
        new + &text[at..]
    }
}
