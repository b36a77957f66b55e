//! Twin of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.

use kernels::{Cache, Heads, Kernels};

/// Rows of keys or values, `[rows, heads, dim_per_head]`, that grow at the end and may be
/// forgotten at the front.
#[derive(Clone, Debug)]
pub(crate) struct CachedRows {
    heads: Heads,
    values: Values,
    /// Rows at the front that are forgotten but still there.
    forgotten: usize,
}

#[derive(Clone, Debug)]
enum Values {
    F32(Vec<f32>),
    /// Integers, with a scale for every row and head.
    I16 {
        values: Vec<i16>,
        scales: Vec<f32>,
    },
}

/// Keys and values of one layer.
#[derive(Clone, Debug)]
pub(crate) struct KvCache {
    pub(crate) keys: CachedRows,
    pub(crate) values: CachedRows,
}

impl KvCache {
    /// No rows yet. Kept as integers, they take half the memory.
    pub(crate) fn new(heads: Heads, integers: bool) -> Self {
        Self {
            keys: CachedRows::new(heads, integers),
            values: CachedRows::new(heads, integers),
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
    fn new(heads: Heads, integers: bool) -> Self {
        Self {
            heads,
            values: if integers {
                Values::I16 {
                    values: Vec::new(),
                    scales: Vec::new(),
                }
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
            Values::I16 { values, .. } => values.len(),
        };
        length / self.heads.row() - self.forgotten
    }

    /// Puts rows behind the others.
    pub(crate) fn push(&mut self, kernels: Kernels, rows: &[f32]) {
        match &mut self.values {
            Values::F32(values) => values.extend_from_slice(rows),
            Values::I16 { values, scales } => {
                let start = values.len();
                values.resize(start + rows.len(), 0);
                let width = self.heads.width;
                let out = values[start..].chunks_exact_mut(width);
                for (head, out) in rows.chunks_exact(width).zip(out) {
                    scales.push(kernels.quantise(head, out));
                }
            }
        }
    }

    /// Rows `from` up to `to`, for a kernel.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Cache<'_> {
        let range = |width| (self.forgotten + from) * width..(self.forgotten + to) * width;
        match &self.values {
            Values::F32(values) => Cache::F32(&values[range(self.heads.row())]),
            Values::I16 { values, scales } => Cache::I16 {
                values: &values[range(self.heads.row())],
                scales: &scales[range(self.heads.keys)],
            },
        }
    }

    /// Keeps the last `rows` rows at most. Memory is moved only now and then.
    pub(crate) fn keep_last(&mut self, rows: usize) {
        self.forgotten += self.rows().saturating_sub(rows);
        if self.forgotten > rows {
            match &mut self.values {
                Values::F32(values) => drop(values.drain(..self.forgotten * self.heads.row())),
                Values::I16 { values, scales } => {
                    values.drain(..self.forgotten * self.heads.row());
                    scales.drain(..self.forgotten * self.heads.keys);
                }
            }
            self.forgotten = 0;
        }
    }

    /// All rows.
    pub(crate) fn get(&self) -> Vec<f32> {
        match self.slice(0, self.rows()) {
            Cache::F32(values) => values.to_vec(),
            Cache::I16 { values, scales } => {
                let heads = values.chunks_exact(self.heads.width).zip(scales);
                let number = |(head, scale): (&[i16], &f32)| {
                    let scale = *scale;
                    head.iter()
                        .map(move |v| f32::from(*v) * scale)
                        .collect::<Vec<_>>()
                };
                heads.flat_map(number).collect()
            }
        }
    }

    /// Replaces all rows.
    pub(crate) fn set(&mut self, kernels: Kernels, rows: &[f32]) {
        *self = Self::new(self.heads, matches!(self.values, Values::I16 { .. }));
        self.push(kernels, rows);
    }
}
