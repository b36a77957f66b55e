//! Twin of `split_into_best_sentences`: long texts in chunks of whole sentences.

use config::TextOptions;

use super::python::{is_digit, strip};
use super::{TextError, prepare_text_prompt};
use crate::Tokenizer;

/// Text whose tokens say which ones end a sentence.
const SENTENCE_ENDS: &str = ".!...?";
/// Text whose tokens say where a sentence that is too long may be cut.
const WEAK_ENDS: &str = ",;:";

/// A run of tokens and the text it stands for.
struct Segment {
    tokens: usize,
    text: String,
}

/// Twin of `split_into_best_sentences`: chunks of at most `max_tokens` tokens, where the text has
/// that many boundaries. What it gives may be blank.
pub fn split_into_best_sentences(
    tokenizer: &Tokenizer,
    text: &str,
    max_tokens: usize,
    options: &TextOptions,
) -> Result<Vec<String>, TextError> {
    let prepared = prepare_text_prompt(text, options)?;
    let ids = tokenizer.encode(strip(&prepared.text));
    let ends = tokenizer.encode(SENTENCE_ENDS);
    let ends = ends.get(1..).unwrap_or_default();
    let mut boundaries = boundaries(&ids, ends);
    let inner = boundaries.len().saturating_sub(1);
    // A period between two digits ends no sentence.
    let mut at = 0;
    boundaries.retain(|&boundary| {
        at += 1;
        at == 1 || at > inner || !is_decimal_period(tokenizer, &ids, boundary)
    });
    let sentences = segments(tokenizer, &ids, &boundaries);

    let weak = tokenizer.encode(WEAK_ENDS);
    let weak = weak.get(1..).unwrap_or_default();
    let mut refined = Vec::new();
    for sentence in sentences {
        if sentence.tokens <= max_tokens {
            refined.push(sentence);
            continue;
        }
        let ids = tokenizer.encode(strip(&sentence.text));
        let parts = segments(tokenizer, &ids, &self::boundaries(&ids, weak));
        if parts.len() > 1 {
            refined.extend(parts);
        } else {
            refined.push(sentence);
        }
    }
    let chunks = join(refined, max_tokens);
    if chunks.is_empty() {
        return Err(TextError::Empty);
    }
    Ok(chunks)
}

/// Twin of `_find_boundary_indices`: where a run of `ends` is over, and both ends of the text.
fn boundaries(ids: &[i64], ends: &[i64]) -> Vec<usize> {
    let after_end = ids.windows(2).enumerate();
    let inner = after_end.filter(|(_, pair)| ends.contains(&pair[0]) && !ends.contains(&pair[1]));
    let inner = inner.map(|(index, _)| index + 1);
    [0].into_iter().chain(inner).chain([ids.len()]).collect()
}

/// Twin of `_is_decimal_period_boundary`. Upstream decodes all that comes before and after; the
/// characters next to the boundary decide, and so do the tokens next to it.
fn is_decimal_period(tokenizer: &Tokenizer, ids: &[i64], boundary: usize) -> bool {
    // Two characters come from at most two tokens that are no bytes, for a piece is never empty;
    // one more, since decoding drops a space at the beginning.
    const PIECES: usize = 3;
    let is_piece = |id: &&i64| !tokenizer.is_byte_or_special(**id);
    let reach = |ids: &mut dyn Iterator<Item = &i64>| {
        // Bytes are decoded a run at a time, so a run is never cut.
        let mut pieces = 0;
        ids.take_while(|id| {
            pieces += usize::from(is_piece(id));
            pieces <= PIECES
        })
        .count()
    };
    let before = reach(&mut ids[..boundary].iter().rev());
    let after = reach(&mut ids[boundary..].iter());
    let before = tokenizer.decode(&ids[boundary - before..boundary]);
    let after = tokenizer.decode(&ids[boundary..boundary + after]);
    let mut last = before.chars().rev();
    last.next() == Some('.')
        && last.next().is_some_and(is_digit)
        && after.chars().next().is_some_and(is_digit)
}

/// Twin of `_segments_from_boundaries`.
fn segments(tokenizer: &Tokenizer, ids: &[i64], boundaries: &[usize]) -> Vec<Segment> {
    let segment = |pair: &[usize]| Segment {
        tokens: pair[1] - pair[0],
        text: tokenizer.decode(&ids[pair[0]..pair[1]]),
    };
    boundaries.windows(2).map(segment).collect()
}

/// Joins segments into chunks as long as they fit.
fn join(segments: Vec<Segment>, max_tokens: usize) -> Vec<String> {
    let mut chunks = Vec::new();
    let mut chunk = String::new();
    let mut tokens = 0;
    for segment in segments {
        if chunk.is_empty() {
            chunk = segment.text;
            tokens = segment.tokens;
        } else if tokens + segment.tokens > max_tokens {
            chunks.push(strip(&chunk).to_owned());
            chunk = segment.text;
            tokens = segment.tokens;
        } else {
            chunk.push(' ');
            chunk.push_str(&segment.text);
            tokens += segment.tokens;
        }
    }
    if !chunk.is_empty() {
        chunks.push(strip(&chunk).to_owned());
    }
    chunks
}
