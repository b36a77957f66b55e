//! SentencePiece's normalisation: a table of replacements, and the treatment of spaces.

use std::ops::Range;

use super::proto::NormalizerSpec;
use crate::charsmap::CharsMap;
use crate::normalized::Normalized;
use crate::trie::Trie;
use crate::{SPACE, TokenizerError};

/// The rules of a model.
#[derive(Debug)]
pub(super) struct CharsMapNormalizer {
    map: Option<CharsMap>,
    /// Pieces that stay unchanged.
    fixed: Option<Trie>,
    prefix: bool,
    suffix: bool,
    pub(super) one_space: bool,
    space: String,
}

impl CharsMapNormalizer {
    /// `suffix` puts the inserted space at the end instead of the beginning.
    pub(super) fn new(
        spec: &NormalizerSpec,
        suffix: bool,
        fixed: Option<Trie>,
    ) -> Result<Self, TokenizerError> {
        let map = (spec.has_charsmap()).then(|| CharsMap::read(spec.precompiled_charsmap()));
        Ok(Self {
            map: map.transpose().map_err(TokenizerError::malformed)?,
            fixed,
            prefix: spec.add_dummy_prefix() && !suffix,
            suffix: spec.add_dummy_prefix() && suffix,
            one_space: spec.remove_extra_whitespaces(),
            space: if spec.escape_whitespaces() {
                SPACE.to_string()
            } else {
                " ".to_owned()
            },
        })
    }

    /// Whether a space is added at the beginning or the end.
    pub(super) fn adds_space(&self) -> bool {
        self.prefix || self.suffix
    }

    pub(super) fn apply(&self, text: &str, keep: bool) -> Normalized {
        let old = Normalized::new(text, 0..text.len(), keep);
        let mut new = old.rewrite();
        let mut at = 0;
        if self.one_space {
            while let Some((" ", end)) = self.step(text, at) {
                at = end;
            }
        }
        if at == text.len() {
            return new.finish(0);
        }
        if self.prefix {
            new.put(&self.space, at..at);
        }
        let mut after_space = self.one_space;
        while let Some((mut by, end)) = self.step(text, at) {
            if after_space {
                by = by.trim_start_matches(' ');
            }
            if !by.is_empty() {
                put(&mut new, by, at..end, &self.space);
                after_space = self.one_space && by.ends_with(' ');
            }
            at = end;
        }
        if self.one_space {
            let kept = new.text.trim_end_matches(self.space.as_str()).len();
            new.truncate(kept);
        }
        if self.suffix {
            new.put(&self.space, text.len()..text.len());
        }
        new.finish(0)
    }

    /// The replacement at `at`, and the end of the replaced text.
    fn step<'a>(&'a self, text: &'a str, at: usize) -> Option<(&'a str, usize)> {
        let rest = &text[at..];
        let first = rest.chars().next()?;
        let fixed = self.fixed.as_ref();
        if let Some((length, _)) = fixed.and_then(|fixed| fixed.longest(rest.as_bytes())) {
            return Some((&rest[..length], at + length));
        }
        let longest = self.map.as_ref().and_then(|map| map.matches(rest).last());
        Some(match longest {
            Some((length, by)) => (by, at + length),
            None => (&rest[..first.len_utf8()], at + first.len_utf8()),
        })
    }
}

/// Appends `text`, with its spaces replaced by `space`.
fn put(new: &mut crate::normalized::Rewrite<'_>, text: &str, range: Range<usize>, space: &str) {
    for (index, part) in text.split(' ').enumerate() {
        if index > 0 {
            new.put(space, range.clone());
        }
        new.put(part, range.clone());
    }
}
