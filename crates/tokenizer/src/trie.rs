//! Pieces by their bytes.

/// A prefix tree of pieces.
#[derive(Debug)]
pub(crate) struct Trie {
    nodes: Vec<TrieNode>,
}

#[derive(Debug, Default)]
struct TrieNode {
    /// Sorted by byte.
    children: Vec<(u8, usize)>,
    id: Option<usize>,
}

impl Default for Trie {
    fn default() -> Self {
        Self {
            nodes: vec![TrieNode::default()],
        }
    }
}

impl Trie {
    /// A duplicate piece has its last id.
    pub(crate) fn insert(&mut self, piece: &[u8], id: usize) {
        let mut at = 0;
        for &byte in piece {
            let next = self.nodes.len();
            let children = &mut self.nodes[at].children;
            at = match children.binary_search_by_key(&byte, |(byte, _)| *byte) {
                Ok(found) => children[found].1,
                Err(place) => {
                    children.insert(place, (byte, next));
                    self.nodes.push(TrieNode::default());
                    next
                }
            };
        }
        self.nodes[at].id = Some(id);
    }

    /// The id of a piece.
    pub(crate) fn get(&self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        for byte in piece {
            at = self.child(at, *byte)?;
        }
        self.nodes[at].id
    }

    /// The node that follows node `at` by `byte`.
    fn child(&self, at: usize, byte: u8) -> Option<usize> {
        let children = &self.nodes[at].children;
        let found = children.binary_search_by_key(&byte, |(byte, _)| *byte);
        Some(children[found.ok()?].1)
    }

    /// Length and id of every piece at the beginning of `text`, shortest first.
    pub(crate) fn prefixes<'a>(
        &'a self,
        text: &'a [u8],
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let mut at = 0;
        let nodes = text.iter().map_while(move |byte| {
            at = self.child(at, *byte)?;
            Some(self.nodes[at].id)
        });
        (1..)
            .zip(nodes)
            .filter_map(|(length, id)| Some((length, id?)))
    }

    /// Length and id of the longest piece at the beginning of `text`.
    pub(crate) fn longest(&self, text: &[u8]) -> Option<(usize, usize)> {
        self.prefixes(text).last()
    }
}
