//! Twin of `_build_attention_mask` in pocket-tts `modules/attention.py`.

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
