//! Twin of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use kernels::Cache;

/// Rows of keys or values, `[rows, heads, dim_per_head]`, that grow at the end and may be
/// forgotten at the front.
#[derive(Clone, Debug)]
pub(crate) struct CachedRows {
    width: usize,
    values: Values,
    /// Rows at the front that are forgotten but still there.
    forgotten: usize,
}

#[derive(Clone, Debug)]
enum Values {
    F32(Vec<f32>),
    F16(Vec<u16>),
}

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(crate) struct KvCache {
    pub(crate) keys: CachedRows,
    pub(crate) values: CachedRows,
}

impl KvCache {
    /// No rows yet. Kept as f16, they take half the memory.
    pub(crate) fn new(width: usize, halves: bool) -> Self {
        Self {
            keys: CachedRows::new(width, halves),
            values: CachedRows::new(width, halves),
        }
    }

    /// Keys (0) or values (1), as upstream stacks them.
    pub(crate) fn rows(&self, index: Option<usize>) -> Option<&CachedRows> {
        match index {
            Some(0) => Some(&self.keys),
            Some(1) => Some(&self.values),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn rows_mut(&mut self, index: Option<usize>) -> Option<&mut CachedRows> {
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

impl CachedRows {
    fn new(width: usize, halves: bool) -> Self {
        Self {
            width,
            values: if halves {
                Values::F16(Vec::new())
            } else {
                Values::F32(Vec::new())
            },
            forgotten: 0,
        }
    }

    /// Rows that are remembered.
    pub(crate) fn rows(&self) -> usize {
        let length = match &self.values {
            Values::F32(values) => values.len(),
            Values::F16(values) => values.len(),
        };
        length / self.width - self.forgotten
    }

    /// Puts one row behind the others.
    pub(crate) fn push(&mut self, row: &[f32]) {
        match &mut self.values {
            Values::F32(values) => values.extend_from_slice(row),
            Values::F16(values) => {
                let start = values.len();
                values.resize(start + row.len(), 0);
                let halves: &mut [f16] = values[start..].reinterpret_cast_mut();
                halves.convert_from_f32_slice(row);
            }
        }
    }

    /// Rows `from` up to `to`, for a kernel.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Cache<'_> {
        let range = (self.forgotten + from) * self.width..(self.forgotten + to) * self.width;
        match &self.values {
            Values::F32(values) => Cache::F32(&values[range]),
            Values::F16(values) => Cache::F16(&values[range]),
        }
    }

    /// Keeps the last `rows` rows at most. Memory is moved only now and then.
    pub(crate) fn keep_last(&mut self, rows: usize) {
        self.forgotten += self.rows().saturating_sub(rows);
        if self.forgotten > rows {
            let values = self.forgotten * self.width;
            match &mut self.values {
                Values::F32(all) => drop(all.drain(..values)),
                Values::F16(all) => drop(all.drain(..values)),
            }
            self.forgotten = 0;
        }
    }

    /// All rows.
    pub(crate) fn get(&self) -> Vec<f32> {
        match self.slice(0, self.rows()) {
            Cache::F32(values) => values.to_vec(),
            Cache::F16(values) => {
                let halves: &[f16] = values.reinterpret_cast();
                halves.to_f32_vec()
            }
        }
    }

    /// Replaces all rows.
    pub(crate) fn set(&mut self, rows: &[f32]) {
        self.forgotten = 0;
        match &mut self.values {
            Values::F32(values) => values.clear(),
            Values::F16(values) => values.clear(),
        }
        self.push(rows);
    }
}
