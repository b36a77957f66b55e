//! Counterpart of `_build_attention_mask` in pocket-tts `modules/attention.py`.

use onnx::{Scope, Value};

/// 0 where a query may look at a key and -inf elsewhere: f32 [.., queries, keys].
///
/// `pos_q` [.., queries] and `pos_k` [.., keys] are i64 positions on one scale;
/// a query sees itself and what came before, `context` positions in all.
pub(crate) fn attention_mask(
    m: &Scope<'_>,
    pos_q: &Value,
    pos_k: &Value,
    context: Option<usize>,
) -> Value {
    let delta = m.sub(&m.unsqueeze(pos_q, &[-1]), &m.unsqueeze(pos_k, &[-2]));
    let mut visible = m.greater_or_equal(&delta, &m.int(0));
    if let Some(context) = context {
        visible = m.and(&visible, &m.less(&delta, &m.int(context as i64)));
    }
    as_bias(m, &visible)
}

/// 0 where `visible`, else -inf.
pub(crate) fn as_bias(m: &Scope<'_>, visible: &Value) -> Value {
    m.choose(visible, &m.scalar(0.0), &m.scalar(f32::NEG_INFINITY))
}

#[cfg(test)]
mod tests {
    use onnx::Graph;
    use tensor::{DType, Dim};

    use super::*;
    use crate::states::States;
    use crate::testing::{GraphTrial, TestParameters, assert_none, i64s, nodes};

    fn build(context: Option<usize>) -> impl Fn(&Graph, &States<'_>) {
        move |g, _| {
            let m = g.scope("m");
            let [q, k] = ["Q", "K"].map(Dim::from);
            let pos_q = g.input("pos_q", DType::I64, std::slice::from_ref(&q));
            let pos_k = g.input("pos_k", DType::I64, std::slice::from_ref(&k));
            let mask = attention_mask(&m, &pos_q, &pos_k, context);
            g.output("mask", &mask, DType::F32, &[q, k]);
        }
    }

    #[test]
    fn snapshot() {
        insta::assert_snapshot!(nodes(&TestParameters::default(), build(Some(50))), @"
        m/Unsqueeze: Unsqueeze(pos_q, i64 [-1])
        m/Unsqueeze_2: Unsqueeze(pos_k, i64 [-2])
        m/Sub: Sub(m/Unsqueeze, m/Unsqueeze_2)
        m/GreaterOrEqual: GreaterOrEqual(m/Sub, i64 0)
        m/Less: Less(m/Sub, i64 50)
        m/And: And(m/GreaterOrEqual, m/Less)
        m/Where: Where(m/And, f32 0, f32 -inf) -> mask
        ");
    }

    #[test]
    fn a_query_sees_itself_and_what_came_before() {
        let cases = [
            (None, 0..3, 0..3),
            (None, 7..8, 0..8),
            (Some(3), 5..9, 3..9),
            (Some(1), 4..6, 4..6),
            // More queries than a query sees.
            (Some(2), 0..5, 0..5),
        ];
        let mut problems = Vec::new();
        for (context, queries, keys) in cases {
            let mut trial = GraphTrial::new(&TestParameters::default(), build(context));
            let seen = |q: i64, k: i64| k <= q && context.is_none_or(|c| q - k < c as i64);
            let bias = |q, k| if seen(q, k) { 0.0 } else { f64::NEG_INFINITY };
            let mask = queries
                .clone()
                .flat_map(|q| keys.clone().map(move |k| bias(q, k)));
            let mask: Vec<f64> = mask.collect();
            let [pos_q, pos_k] = [&queries, &keys].map(|p| p.clone().collect::<Vec<i64>>());
            let found = trial.call(
                &[("pos_q", &i64s(&pos_q)), ("pos_k", &i64s(&pos_k))],
                &[("mask", &[pos_q.len(), pos_k.len()], &mask)],
            );
            let case = format!("{context:?}, {queries:?}, {keys:?}");
            problems.extend(found.into_iter().map(|p| format!("{case}: {p}")));
        }
        assert_none(&problems);
    }
}
