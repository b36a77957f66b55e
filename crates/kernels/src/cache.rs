//! Cached keys or values of an attention.

use formats::PANEL;

use crate::Rows;
use crate::isa::Kernels;

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
        self.keys * self.width
    }

    /// Width of a head in whole panels.
    pub(crate) fn padded(&self) -> usize {
        self.width.next_multiple_of(PANEL)
    }

    /// Numbers of a head in a block.
    pub(crate) fn block(&self) -> usize {
        BLOCK * self.padded()
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

/// Blocks of numbers.
#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    F32(Vec<f32>),
    /// What [`Kernels::quantise`] makes of each row's heads: two inputs of the product lie side by
    /// side. The scales are `[blocks][keys][16]`.
    I16 {
        values: Vec<i16>,
        scales: Vec<f32>,
    },
}

impl Cache {
    /// No rows yet. Kept as integers of 14 bits, they take half the memory.
    pub fn new(heads: Heads, side: Side, integers: bool) -> Self {
        Self {
            heads,
            side,
            numbers: if integers {
                Numbers::I16 {
                    values: Vec::new(),
                    scales: Vec::new(),
                }
            } else {
                Numbers::F32(Vec::new())
            },
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
        let mut integers = vec![0; self.heads.padded()];
        self.resize((self.end + rows.count).div_ceil(BLOCK));
        for i in 0..rows.count {
            let row = &rows.values[i * rows.stride..][..self.heads.row()];
            for (head, x) in row.chunks_exact(self.heads.width).enumerate() {
                let [block, at] = self.place(self.end, head);
                match &mut self.numbers {
                    Numbers::F32(values) => {
                        let block = &mut values[block * self.heads.block()..];
                        put::<f32, 1>(self.side, block, at, x);
                    }
                    Numbers::I16 { values, scales } => {
                        scales[block * BLOCK + at] = kernels.quantise(x, &mut integers[..x.len()]);
                        let block = &mut values[block * self.heads.block()..];
                        put::<i16, 2>(self.side, block, at, &integers);
                    }
                }
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
            let heads = blocks * self.heads.keys;
            match &mut self.numbers {
                Numbers::F32(values) => drop(values.drain(..heads * self.heads.block())),
                Numbers::I16 { values, scales } => {
                    values.drain(..heads * self.heads.block());
                    scales.drain(..heads * BLOCK);
                }
            }
            self.begin -= blocks * BLOCK;
            self.end -= blocks * BLOCK;
        }
    }

    /// All rows.
    pub fn get(&self) -> Vec<f32> {
        let Heads { keys, width, .. } = self.heads;
        let mut rows = Vec::with_capacity(self.rows() * self.heads.row());
        for row in self.range() {
            for head in 0..keys {
                let [block, at] = self.place(row, head);
                let start = block * self.heads.block();
                match &self.numbers {
                    Numbers::F32(values) => {
                        let at = |c| start + offset::<1>(self.side, at, c);
                        rows.extend((0..width).map(|c| values[at(c)]));
                    }
                    Numbers::I16 { values, scales } => {
                        let scale = scales[block * BLOCK + at];
                        let at = |c| start + offset::<2>(self.side, at, c);
                        rows.extend((0..width).map(|c| f32::from(values[at(c)]) * scale));
                    }
                }
            }
        }
        rows
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
        let heads = blocks * self.heads.keys;
        match &mut self.numbers {
            Numbers::F32(values) => values.resize(heads * self.heads.block(), 0.0),
            Numbers::I16 { values, scales } => {
                values.resize(heads * self.heads.block(), 0);
                scales.resize(heads * BLOCK, 0.0);
            }
        }
    }

    /// The head of a block that a row's head belongs to, and its place there.
    fn place(&self, row: usize, head: usize) -> [usize; 2] {
        [row / BLOCK * self.heads.keys + head, row % BLOCK]
    }
}

/// Where a head of a block keeps channel `c` of its row `row`, `TOGETHER` inputs of a product
/// side by side: as keys `[channels][rows]`, as values `[panels of channels][rows][channels]`.
fn offset<const TOGETHER: usize>(side: Side, row: usize, c: usize) -> usize {
    let (panel, input, output) = match side {
        Side::Keys => (0, c, row),
        Side::Values => (c / PANEL, row, c % PANEL),
    };
    panel * BLOCK * PANEL + (input / TOGETHER * PANEL + output) * TOGETHER + input % TOGETHER
}

/// Puts a row's head into a head of a block.
fn put<T: Copy, const TOGETHER: usize>(side: Side, block: &mut [T], row: usize, x: &[T]) {
    let start = offset::<TOGETHER>(side, row, 0);
    match side {
        Side::Keys => {
            let out = block[start..].chunks_mut(PANEL * TOGETHER);
            for (x, out) in x.chunks(TOGETHER).zip(out) {
                out[..x.len()].copy_from_slice(x);
            }
        }
        Side::Values => {
            let out = block[start..].chunks_mut(BLOCK * PANEL);
            for (x, out) in x.chunks(PANEL).zip(out) {
                for (x, out) in x.iter().zip(out.iter_mut().step_by(TOGETHER)) {
                    *out = *x;
                }
            }
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
    fn rows_come_back() {
        for side in [Side::Keys, Side::Values] {
            for integers in [false, true] {
                let mut cache = Cache::new(HEADS, side, integers);
                let mut expected = Vec::new();
                for count in [0_u16, 1, 14, 1, 1, 40] {
                    // The largest of a head is the largest integer, so nothing is rounded.
                    let head = |i: u16| {
                        if i.is_multiple_of(20) {
                            8191.0
                        } else {
                            f32::from(i)
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
