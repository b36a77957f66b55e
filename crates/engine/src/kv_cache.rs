//! Counterpart of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.

use kernels::{Cache, CacheFormat, HeadShape, KvRole};

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(crate) struct KvCache {
    pub(crate) keys: Cache,
    pub(crate) values: Cache,
}

impl KvCache {
    /// No rows yet.
    pub(crate) fn new(heads: HeadShape, format: CacheFormat) -> Self {
        Self {
            keys: Cache::new(heads, KvRole::Keys, format),
            values: Cache::new(heads, KvRole::Values, format),
        }
    }

    /// Keys or values.
    pub(crate) fn part(&self, role: KvRole) -> &Cache {
        match role {
            KvRole::Keys => &self.keys,
            KvRole::Values => &self.values,
        }
    }

    /// Keys or values, to be changed.
    pub(crate) fn part_mut(&mut self, role: KvRole) -> &mut Cache {
        match role {
            KvRole::Keys => &mut self.keys,
            KvRole::Values => &mut self.values,
        }
    }

    /// Whether this layer has as many keys and values as `other` has keys.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.keys.rows() == other.keys.rows() && self.values.rows() == other.keys.rows()
    }
}
