//! `Metaspace`: spaces become "▁", and each begins a word.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;

use super::normalizer::prepended;
use super::{named, parts, unsupported};
use crate::TokenizerError;
use crate::normalized::Normalized;

/// Replaces spaces by a sign, and splits the text at it.
#[derive(Debug, Deserialize)]
pub(super) struct Metaspace {
    pub(super) replacement: char,
    /// In files older than `prepend_scheme`: whether it is always added.
    add_prefix_space: Option<bool>,
    prepend_scheme: Option<PrependScheme>,
    split: Option<bool>,
}

/// Where a text without a leading sign gets one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum PrependScheme {
    /// At the beginning of the whole text.
    First,
    /// Nowhere.
    Never,
    /// After each added token, too.
    Always,
}

impl Metaspace {
    /// The only supported pre-tokenizer.
    pub(super) fn read(value: &Value) -> Result<Self, TokenizerError> {
        let mut all = Vec::new();
        let mut read = |value: &Value| Self::read_one("pre_tokenizer", value, "Metaspace is read");
        parts(value, "pretokenizers", &mut read, &mut all)?;
        let one = all.pop().filter(|_| all.is_empty());
        one.ok_or_else(|| unsupported("pre_tokenizer", named(value), "one Metaspace is read"))
    }

    pub(super) fn read_one(
        part: &'static str,
        value: &Value,
        supported: &'static str,
    ) -> Result<Self, TokenizerError> {
        let is_metaspace = value.get("type").and_then(Value::as_str) == Some("Metaspace");
        let metaspace = is_metaspace
            .then(|| Self::deserialize(value).ok())
            .flatten();
        let metaspace = metaspace.ok_or_else(|| unsupported(part, named(value), supported))?;
        if metaspace.add_prefix_space == Some(false)
            && (metaspace.prepend_scheme).is_some_and(|scheme| scheme != PrependScheme::Never)
        {
            return Err(TokenizerError::malformed(
                "add_prefix_space of its Metaspace contradicts prepend_scheme",
            ));
        }
        Ok(metaspace)
    }

    fn scheme(&self) -> PrependScheme {
        match (self.prepend_scheme, self.add_prefix_space) {
            (_, Some(false)) => PrependScheme::Never,
            (Some(scheme), _) => scheme,
            (None, _) => PrependScheme::Always,
        }
    }

    /// The text with signs for spaces, and its words.
    pub(super) fn apply(&self, old: Normalized) -> (Normalized, Vec<Range<usize>>) {
        let mut sign = [0; 4];
        let sign: &str = self.replacement.encode_utf8(&mut sign);
        let mut text = with_signs(old, sign);
        let prepends = match self.scheme() {
            PrependScheme::Always => true,
            PrependScheme::First => text.from_start > 0,
            PrependScheme::Never => false,
        };
        if prepends && !text.text.is_empty() && !text.text.starts_with(self.replacement) {
            text = prepended(&text, sign);
        }
        let mut words = Vec::new();
        let mut start = 0;
        if self.split.unwrap_or(true) {
            for (at, _) in text.text.match_indices(self.replacement) {
                if start < at {
                    words.push(start..at);
                }
                start = at;
            }
        }
        if start < text.text.len() {
            words.push(start..text.text.len());
        }
        (text, words)
    }

    /// As a decoder: signs become spaces, except that the first piece's are removed.
    pub(super) fn decoded(&self, index: usize, piece: &str) -> String {
        let space = if index == 0 && self.scheme() != PrependScheme::Never {
            ""
        } else {
            " "
        };
        piece.replace(self.replacement, space)
    }
}

fn with_signs(old: Normalized, sign: &str) -> Normalized {
    if !old.text.contains(' ') {
        return old;
    }
    let mut new = old.rewrite();
    let mut from_start = old.from_start;
    let mut at = 0;
    for (space, _) in old.text.match_indices(' ') {
        new.keep(at..space);
        new.put(sign, space..space + 1);
        at = space + 1;
        if space < old.from_start {
            from_start += sign.len() - 1;
        }
    }
    new.keep(at..old.text.len());
    new.finish(from_start)
}
