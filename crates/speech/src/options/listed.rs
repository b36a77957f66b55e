//! What hosts offer an option with.

use super::value::{OptionKind, TypedValue};
use crate::SpeechError;

/// An option of speaking, as hosts offer it.
#[derive(Clone, Copy, Debug)]
pub struct ListedOption {
    /// Name of the field.
    pub name: &'static str,
    /// What it does, as in its documentation.
    pub(super) sentence: &'static str,
    /// Its value unless it is given, in words.
    pub default: &'static str,
    /// What its values are.
    pub kind: OptionKind,
    /// Placeholder of the value on the command line; none if the command has no such option.
    pub command: Option<&'static str>,
    pub(super) check: fn(TypedValue) -> Result<(), SpeechError>,
}

impl ListedOption {
    /// The name in JavaScript: `noiseClamp`.
    pub fn js_name(&self) -> String {
        let mut parts = self.name.split('_');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |name, part| name + &capitalised(part))
    }

    /// The name on the command line, after `--`: `noise-clamp`.
    pub fn command_name(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Whether it can have this value.
    pub fn check(&self, value: TypedValue) -> Result<(), SpeechError> {
        (self.check)(value)
    }

    /// What it does, and its default: two sentences.
    pub fn help(&self) -> String {
        format!("{} Default: {}.", self.sentence.trim(), self.default)
    }

    /// The same for the cell of a table: one sentence that begins small and ends without a full stop.
    pub fn cell(&self) -> String {
        let sentence = self.sentence.trim().trim_end_matches('.');
        let (first, rest) = sentence.split_at(sentence.len().min(1));
        format!("{}{rest}; default: {}", first.to_lowercase(), self.default)
    }
}

fn capitalised(part: &str) -> String {
    let (first, rest) = part.split_at(part.len().min(1));
    first.to_uppercase() + rest
}
