//! Twin of `_LinearKVCacheBackend` in pocket-tts `modules/attention.py`.
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
pub(crate) enum Rows {
    /// `new_key.i`, `new_value.i`: this call's rows, as many as the symbol says, to be appended.
    Append(&'static str),
    /// `next_key.i`, `next_value.i`: the last `context - 1` rows at most, replacing.
    Last {
        /// Positions that attention sees, its own included.
        context: usize,
    },
}

/// Caches of all layers of a transformer: keys and values are [1, P, heads, `dim_per_head`].
pub(crate) struct KvCache<'a, 'g> {
    states: &'a States<'g>,
    rows: Rows,
    shape: [usize; 2],
    past: Vec<[Value; 2]>,
    len: Value,
}

impl<'a, 'g> KvCache<'a, 'g> {
    /// Declares the caches of the transformer `m`.
    pub(crate) fn new(
        m: &Scope<'_>,
        transformer: &StreamingTransformer,
        states: &'a States<'g>,
        rows: Rows,
    ) -> Self {
        let attention = &transformer.attention;
        let shape = [attention.num_kv_heads, attention.dim_per_head];
        let past: Vec<[Value; 2]> = (0..transformer.num_layers)
            .map(|layer| {
                let module = m.child(&format!("layers.{layer}.self_attn"));
                [0, 1].map(|kind| {
                    states.declare(State {
                        input: format!("past_{}.{layer}", KINDS[kind]),
                        output: rows.output(kind, layer),
                        module: module_path(module.path()).to_owned(),
                        key: "cache".to_owned(),
                        index: Some(kind),
                        dtype: DType::F32,
                        shape: row_shape("P", shape),
                        initial: Initial::Empty,
                        carry: match rows {
                            Rows::Append(_) => Carry::Append { axis: 1 },
                            Rows::Last { .. } => Carry::Replace,
                        },
                    })
                })
            })
            .collect();
        Self {
            // All layers have as many as the first.
            len: m.size(&past[0][0], 1),
            states,
            rows,
            shape,
            past,
        }
    }

    /// Rows that came in, i64 [1].
    pub(crate) fn len(&self) -> &Value {
        &self.len
    }

    /// Puts the rows `k` and `v` [time, heads, `dim_per_head`] behind the cache of
    /// `layer`, and returns all: [P + time, heads, `dim_per_head`].
    pub(crate) fn append_and_get(
        &self,
        m: &Scope<'_>,
        layer: usize,
        new: [&Value; 2],
    ) -> [Value; 2] {
        [0, 1].map(|kind| {
            let rows = m.unsqueeze(new[kind], &[0]);
            let all = m.concat(&[&self.past[layer][kind], &rows], 1);
            let output = self.rows.output(kind, layer);
            match self.rows {
                Rows::Append(symbol) => {
                    self.states
                        .carry(output, &rows, row_shape(symbol, self.shape));
                }
                Rows::Last { context } => {
                    // From the end, where 0 would be the front.
                    let start = match context as i64 - 1 {
                        0 => i64::MAX,
                        kept => -kept,
                    };
                    let last = m.slice(&all, start, i64::MAX, 1);
                    self.states
                        .carry(output, &last, row_shape("P_next", self.shape));
                }
            }
            m.squeeze(&all, &[0])
        })
    }
}

/// What upstream's `cache` stacks.
const KINDS: [&str; 2] = ["key", "value"];

impl Rows {
    fn output(self, kind: usize, layer: usize) -> String {
        let which = match self {
            Self::Append(_) => "new",
            Self::Last { .. } => "next",
        };
        format!("{which}_{}.{layer}", KINDS[kind])
    }
}

fn row_shape(rows: &str, [heads, dim_per_head]: [usize; 2]) -> Vec<Dim> {
    vec![1.into(), rows.into(), heads.into(), dim_per_head.into()]
}
