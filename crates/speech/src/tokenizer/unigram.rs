//! The Unigram model: the likeliest way to cut a text into pieces. It takes the same decisions
//! as Hugging Face's `tokenizers`, ties included.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::TokenizerError;

/// How much worse than the worst piece a character is that no piece has.
const UNKNOWN_PENALTY: f64 = 10.0;

/// Pieces with their log probabilities.
pub(super) struct Unigram {
    pieces: Vec<(String, f64)>,
    ids: HashMap<String, usize>,
    /// Id of the unknown piece.
    unknown: Option<usize>,
    unknown_score: f64,
    /// Ids of the 256 byte pieces, where the model falls back on them and has them.
    bytes: Option<Vec<usize>>,
    trie: Trie,
}

#[derive(Deserialize)]
struct File {
    vocab: Vec<(String, f64)>,
    unk_id: Option<usize>,
    #[serde(default)]
    byte_fallback: bool,
}

impl Unigram {
    pub(super) fn read(model: Value) -> Result<Self, TokenizerError> {
        let File {
            vocab: pieces,
            unk_id,
            byte_fallback,
        } = serde_json::from_value(model)?;
        if pieces.is_empty() || unk_id.is_none_or(|unknown| unknown >= pieces.len()) {
            return Err(TokenizerError::Unsupported {
                part: "model",
                found: "without an unknown piece".to_owned(),
                expected: "one (unk_id)",
            });
        }
        let mut trie = Trie::default();
        let mut ids = HashMap::new();
        for (id, (piece, _)) in pieces.iter().enumerate() {
            trie.insert(piece.as_bytes(), id);
            ids.insert(piece.clone(), id);
        }
        let bytes = (0..=255_u8).map(|byte| ids.get(&format!("<0x{byte:02X}>")).copied());
        let lowest = pieces
            .iter()
            .map(|(_, score)| *score)
            .fold(f64::INFINITY, f64::min);
        Ok(Self {
            bytes: bytes.collect::<Option<_>>().filter(|_| byte_fallback),
            unknown: unk_id,
            unknown_score: lowest - UNKNOWN_PENALTY,
            pieces,
            ids,
            trie,
        })
    }

    pub(super) fn vocab_size(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn piece(&self, id: i64) -> Option<&str> {
        let piece = self.pieces.get(usize::try_from(id).ok()?)?;
        Some(&piece.0)
    }

    pub(super) fn encode(&self, text: &str) -> Vec<i64> {
        let mut ids = Vec::new();
        for piece in self.cut(text) {
            match (self.ids.get(piece), &self.bytes) {
                (Some(&id), _) => ids.push(id as i64),
                (None, Some(bytes)) => {
                    ids.extend(piece.bytes().map(|byte| bytes[usize::from(byte)] as i64));
                }
                (None, None) => ids.extend(self.unknown.map(|id| id as i64)),
            }
        }
        ids
    }

    /// The likeliest pieces; neighbouring unknown characters are one piece.
    fn cut<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut ends: Vec<Option<Cut>> = vec![None; text.len() + 1];
        for (start, character) in text.char_indices() {
            let so_far = ends[start].map_or(0.0, |cut| cut.score);
            let mut improve = |end: usize, id: Option<usize>, score: f64| {
                let better = ends[end].is_none_or(|cut| score > cut.score);
                if better {
                    ends[end] = Some(Cut { start, id, score });
                }
            };
            let mut single = false;
            for (length, id) in self.trie.prefixes(&text.as_bytes()[start..]) {
                improve(start + length, Some(id), self.pieces[id].1 + so_far);
                single |= length == character.len_utf8();
            }
            if !single {
                let score = self.unknown_score + so_far;
                improve(start + character.len_utf8(), self.unknown, score);
            }
        }
        let mut pieces = Vec::new();
        let mut end = text.len();
        // Where the run of unknown characters ends that is being gathered.
        let mut unknown_end = None;
        while let Some(cut) = ends[end].filter(|_| end > 0) {
            if cut.id == self.unknown {
                unknown_end.get_or_insert(end);
            } else {
                pieces.extend(
                    unknown_end
                        .take()
                        .map(|unknown_end| &text[end..unknown_end]),
                );
                pieces.push(&text[cut.start..end]);
            }
            end = cut.start;
        }
        pieces.extend(unknown_end.map(|unknown_end| &text[..unknown_end]));
        pieces.reverse();
        pieces
    }
}

/// The best piece that ends at a place.
#[derive(Clone, Copy)]
struct Cut {
    start: usize,
    id: Option<usize>,
    /// Of the best way from the beginning to here.
    score: f64,
}

/// Pieces by their bytes.
struct Trie {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    /// Sorted by byte.
    children: Vec<(u8, usize)>,
    id: Option<usize>,
}

impl Default for Trie {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }
}

impl Trie {
    /// A piece that is there twice has its last id.
    fn insert(&mut self, piece: &[u8], id: usize) {
        let mut at = 0;
        for &byte in piece {
            let next = self.nodes.len();
            let children = &mut self.nodes[at].children;
            at = match children.binary_search_by_key(&byte, |(byte, _)| *byte) {
                Ok(found) => children[found].1,
                Err(place) => {
                    children.insert(place, (byte, next));
                    self.nodes.push(Node::default());
                    next
                }
            };
        }
        self.nodes[at].id = Some(id);
    }

    /// Length and id of every piece that `text` begins with, shortest first.
    fn prefixes<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        let mut at = 0;
        let nodes = text.iter().map_while(move |byte| {
            let children = &self.nodes[at].children;
            let found = children
                .binary_search_by_key(byte, |(byte, _)| *byte)
                .ok()?;
            at = children[found].1;
            Some(self.nodes[at].id)
        });
        (1..)
            .zip(nodes)
            .filter_map(|(length, id)| Some((length, id?)))
    }
}
