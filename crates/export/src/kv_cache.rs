//! Counterpart of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.
//!
//! Upstream writes into a buffer of fixed capacity. Here the rows so far come in
//! and only what the host lacks goes out: new rows to append, or the rows that
//! are still inside the attention's context.

use bundle::{Carry, DType, Dim, Initial, State};
use onnx::{Scope, Value};

use crate::states::{States, module_path};
use crate::transformer::StreamingTransformer;

/// How rows leave the graph.
#[derive(Clone, Copy)]
pub(crate) enum CacheUpdate<'v> {
    /// `new_key.i`, `new_value.i`: this call's rows, to be appended.
    Append {
        /// Symbol of their number.
        symbol: &'static str,
        /// Their number, i64 [1], at least 1.
        time: &'v Value,
    },
    /// `next_key.i`, `next_value.i`: the last `context - 1` rows at most, replacing.
    Last {
        /// Positions that attention sees, its own included.
        context: usize,
    },
}

/// Keys and values, each [rows, heads, `dim_per_head`].
pub(crate) type KeysAndValues = [Value; 2];

/// The rows of a layer that queries may look at.
pub(crate) enum LayerRows<'c> {
    /// Past rows, and this call's rows, each in a tensor of its own.
    Apart {
        past: &'c KeysAndValues,
        new: KeysAndValues,
        counts: &'c Counts,
    },
    /// All rows in one tensor.
    Together(KeysAndValues),
}

/// How many rows come in and are new, in every layer.
pub(crate) struct Counts {
    /// Both numbers, i64 [2].
    pub(crate) both: Value,
    /// Whether it is better to leave them apart, bool [1]; never where none come in.
    pub(crate) apart: Value,
}

impl Counts {
    /// Apart, scores and weights of all queries are put together and split: two numbers for
    /// each query, head and row. Together, keys and values of all rows are copied.
    fn new(m: &Scope<'_>, past: &Value, new: &Value, dim_per_head: usize) -> Self {
        let few = m.less(new, &m.ints(&[dim_per_head as i64]));
        Self {
            both: m.concat(&[past, new], 0),
            apart: m.and(&m.less(&m.ints(&[0]), past), &few),
        }
    }
}

/// Caches of all layers of a transformer: keys and values are [P, heads, `dim_per_head`].
///
/// There is no batch axis, for it would have to be taken off before a product, and rten copies
/// an input for that.
pub(crate) struct KvCache<'a, 'g> {
    states: &'a States<'g>,
    shape: [usize; 2],
    past: Vec<KeysAndValues>,
    len: Value,
    next: NextRows,
}

/// [`CacheUpdate`], and what a call needs to know for them.
enum NextRows {
    Append {
        symbol: &'static str,
        counts: Counts,
    },
    Last {
        context: usize,
    },
}

impl<'a, 'g> KvCache<'a, 'g> {
    /// Declares the caches of the transformer `m`.
    pub(crate) fn new(
        m: &Scope<'_>,
        transformer: &StreamingTransformer,
        states: &'a States<'g>,
        rows: CacheUpdate<'_>,
    ) -> Self {
        let attention = &transformer.attention;
        let shape = [attention.num_kv_heads, attention.dim_per_head];
        let carry = match rows {
            CacheUpdate::Append { .. } => Carry::Append { axis: 0 },
            CacheUpdate::Last { .. } => Carry::Replace,
        };
        let past: Vec<KeysAndValues> = (0..transformer.num_layers)
            .map(|layer| {
                let module = m.child(&format!("layers.{layer}.self_attn"));
                [0, 1].map(|kind| {
                    states.declare(State {
                        input: format!("past_{}.{layer}", CACHE_KINDS[kind]),
                        output: output(carry, kind, layer),
                        module: module_path(module.path()).to_owned(),
                        key: "cache".to_owned(),
                        index: Some(kind),
                        dtype: DType::F32,
                        shape: row_shape("P", shape),
                        initial: Initial::Empty,
                        carry,
                    })
                })
            })
            .collect();
        // All layers have as many as the first.
        let len = m.size(&past[0][0], 0);
        let next = match rows {
            CacheUpdate::Append { symbol, time } => NextRows::Append {
                symbol,
                counts: Counts::new(m, &len, time, attention.dim_per_head),
            },
            CacheUpdate::Last { context } => NextRows::Last { context },
        };
        Self {
            states,
            shape,
            past,
            len,
            next,
        }
    }

    /// Rows that came in, i64 [1].
    pub(crate) fn len(&self) -> &Value {
        &self.len
    }

    /// Carries the `new` rows of `layer` on, and returns all that queries may look at.
    pub(crate) fn append_and_get(
        &self,
        m: &Scope<'_>,
        layer: usize,
        new: KeysAndValues,
    ) -> LayerRows<'_> {
        let past = &self.past[layer];
        match &self.next {
            NextRows::Append { symbol, counts } => {
                self.carry(Carry::Append { axis: 0 }, layer, &new, symbol);
                LayerRows::Apart { past, new, counts }
            }
            NextRows::Last { context } => {
                let all = together(m, [past, &new]);
                // From the end, where 0 would be the front.
                let start = match *context as i64 - 1 {
                    0 => i64::MAX,
                    kept => -kept,
                };
                let last = [0, 1].map(|kind| m.slice(&all[kind], start, i64::MAX, 0));
                self.carry(Carry::Replace, layer, &last, "P_next");
                LayerRows::Together(all)
            }
        }
    }

    fn carry(&self, how: Carry, layer: usize, rows: &KeysAndValues, symbol: &str) {
        for (kind, rows) in rows.iter().enumerate() {
            let output = output(how, kind, layer);
            self.states
                .carry(output, rows, row_shape(symbol, self.shape));
        }
    }
}

/// `new` rows after `past` ones.
pub(crate) fn together(m: &Scope<'_>, [past, new]: [&KeysAndValues; 2]) -> KeysAndValues {
    [0, 1].map(|kind| m.concat(&[&past[kind], &new[kind]], 0))
}

/// What upstream's `cache` stacks.
const CACHE_KINDS: [&str; 2] = ["key", "value"];

fn output(carry: Carry, kind: usize, layer: usize) -> String {
    let which = match carry {
        Carry::Append { .. } => "new",
        Carry::Replace => "next",
    };
    format!("{which}_{}.{layer}", CACHE_KINDS[kind])
}

fn row_shape(rows: &str, [heads, dim_per_head]: [usize; 2]) -> Vec<Dim> {
    vec![rows.into(), heads.into(), dim_per_head.into()]
}
