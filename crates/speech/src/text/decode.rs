//! The text of tokens, with its source map.

use super::map::Mapped;
use super::python::is_space;
use crate::Tokenizer;

/// Ids before a stretch of ids that may influence its text.
pub(super) const DECODED_BEFORE: usize = 4;

/// The text of the last of `ids`, given those before, with its source map. Each of them stands for
/// one of `texts`. The decoded text may differ from that because of normalisation, unknown pieces
/// and special tokens.
pub(super) fn decode(tokenizer: &Tokenizer, ids: &[i64], texts: &[Mapped]) -> Mapped {
    let start = ids.len() - texts.len();
    let decoded = behind(tokenizer, ids, start);
    let source = concat(texts);
    if let Some(same) = same(&decoded, &source) {
        return same;
    }
    let mut mapped = Mapped::default();
    // Text without a source gets the position of the tokens before.
    let from = source.source().start;
    let (mut at, mut place) = (0, from..from);
    while at < texts.len() {
        // Byte pieces are decoded a run at a time.
        let run = ids[start + at..]
            .iter()
            .take_while(|id| is_byte(tokenizer, **id));
        let end = at + run.count().max(1);
        let from = (start + at).saturating_sub(DECODED_BEFORE);
        let text = behind(tokenizer, &ids[from..start + end], start + at - from);
        let source = concat(&texts[at..end]);
        if !source.is_empty() {
            place = source.source();
        }
        match same(&text, &source) {
            Some(same) => mapped.append(&same),
            None => mapped.push_str(&text, place.clone()),
        }
        at = end;
    }
    if mapped.as_str() != decoded {
        mapped.clear();
        mapped.push_str(&decoded, source.source());
    }
    mapped
}

fn concat(texts: &[Mapped]) -> Mapped {
    let mut all = Mapped::default();
    for text in texts {
        all.append(text);
    }
    all
}

fn is_byte(tokenizer: &Tokenizer, id: i64) -> bool {
    let is_byte = |piece: &str| piece.starts_with("<0x");
    tokenizer.is_byte_or_special(id) && tokenizer.piece(id).is_some_and(is_byte)
}

/// The text of the ids from `start` on, given those before.
fn behind(tokenizer: &Tokenizer, ids: &[i64], start: usize) -> String {
    let before = tokenizer.decode(&ids[..start]);
    let text = tokenizer.decode(ids);
    match text.strip_prefix(&before) {
        Some(text) => text.to_owned(),
        None => tokenizer.decode(&ids[start..]),
    }
}

/// `text`, if it equals `source` except for white space at the beginning.
fn same(text: &str, source: &Mapped) -> Option<Mapped> {
    let core = text.trim_start_matches(is_space);
    let whole = source.as_str();
    let inner = whole.trim_start_matches(is_space);
    if core != inner || (whole.is_empty() && !text.is_empty()) {
        return None;
    }
    let (space, from) = (text.len() - core.len(), whole.len() - inner.len());
    if space == from && text == whole {
        return Some(source.clone());
    }
    let mut mapped = Mapped::default();
    let place = source.map().source(0..from);
    mapped.push_str(&text[..space], place);
    mapped.append_part(source, from..whole.len());
    Some(mapped)
}
