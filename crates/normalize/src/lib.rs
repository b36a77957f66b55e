//! Rewrites text as it is spoken: numbers, dates, money, abbreviations and signs as words, and
//! pronunciation lists. No I/O; native and wasm.
//!
//! Anything ambiguous stays as it is: versions, ranges, file names. A word is rewritten as a whole
//! or not at all.
//!
//! 1. A [`Language`] has a table (`tables/*.txt`) that its speakers can correct: number words as
//!    rules (`rules.rs`), and names of months, currencies, units and so on (`table.rs`).
//! 2. `scan.rs` goes through a text word by word, and asks the readers in `read/`, one for each
//!    notation. Each [`Expansion`] has the bytes that it replaces.
//! 3. [`Expanded`] is the new text, with [`ReplacedRanges`], which map its bytes to those of the source.
//! 4. A [`Rewriter`] does this to a text that arrives piece by piece, after a pronunciation list
//!    ([`Replacements`]).
//!
//! ```
//! use normalize::{Expanded, Language, normalize};
//!
//! let text = "It costs $49.95.";
//! let expansions = normalize(text, Language::English);
//! let spoken = Expanded::of(text, &expansions);
//! assert_eq!(spoken.text, "It costs forty-nine dollars and ninety-five cents.");
//! assert_eq!(spoken.map.source(9..19), 9..15);
//! ```

mod context;
mod expansion;
mod language;
mod map;
mod numeral;
mod read;
mod replacements;
mod rewriter;
mod rules;
mod scan;
mod spell;
mod table;

pub use expansion::{Expanded, Expansion, ExpansionKind};
pub use language::{Language, UnknownLanguage};
pub use map::{ReplacedRange, ReplacedRanges};
pub use replacements::{ReplacementError, ReplacementFault, Replacements};
pub use rewriter::{Rewriter, Rewritten, Rules};

/// The expansions for a text, in order.
pub fn normalize(text: &str, language: Language) -> Vec<Expansion> {
    scan::scan(text, 0, language, false)
}
