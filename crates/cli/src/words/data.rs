//! Words as JSON.

use serde_json::{Value, json};
use speech::Word;

/// Every word with its times and its bytes in the text. All texts joined are the given text: what
/// follows the last word belongs to that word.
pub(super) fn json(words: &[Word], rest: &str) -> Value {
    let last = words.len().saturating_sub(1);
    let word = |(at, word): (usize, &Word)| {
        let rest = if at == last { rest } else { "" };
        json!({
            "text": format!("{}{rest}", word.text),
            "start": milliseconds(word.start),
            "end": milliseconds(word.end),
            "from": word.source.bytes.start,
            "to": word.source.bytes.end,
        })
    };
    words.iter().enumerate().map(word).collect()
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
