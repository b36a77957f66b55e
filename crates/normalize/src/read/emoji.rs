//! Emoji: those in the table by name; others are removed.

use super::Reading;
use crate::context::Cursor;
use crate::expansion::ExpansionKind;

const JOINER: char = '\u{200d}';
const KEYCAP: char = '\u{20e3}';

/// Most characters of one emoji.
const LONGEST_EMOJI: usize = 16;

pub(super) fn read(place: Cursor<'_>) -> Option<Reading> {
    let rest = place.rest();
    let length = emoji(rest)?;
    let sequence = &rest[..length];
    let mut end = place.at + length;
    // Three of the same are named once.
    while let Some(again) = place.text[end..].strip_prefix(sequence) {
        let next = place.text.len() - again.len();
        if next - place.at > crate::context::CONTEXT_BYTES {
            break;
        }
        end = next;
    }
    let plain: String = sequence.chars().filter(|&c| !is_modifier(c)).collect();
    let name = place.table.get("emoji", &plain).unwrap_or_default();
    let behind = &place.text[end..];
    let is_name = !name.is_empty();
    let is_joined = |c: char| c.is_alphanumeric() || is_emoji(c) || c == '\u{fe0f}';
    // Names are separate words.
    let before = match place.before() {
        Some(c) if is_name && is_joined(c) => ", ",
        None | Some(_) => "",
    };
    let after = match behind.chars().next() {
        Some(c) if is_name && c.is_alphanumeric() => ", ",
        None | Some(_) => "",
    };
    Some(Reading::new(
        ExpansionKind::Emoji,
        format!("{before}{name}{after}"),
        end,
    ))
}

/// `5️⃣` is the number.
pub(super) fn keycap(place: Cursor<'_>) -> Option<Reading> {
    let rest = place.rest();
    let digit = rest.get(..1)?;
    let behind = rest[1..].strip_prefix('\u{fe0f}').unwrap_or(&rest[1..]);
    let after = behind.strip_prefix(KEYCAP)?;
    let spoken = place.table.digits(digit)?;
    Some(Reading::new(
        ExpansionKind::Emoji,
        spoken,
        place.text.len() - after.len(),
    ))
}

/// Bytes of the emoji that a text begins with.
fn emoji(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().take(LONGEST_EMOJI).peekable();
    let (_, first) = characters.next()?;
    if !is_emoji(first) {
        // `©` and digits are emoji only with a variation selector.
        let is_selected = text[first.len_utf8()..].starts_with('\u{fe0f}');
        if !(is_selected && !first.is_ascii() && !first.is_alphabetic()) {
            return None;
        }
    }
    let is_flag = is_regional(first);
    let mut end = first.len_utf8();
    let mut was_joiner = false;
    let mut letters = 1;
    for (at, c) in characters {
        let belongs = is_modifier(c)
            || c == JOINER
            || was_joiner
            || (is_flag && is_regional(c) && letters < 2)
            || ('\u{e0020}'..='\u{e007f}').contains(&c);
        if !belongs {
            break;
        }
        letters += usize::from(is_regional(c));
        was_joiner = c == JOINER;
        end = at + c.len_utf8();
    }
    Some(end)
}

fn is_regional(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// Modifiers that change an emoji's look but not its name.
fn is_modifier(c: char) -> bool {
    matches!(
        c,
        '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | KEYCAP
    )
}

/// Characters that are emoji by themselves.
pub(crate) fn is_emoji(c: char) -> bool {
    // Fast, because most characters are not.
    c >= '\u{231a}'
        && matches!(
            c,
            '\u{1f300}'..='\u{1faff}'
                | '\u{1f1e6}'..='\u{1f1ff}'
                | '\u{2600}'..='\u{26ff}'
                | '\u{2700}'..='\u{27bf}'
                | '\u{231a}'..='\u{231b}'
                | '\u{23e9}'..='\u{23fa}'
                | '\u{2b1b}'..='\u{2b1c}'
                | '\u{2b50}'
                | '\u{2b55}'
                | '\u{1f004}'
                | '\u{1f0cf}'
                | '\u{1f18e}'
                | '\u{1f191}'..='\u{1f19a}'
        )
}
