//! Twin of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.

use kernels::{Cache, CacheFormat, Heads, Side};

use crate::context::Context;

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

    /// Values of a row of keys (0) or values (1).
    pub(crate) fn row(heads: Heads, index: Option<usize>) -> Option<usize> {
        matches!(index, Some(0 | 1)).then(|| heads.row())
    }

    /// Replaces keys (0) or values (1). None if `index` is neither, or `rows` are no whole rows.
    #[must_use]
    pub(crate) fn set(&mut self, ctx: &Context, index: Option<usize>, rows: &[f32]) -> Option<()> {
        let cache = match index {
            Some(0) => &mut self.keys,
            Some(1) => &mut self.values,
            _ => return None,
        };
        let whole = rows.len().is_multiple_of(cache.heads().row());
        whole.then(|| cache.set(ctx.kernels, rows))
    }

    /// Whether this layer has as many keys and values as `other` has keys.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.keys.rows() == other.keys.rows() && self.values.rows() == other.keys.rows()
    }
}
