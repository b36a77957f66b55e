//! Attention in pieces, over a window, against the whole signal.

use kernels::CacheFormat;

use super::*;
use crate::rope::RotaryEmbedding;
use crate::testing::reference::{self, RefTransformer, rows};
use crate::testing::{TestWeights, assert_close, assert_within, in_pieces, noise};

const MODEL_WIDTH: usize = 10;
const PATH: &str = "t.layers.0.self_attn";

/// An attention with its made-up weights.
struct Case {
    sizes: RefTransformer,
    weights: TestWeights,
    heads: HeadShape,
}

impl Case {
    fn new(num_heads: usize, num_kv_heads: usize, context: Option<usize>) -> Self {
        let sizes = RefTransformer {
            layers: 1,
            num_heads,
            num_kv_heads,
            head_dim: 6,
            max_period: 100.0,
            context,
        };
        let mut weights = TestWeights::new();
        weights.transformer("t", &sizes, [MODEL_WIDTH, 4], false);
        Self {
            sizes,
            weights,
            heads: HeadShape {
                num_heads,
                num_kv_heads,
                head_dim: sizes.head_dim,
            },
        }
    }

    fn attention(&self) -> StreamingMultiheadAttention {
        let m = self.weights.loader().child(PATH);
        StreamingMultiheadAttention::new(&m, MODEL_WIDTH, self.heads, self.sizes.context).unwrap()
    }

    fn expected(&self, x: &[f32]) -> Vec<f64> {
        let x = rows(x, MODEL_WIDTH);
        self.sizes.attention(&self.weights, PATH, &x).0.concat()
    }

    /// The attention of `x` in pieces, with caches in `format`.
    fn actual(&self, x: &[f32], pieces: &[usize], format: CacheFormat) -> Vec<f32> {
        let (attention, mut ctx) = (self.attention(), Context::default());
        let rope = RotaryEmbedding::new(self.sizes.head_dim, self.sizes.max_period);
        let (mut cache, mut position) = (KvCache::new(self.heads, format), 0);
        in_pieces(x, MODEL_WIDTH, pieces, |x, _| {
            let time = x.len() / MODEL_WIDTH;
            let rotation = rope.rotation(position, time);
            position += time as i64;
            let part = part(time, &rotation, &mut cache);
            let y = attention.forward(&mut ctx, x, time, &mut [part]);
            // What no later query sees is evicted.
            let kept = self.sizes.context.map_or(usize::MAX, |context| context - 1);
            assert_eq!(cache.keys.rows(), kept.min(position as usize));
            assert!(cache.is_like(&cache));
            y
        })
    }
}

/// All rows, of which no head is watched.
fn part<'a>(rows: usize, rotation: &'a Rotation, cache: &'a mut KvCache) -> AttentionPart<'a> {
    AttentionPart {
        rows,
        rotation,
        cache,
        watched: &mut [],
    }
}

/// Pieces that end at and next to the edges of windows and of the cache's blocks of 16 rows.
const PIECES: [&[usize]; 4] = [
    &[40],
    &[1, 1, 1, 1, 1, 1, 1, 33],
    &[4, 1, 5, 6, 1, 15, 1, 7],
    &[15, 1, 1, 16, 2, 5],
];

#[test]
fn attention_in_pieces_is_that_of_the_whole_signal() {
    for (heads, kv_heads) in [(4, 4), (4, 2), (3, 1)] {
        for context in [None, Some(1), Some(5), Some(16), Some(17), Some(39)] {
            let case = Case::new(heads, kv_heads, context);
            let x = noise(40 * MODEL_WIDTH, 3);
            let expected = case.expected(&x);
            for pieces in PIECES {
                let what = format!("{heads} heads on {kv_heads}, window {context:?}, {pieces:?}");
                assert_close(&case.actual(&x, pieces, CacheFormat::F32), &expected, &what);
            }
        }
    }
}

#[test]
fn outputs_that_are_not_needed_change_nothing() {
    let case = Case::new(4, 2, Some(17));
    let (x, time) = (noise(40 * MODEL_WIDTH, 3), 40);
    let rope = RotaryEmbedding::new(case.sizes.head_dim, case.sizes.max_period);
    let run = |needed| {
        let (mut ctx, rotation) = (Context::default(), rope.rotation(0, time));
        let mut cache = KvCache::new(case.heads, CacheFormat::I8);
        let part = part(time, &rotation, &mut cache);
        let y = (case.attention()).forward(&mut ctx, &x, needed, &mut [part]);
        (y, cache.keys.get(), cache.values.get())
    };
    let (all, keys, values) = run(time);
    for needed in [1, 3, 39] {
        let (last, new_keys, new_values) = run(needed);
        let all = all[(time - needed) * MODEL_WIDTH..].iter();
        let expected: Vec<f64> = all.map(|y| f64::from(*y)).collect();
        // Products of one row and of several add in another order.
        assert_close(&last, &expected, &format!("the last {needed}"));
        assert_eq!((new_keys, new_values), (keys.clone(), values.clone()));
    }
}

#[test]
fn integer_caches_lose_little() {
    let case = Case::new(4, 2, Some(17));
    let x = noise(40 * MODEL_WIDTH, 3);
    let expected = case.expected(&x);
    for (format, bound) in [(CacheFormat::I16, 2e-3), (CacheFormat::I8, 2e-2)] {
        let actual = case.actual(&x, PIECES[2], format);
        assert_within(bound, &actual, &expected, &format!("{format:?}"));
    }
}

#[test]
fn watched_heads_give_their_last_scores() {
    let case = Case::new(4, 2, None);
    let x = noise(21 * MODEL_WIDTH, 3);
    let projected = reference::linear(
        &case.weights,
        &format!("{PATH}.in_proj"),
        &rows(&x, MODEL_WIDTH),
    );
    let expected = case.sizes.scores(&projected);
    let (attention, mut ctx) = (case.attention(), Context::default());
    let rope = RotaryEmbedding::new(case.sizes.head_dim, case.sizes.max_period);
    let mut cache = KvCache::new(case.heads, CacheFormat::F32);
    let mut watched = [3, 0].map(|head| WatchedHead {
        head,
        scores: Vec::new(),
    });
    let rotation = rope.rotation(0, 21);
    let part = AttentionPart {
        watched: &mut watched,
        ..part(21, &rotation, &mut cache)
    };
    attention.forward(&mut ctx, &x, 21, &mut [part]);
    for WatchedHead { head, scores } in &watched {
        assert_close(scores, &expected[20][*head], &format!("head {head}"));
    }
}
