//! Cached keys or values of an attention.

mod storage;

use weights::PANEL;

use crate::Rows;
use crate::isa::CpuKernels;
use crate::size::size;
pub use storage::CacheFormat;
use storage::RowSlot;
pub(crate) use storage::{CacheBlocks, CacheStorage};

/// Rows of a block. A block of keys is a panel whose outputs are the rows; in one of values they are the
/// channels.
pub(crate) const CACHE_BLOCK_ROWS: usize = PANEL;

/// Shape of an attention's heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadShape {
    /// Query heads.
    pub num_heads: usize,
    /// Key and value heads; each serves `num_heads / num_kv_heads` neighbouring query heads.
    pub num_kv_heads: usize,
    /// Channels of a head.
    pub head_dim: usize,
}

impl HeadShape {
    /// Values of one cached row.
    pub fn row_width(&self) -> usize {
        size([self.num_kv_heads, self.head_dim])
    }

    /// Channels of a head in whole panels.
    pub(crate) fn padded_dim(&self) -> usize {
        (self.head_dim.checked_next_multiple_of(PANEL)).unwrap_or(usize::MAX)
    }

    /// Numbers of a head in a block.
    pub(crate) fn block_len(&self) -> usize {
        size([CACHE_BLOCK_ROWS, self.padded_dim()])
    }
}

/// What a cache holds, which decides its layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvRole {
    /// Keys, which queries are multiplied with: rows are a product's outputs.
    Keys,
    /// Values, which probabilities are multiplied with: channels are a product's outputs.
    Values,
}

/// Keys or values `[rows, num_kv_heads, head_dim]`, in blocks of 16 rows: `[blocks][num_kv_heads]`,
/// each head packed as the panels of a weight. Rows are added at the end and evicted at the front.
#[derive(Clone, Debug)]
pub struct Cache {
    heads: HeadShape,
    role: KvRole,
    pub(crate) storage: CacheStorage,
    /// Rows at the front that are evicted, or were never there.
    begin: usize,
    /// Rows in blocks, the evicted ones included.
    end: usize,
}

impl Cache {
    /// A cache without rows.
    pub fn new(heads: HeadShape, role: KvRole, format: CacheFormat) -> Self {
        Self {
            heads,
            role,
            storage: CacheStorage::new(format),
            begin: 0,
            end: 0,
        }
    }

    /// Shape of its heads.
    pub fn heads(&self) -> HeadShape {
        self.heads
    }

    /// Rows that are cached.
    pub fn rows(&self) -> usize {
        self.end - self.begin
    }

    /// The cached rows, counted from the first block.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.begin..self.end
    }

    /// Whether it holds keys or values.
    pub(crate) fn role(&self) -> KvRole {
        self.role
    }

    /// Adds rows at the end.
    ///
    /// # Panics
    ///
    /// If `rows` has not as many values as it says.
    pub fn push(&mut self, kernels: CpuKernels, rows: Rows<'_>) {
        self.resize(
            self.end
                .saturating_add(rows.count)
                .div_ceil(CACHE_BLOCK_ROWS),
        );
        for i in 0..rows.count {
            let row = &rows.values[size([i, rows.stride])..][..self.heads.row_width()];
            for (head, x) in row.chunks_exact(self.heads.head_dim).enumerate() {
                let slot = self.slot(self.end, head);
                self.storage.blocks_mut().put(kernels, slot, x);
            }
            self.end += 1;
        }
    }

    /// Keeps the last `rows` rows at most. Memory is moved only now and then, and by whole
    /// blocks.
    pub fn keep_last(&mut self, rows: usize) {
        self.begin = self.begin.max(self.end.saturating_sub(rows));
        let blocks = self.begin / CACHE_BLOCK_ROWS;
        if blocks * CACHE_BLOCK_ROWS > rows {
            let count = blocks * self.heads.num_kv_heads;
            self.storage.blocks_mut().evict(self.heads, count);
            self.begin -= blocks * CACHE_BLOCK_ROWS;
            self.end -= blocks * CACHE_BLOCK_ROWS;
        }
    }

    /// All rows.
    pub fn get(&self) -> Vec<f32> {
        let mut rows = Vec::with_capacity(self.rows() * self.heads.row_width());
        for row in self.range() {
            for head in 0..self.heads.num_kv_heads {
                (self.storage.blocks()).get(self.slot(row, head), &mut rows);
            }
        }
        rows
    }

    /// Products of a query of head `head` `[head_dim]` with the keys of every cached row: the
    /// scores of the query's attention, before the softmax.
    ///
    /// # Panics
    ///
    /// If these are values, there is no such head, or `q` is not `head_dim` values.
    pub fn products(&self, head: usize, q: &[f32]) -> Vec<f32> {
        let HeadShape {
            num_heads,
            num_kv_heads,
            head_dim,
        } = self.heads;
        assert!(self.role == KvRole::Keys, "keys");
        assert!(head < num_heads && q.len() == head_dim, "a query's head");
        let kv_head = head / (num_heads / num_kv_heads);
        let blocks = self.begin / CACHE_BLOCK_ROWS..self.end.div_ceil(CACHE_BLOCK_ROWS);
        let first = blocks.start * CACHE_BLOCK_ROWS;
        let mut products: Vec<f32> = blocks
            .flat_map(|block| {
                (self.storage.blocks()).products(self.slot(block * CACHE_BLOCK_ROWS, kv_head), q)
            })
            .collect();
        products.truncate(self.end - first);
        products.drain(..self.begin - first);
        products
    }

    /// Replaces all cached rows. The first row keeps its offset in its block, so that keys and
    /// values stay aligned.
    pub fn set(&mut self, kernels: CpuKernels, rows: &[f32]) {
        self.end = self.begin;
        self.resize(self.end.div_ceil(CACHE_BLOCK_ROWS));
        self.push(kernels, Rows::new(rows, self.heads.row_width()));
    }

    /// Removes blocks at the end, or adds blocks of zeros, until there are `blocks`.
    fn resize(&mut self, blocks: usize) {
        let count = size([blocks, self.heads.num_kv_heads]);
        self.storage.blocks_mut().resize(self.heads, count);
    }

    /// Where a head of a row is.
    fn slot(&self, row: usize, head: usize) -> RowSlot {
        RowSlot {
            heads: self.heads,
            role: self.role,
            head: row / CACHE_BLOCK_ROWS * self.heads.num_kv_heads + head,
            row: row % CACHE_BLOCK_ROWS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: HeadShape = HeadShape {
        num_heads: 4,
        num_kv_heads: 2,
        head_dim: 20,
    };

    #[test]
    fn products_are_those_of_the_rows() {
        for format in [CacheFormat::F32, CacheFormat::I16, CacheFormat::I8] {
            let mut cache = Cache::new(HEADS, KvRole::Keys, format);
            let rows: Vec<f32> = (0..40 * 40)
                .map(|i| ((i * 37) % 101) as f32 - 50.0)
                .collect();
            cache.push(CpuKernels::detect(), Rows::new(&rows, HEADS.row_width()));
            cache.keep_last(30);
            let kept = cache.get();
            let q: Vec<f32> = (0..20).map(|i| (i as f32 - 7.5) / 8.0).collect();
            for head in 0..4 {
                let expected = kept.chunks(40).map(|row| {
                    let key = &row[head / 2 * 20..][..20];
                    key.iter().zip(&q).map(|(k, q)| k * q).sum::<f32>()
                });
                let actual = cache.products(head, &q);
                assert_eq!(actual.len(), 30);
                for (actual, expected) in actual.iter().zip(expected) {
                    assert!((actual - expected).abs() < 1e-3, "{actual}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn rows_come_back() {
        for role in [KvRole::Keys, KvRole::Values] {
            for (format, largest) in [
                (CacheFormat::F32, 0.1),
                (CacheFormat::I16, 8191.0),
                (CacheFormat::I8, 127.0),
            ] {
                let mut cache = Cache::new(HEADS, role, format);
                let mut expected = Vec::new();
                // Miri takes a thousand times as long.
                let (counts, kept): ([u16; 6], &[_]) = if cfg!(miri) {
                    ([0, 1, 14, 1, 1, 3], &[17, 3, 0])
                } else {
                    ([0, 1, 14, 1, 1, 40], &[50, 33, 17, 5, 0])
                };
                for count in counts {
                    // The largest of a head is the largest integer, so nothing is rounded.
                    let head = |i: u16| {
                        if i.is_multiple_of(20) {
                            largest
                        } else {
                            f32::from(i % 100)
                        }
                    };
                    let rows: Vec<f32> = (0..count * 40).map(head).collect();
                    cache.push(CpuKernels::detect(), Rows::new(&rows, HEADS.row_width()));
                    expected.extend(rows);
                    assert_eq!(cache.get(), expected, "{role:?}");
                }
                for &keep in kept {
                    cache.keep_last(keep);
                    expected.drain(..expected.len() - keep * HEADS.row_width());
                    assert_eq!(cache.rows(), keep);
                    assert_eq!(cache.get(), expected, "{role:?}, the last {keep}");
                }
                let rows = vec![1.0; 3 * HEADS.row_width()];
                let begin = cache.range().start;
                cache.set(CpuKernels::detect(), &rows);
                assert_eq!(cache.get(), rows);
                assert_eq!(cache.range(), begin..begin + 3);
            }
        }
    }
}
