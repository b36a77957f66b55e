//! Cached keys or values of an attention.

mod numbers;

use weights::PANEL;

use crate::Rows;
use crate::isa::Kernels;
use crate::size::size;
pub use numbers::CacheFormat;
use numbers::Place;
pub(crate) use numbers::{Blocks, Numbers};

/// Rows of a block, and channels of a panel.
pub(crate) const BLOCK: usize = PANEL;

/// Geometry of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Query heads.
    pub queries: usize,
    /// Key and value heads; each serves `queries / keys` query heads, one behind the other.
    pub keys: usize,
    /// Width of a head.
    pub width: usize,
}

impl Heads {
    /// Values of one cached row.
    pub fn row(&self) -> usize {
        size([self.keys, self.width])
    }

    /// Width of a head in whole panels.
    pub(crate) fn padded(&self) -> usize {
        (self.width.checked_next_multiple_of(PANEL)).unwrap_or(usize::MAX)
    }

    /// Numbers of a head in a block.
    pub(crate) fn block(&self) -> usize {
        size([BLOCK, self.padded()])
    }
}

/// What a cache is multiplied with, which decides how it lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// By queries: rows are a product's outputs.
    Keys,
    /// By weights: channels are a product's outputs.
    Values,
}

/// Keys or values `[rows, keys, width]`, in blocks of 16 rows: `[blocks][keys]`, each head as the
/// panels of a weight in a matrix product. Rows are put at the end and forgotten at the front.
#[derive(Clone, Debug)]
pub struct Cache {
    heads: Heads,
    side: Side,
    pub(crate) numbers: Numbers,
    /// Rows at the front that are forgotten, or were never there.
    begin: usize,
    /// Rows in blocks, the forgotten ones included.
    end: usize,
}

impl Cache {
    /// No rows yet.
    pub fn new(heads: Heads, side: Side, format: CacheFormat) -> Self {
        Self {
            heads,
            side,
            numbers: Numbers::new(format),
            begin: 0,
            end: 0,
        }
    }

    /// Geometry.
    pub fn heads(&self) -> Heads {
        self.heads
    }

    /// Rows that are remembered.
    pub fn rows(&self) -> usize {
        self.end - self.begin
    }

    /// The first remembered row and the one behind the last, counted from the first block.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.begin..self.end
    }

    /// The side.
    pub(crate) fn side(&self) -> Side {
        self.side
    }

    /// Puts rows behind the others.
    ///
    /// # Panics
    ///
    /// If `rows` has not as many values as it says.
    pub fn push(&mut self, kernels: Kernels, rows: Rows<'_>) {
        self.resize(self.end.saturating_add(rows.count).div_ceil(BLOCK));
        for i in 0..rows.count {
            let row = &rows.values[size([i, rows.stride])..][..self.heads.row()];
            for (head, x) in row.chunks_exact(self.heads.width).enumerate() {
                let place = self.place(self.end, head);
                self.numbers.store_mut().put(kernels, place, x);
            }
            self.end += 1;
        }
    }

    /// Keeps the last `rows` rows at most. Memory is moved only now and then, and blocks stay
    /// as they are.
    pub fn keep_last(&mut self, rows: usize) {
        self.begin = self.begin.max(self.end.saturating_sub(rows));
        let blocks = self.begin / BLOCK;
        if blocks * BLOCK > rows {
            let count = blocks * self.heads.keys;
            self.numbers.store_mut().forget(self.heads, count);
            self.begin -= blocks * BLOCK;
            self.end -= blocks * BLOCK;
        }
    }

    /// All rows.
    pub fn get(&self) -> Vec<f32> {
        let mut rows = Vec::with_capacity(self.rows() * self.heads.row());
        for row in self.range() {
            for head in 0..self.heads.keys {
                (self.numbers.store()).get(self.place(row, head), &mut rows);
            }
        }
        rows
    }

    /// Products of a query of head `head` `[width]` with the keys of every row that is remembered:
    /// the scores that the row's attention is made of.
    ///
    /// # Panics
    ///
    /// If these are values, or there is no such head or channel.
    pub fn products(&self, head: usize, q: &[f32]) -> Vec<f32> {
        let Heads {
            queries,
            keys,
            width,
        } = self.heads;
        assert!(self.side == Side::Keys && head < queries && q.len() == width);
        let key = head / (queries / keys);
        let blocks = self.begin / BLOCK..self.end.div_ceil(BLOCK);
        let first = blocks.start * BLOCK;
        let mut products: Vec<f32> = blocks
            .flat_map(|block| (self.numbers.store()).products(self.place(block * BLOCK, key), q))
            .collect();
        products.truncate(self.end - first);
        products.drain(..self.begin - first);
        products
    }

    /// Replaces all rows that are remembered. The first stays where it was, for keys and values
    /// belong together.
    pub fn set(&mut self, kernels: Kernels, rows: &[f32]) {
        self.end = self.begin;
        self.resize(self.end.div_ceil(BLOCK));
        self.push(kernels, Rows::new(rows, self.heads.row()));
    }

    /// Takes blocks away at the end, or puts blocks of zeros there, until there are so many.
    fn resize(&mut self, blocks: usize) {
        let count = size([blocks, self.heads.keys]);
        self.numbers.store_mut().resize(self.heads, count);
    }

    /// Where a head of a row is.
    fn place(&self, row: usize, head: usize) -> Place {
        Place {
            heads: self.heads,
            side: self.side,
            head: row / BLOCK * self.heads.keys + head,
            row: row % BLOCK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: Heads = Heads {
        queries: 4,
        keys: 2,
        width: 20,
    };

    #[test]
    fn products_are_those_of_the_rows() {
        for format in [CacheFormat::F32, CacheFormat::I16, CacheFormat::I8] {
            let mut cache = Cache::new(HEADS, Side::Keys, format);
            let rows: Vec<f32> = (0..40 * 40)
                .map(|i| ((i * 37) % 101) as f32 - 50.0)
                .collect();
            cache.push(Kernels::detect(), Rows::new(&rows, HEADS.row()));
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
        for side in [Side::Keys, Side::Values] {
            for (format, largest) in [
                (CacheFormat::F32, 0.1),
                (CacheFormat::I16, 8191.0),
                (CacheFormat::I8, 127.0),
            ] {
                let mut cache = Cache::new(HEADS, side, format);
                let mut expected = Vec::new();
                for count in [0_u16, 1, 14, 1, 1, 40] {
                    // The largest of a head is the largest integer, so nothing is rounded.
                    let head = |i: u16| {
                        if i.is_multiple_of(20) {
                            largest
                        } else {
                            f32::from(i % 100)
                        }
                    };
                    let rows: Vec<f32> = (0..count * 40).map(head).collect();
                    cache.push(Kernels::detect(), Rows::new(&rows, HEADS.row()));
                    expected.extend(rows);
                    assert_eq!(cache.get(), expected, "{side:?}");
                }
                for keep in [50, 33, 17, 5, 0] {
                    cache.keep_last(keep);
                    expected.drain(..expected.len() - keep * HEADS.row());
                    assert_eq!(cache.rows(), keep);
                    assert_eq!(cache.get(), expected, "{side:?}, the last {keep}");
                }
                let rows = vec![1.0; 3 * HEADS.row()];
                let begin = cache.range().start;
                cache.set(Kernels::detect(), &rows);
                assert_eq!(cache.get(), rows);
                assert_eq!(cache.range(), begin..begin + 3);
            }
        }
    }
}
