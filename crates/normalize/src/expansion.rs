//! The rewritten form of a stretch of text.

use std::ops::Range;

use crate::map::{ReplacedRange, ReplacedRanges};

/// The kind of thing that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpansionKind {
    /// `1,024`
    Cardinal,
    /// `21st`
    Ordinal,
    /// `3.14`
    Decimal,
    /// `in 1999`, `1990s`
    Year,
    /// `5 March 2024`
    Date,
    /// `8:00`
    Time,
    /// `$49.95`
    Money,
    /// `20 °C`, `50 %`, `5'11"`
    Measure,
    /// `+1 (555) 123-4567`
    Phone,
    /// `1/2`
    Fraction,
    /// `Henry VIII`
    Roman,
    /// `Dr.`
    Abbreviation,
    /// `https://example.com`, `user@example.com`
    Address,
    /// An emoji, by name or left out.
    Emoji,
    /// `&`
    Sign,
    /// A word of a pronunciation list.
    Replacement,
    /// Digits in a word that is not understood.
    Rest,
}

/// A stretch of a text, and its spoken form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Its spoken form; empty if it is left out.
    pub spoken: String,
    /// What it was recognised as.
    pub kind: ExpansionKind,
}

/// A text with all expansions applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The new text.
    pub text: String,
    /// Maps its bytes to the source.
    pub map: ReplacedRanges,
}

impl Expanded {
    /// Replaces each stretch by its expansion; expansions are in order.
    pub fn of(text: &str, expansions: &[Expansion]) -> Self {
        let mut out = String::with_capacity(text.len() + text.len() / 4);
        let (mut parts, mut at) = (Vec::with_capacity(expansions.len()), 0);
        for Expansion { range, spoken, .. } in expansions {
            out.push_str(&text[at..range.start]);
            let start = out.len();
            out.push_str(spoken);
            parts.push(ReplacedRange {
                output: start..out.len(),
                source: range.clone(),
            });
            at = range.end;
        }
        out.push_str(&text[at..]);
        Self {
            text: out,
            map: ReplacedRanges::new(parts),
        }
    }
}
