//! Added tokens, which are cut out of a text before the model sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;

use super::{JsonModel, JsonNormalizer, unsupported};
use crate::TokenizerError;
use crate::normalized::Normalized;
use crate::trie::Trie;

/// An added token as listed in the file.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the file's own fields")]
pub(super) struct AddedToken {
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    special: bool,
}

/// All added tokens, by the text in which they are searched.
#[derive(Debug, Default)]
pub(super) struct AddedTokens {
    /// Those searched in the raw text.
    pub(super) raw: Matcher,
    /// Those searched in the normalised text.
    pub(super) normalized: Matcher,
    by_id: BTreeMap<usize, AddedToken>,
    ids: BTreeMap<String, usize>,
    /// Contents that decoding drops.
    special: BTreeSet<String>,
    /// Contents after normalisation, if it changes them.
    decoded: BTreeMap<usize, String>,
}

/// Finds tokens in a text: the leftmost first, and of those the longest.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    trie: Option<Trie>,
    strips: BTreeMap<usize, (bool, bool)>,
}

impl AddedTokens {
    pub(super) fn new(
        tokens: Vec<AddedToken>,
        model: &JsonModel,
        normalizer: Option<&JsonNormalizer>,
    ) -> Result<Self, TokenizerError> {
        let mut added = Self::default();
        // The ids in the file are ignored: a token has the model's id or the next free one.
        let mut next = model.vocab_size();
        for token in tokens.into_iter().filter(|token| !token.content.is_empty()) {
            if token.single_word {
                let name = format!("{:?} with single_word", token.content);
                return Err(unsupported(
                    "added token",
                    name,
                    "tokens are found everywhere",
                ));
            }
            let known = added.ids.get(&token.content).copied();
            let id = known.or_else(|| model.id(&token.content));
            let id = id.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            added.ids.insert(token.content.clone(), id);
            if token.special {
                added.special.insert(token.content.clone());
            }
            added.by_id.insert(id, token);
        }
        for (&id, token) in &added.by_id {
            let mut content = token.content.clone();
            if let Some(normalizer) = normalizer.filter(|_| token.normalized) {
                let whole = Normalized::new(&content, 0..content.len(), false);
                let text = normalizer.apply(whole).text;
                if text != content {
                    added.decoded.insert(id, text.clone());
                }
                content = text;
            }
            let matcher = if token.normalized {
                &mut added.normalized
            } else {
                &mut added.raw
            };
            if !matcher.insert(&content, id, (token.lstrip, token.rstrip)) {
                return Err(TokenizerError::malformed(format!(
                    "normalisation leaves nothing of the added token {:?}, or makes it equal to another",
                    token.content
                )));
            }
        }
        Ok(added)
    }

    /// How many are not pieces of the model.
    pub(super) fn beyond(&self, model: &JsonModel) -> usize {
        (self.ids.keys())
            .filter(|content| model.id(content).is_none())
            .count()
    }

    pub(super) fn piece(&self, id: usize) -> Option<&str> {
        self.by_id.get(&id).map(|token| token.content.as_str())
    }

    /// The text that a token decodes to: its content as it is searched.
    pub(super) fn decoded(&self, id: usize) -> Option<&str> {
        let decoded = self.decoded.get(&id).map(String::as_str);
        decoded.or_else(|| self.piece(id))
    }

    /// Whether decoding drops this token.
    pub(super) fn is_special(&self, piece: &str) -> bool {
        self.special.contains(piece)
    }
}

impl Matcher {
    /// Whether the content can be found and told from others.
    fn insert(&mut self, content: &str, id: usize, strips: (bool, bool)) -> bool {
        let trie = self.trie.get_or_insert_default();
        let longest = trie.longest(content.as_bytes());
        if content.is_empty() || longest.is_some_and(|(length, _)| length == content.len()) {
            return false;
        }
        trie.insert(content.as_bytes(), id);
        self.strips.insert(id, strips);
        true
    }

    /// The parts of the text: tokens with their ids, and the text between them.
    pub(super) fn find(&self, text: &str) -> Vec<(Option<usize>, Range<usize>)> {
        let mut parts = Vec::new();
        // End of the last token, including the white space that belongs to it.
        let mut done = 0;
        let mut at = 0;
        while let Some(trie) = self.trie.as_ref().filter(|_| at < text.len()) {
            let Some((length, id)) = trie.longest(&text.as_bytes()[at..]) else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            };
            let (mut start, mut end) = (at, at + length);
            at = end;
            let (left, right) = self.strips.get(&id).copied().unwrap_or_default();
            if left {
                start = text[..start].trim_end().len().max(done);
            }
            if right {
                end = text.len() - text[end..].trim_start().len();
            }
            if done < start {
                parts.push((None, done..start));
            }
            parts.push((Some(id), start..end));
            done = end;
        }
        if done < text.len() {
            parts.push((None, done..text.len()));
        }
        parts
    }
}
