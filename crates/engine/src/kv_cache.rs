//! Twin of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.

use kernels::{Cache, CacheFormat, Heads, Side};

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(crate) struct KvCache {
    pub(crate) keys: Cache,
    pub(crate) values: Cache,
}

impl KvCache {
    /// No rows yet.
    pub(crate) fn new(heads: Heads, format: CacheFormat) -> Self {
        Self {
            keys: Cache::new(heads, Side::Keys, format),
            values: Cache::new(heads, Side::Values, format),
        }
    }

    /// Keys (0) or values (1), as upstream stacks them.
    pub(crate) fn rows(&self, index: Option<usize>) -> Option<&Cache> {
        match index {
            Some(0) => Some(&self.keys),
            Some(1) => Some(&self.values),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn rows_mut(&mut self, index: Option<usize>) -> Option<&mut Cache> {
        match index {
            Some(0) => Some(&mut self.keys),
            Some(1) => Some(&mut self.values),
            _ => None,
        }
    }

    /// Whether this layer has as many keys and values as `other` has keys.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.keys.rows() == other.keys.rows() && self.values.rows() == other.keys.rows()
    }
}
