//! Counterpart of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.

use kernels::{Cache, CacheFormat, HeadShape, KvRole};

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(crate) struct KvCache {
    pub(crate) keys: Cache,
    pub(crate) values: Cache,
}

impl KvCache {
    /// A cache without rows.
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

#[cfg(test)]
mod tests {
    use kernels::{CpuKernels, Rows};

    use super::*;

    #[test]
    fn layers_are_alike_if_keys_and_values_are_as_many() {
        let heads = HeadShape {
            num_heads: 2,
            num_kv_heads: 1,
            head_dim: 4,
        };
        let (kernels, row) = (CpuKernels::default(), [0.5; 4]);
        let empty = KvCache::new(heads, CacheFormat::F32);
        let mut one = empty.clone();
        assert!(one.is_like(&empty));
        (one.part_mut(KvRole::Keys)).push(kernels, Rows::new(&row, 4));
        assert!(!one.is_like(&empty) && !empty.is_like(&one) && !one.is_like(&one));
        (one.part_mut(KvRole::Values)).push(kernels, Rows::new(&row, 4));
        assert!(!one.is_like(&empty) && one.is_like(&one));
        for role in [KvRole::Keys, KvRole::Values] {
            assert_eq!(one.part(role).get(), row);
        }
    }
}
