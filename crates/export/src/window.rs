//! Attention over a whole recording through a sliding window, block by block.
//!
//! Upstream computes one [time, time] score matrix and masks all but the last
//! `context` positions of each row: 1.15 GB for 30 s of audio. A block of
//! `context` queries can only see its own block and the one before, so scores of
//! [blocks, heads, context, 2 * context] hold everything that the mask leaves.

use onnx::{Scope, Value};

use crate::mask::as_bias;

/// What the blocks of one call have in common.
pub(crate) struct Window {
    /// Positions per block: the attention's context.
    block: usize,
    /// Positions of the call, i64 [1].
    time: Value,
    /// Rows that fill the last block, i64 [1].
    missing: Value,
    /// 0 or -inf: [blocks, 1, block, 2 * block].
    mask: Value,
}

impl Window {
    /// Prepares blocks for a call over `time` positions (i64 [1], at least 1).
    pub(crate) fn new(m: &Scope<'_>, time: &Value, context: usize) -> Self {
        let m = &m.child("window");
        let block = context as i64;
        let count = m.div(&m.add(time, &m.ints(&[block - 1])), &m.ints(&[block]));
        let missing = m.sub(&m.mul(&count, &m.ints(&[block])), time);
        // Positions relative to the start of the block before.
        let zero = m.ints(&[0]);
        let pos_q = m.range(&m.ints(&[block]), &m.ints(&[2 * block]));
        let pos_k = m.range(&zero, &m.ints(&[2 * block]));
        let delta = m.sub(&m.unsqueeze(&pos_q, &[1]), &m.unsqueeze(&pos_k, &[0]));
        let seen = m.and(
            &m.greater_or_equal(&delta, &m.int(0)),
            &m.less(&delta, &m.int(block)),
        );
        // The first block has none before it.
        let start = m.mul(&m.range(&zero, &count), &m.int(block));
        let first_key = m.sub(&m.int(block), &m.unsqueeze(&start, &[1, 2, 3]));
        let there = m.greater_or_equal(&pos_k, &first_key);
        Self {
            block: context,
            time: time.clone(),
            missing,
            mask: as_bias(m, &m.and(&seen, &there)),
        }
    }

    /// `q` (scaled), `k`, `v` [time, heads, width] -> [time, heads * width].
    pub(crate) fn attend(
        &self,
        m: &Scope<'_>,
        q: &Value,
        [k, v]: [&Value; 2],
        num_heads: usize,
        dim_per_head: usize,
    ) -> Value {
        let m = &m.child("window");
        let shape = [self.block, num_heads, dim_per_head].map(|n| n as i64);
        let [block, heads, width] = shape;
        let rows = m.concat(&[&self.missing, &m.ints(&[heads, width])], 0);
        let fill = m.zeros(&rows);
        let blocks = |x: &Value| m.reshape(&m.concat(&[x, &fill], 0), &[-1, block, heads, width]);
        let nothing = m.zeros(&m.ints(&[1, block, heads, width]));
        let with_previous = |x: &Value| {
            let previous = m.concat(&[&nothing, &m.slice(x, 0, -1, 0)], 0);
            m.concat(&[&previous, x], 1)
        };
        let q = m.transpose(&blocks(q), &[0, 2, 1, 3]);
        let k = m.transpose(&with_previous(&blocks(k)), &[0, 2, 3, 1]);
        let v = m.transpose(&with_previous(&blocks(v)), &[0, 2, 1, 3]);
        let weights = m.softmax(&m.add(&m.matmul(&q, &k), &self.mask));
        let x = m.transpose(&m.matmul(&weights, &v), &[0, 2, 1, 3]);
        let x = m.reshape(&x, &[-1, heads * width]);
        m.slice_by(&x, &m.ints(&[0]), &self.time, 0)
    }
}
