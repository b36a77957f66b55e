//! Parts of the decoder, for hosts that share its work between two threads.
//!
//! The first part ends between two layers of the transformer, where the second one begins: it hands
//! over `hidden`, f32 `[1, T, d_model]`, one row a transformer position. Both are given the data file of
//! the one component; the first part needs no more of it than its own parameters, which come first.
//! Each has the states of its modules.

use crate::transformer::TransformerPart;

/// What the first part hands to the second.
pub(super) const HIDDEN: &str = "hidden";

/// A part of the decoder, and how many layers of the transformer the first part has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecoderPart {
    /// From latents to `hidden`.
    First(usize),
    /// From `hidden` to sound.
    Second(usize),
}

impl DecoderPart {
    /// The part's layers, of a transformer of `count`.
    pub(super) fn layers(self, count: usize) -> TransformerPart {
        match self {
            Self::First(layers) => TransformerPart {
                layers: 0..layers.min(count),
                begins: true,
                ends: false,
            },
            Self::Second(layers) => TransformerPart {
                layers: layers.min(count)..count,
                begins: false,
                ends: true,
            },
        }
    }
}

#[cfg(test)]
mod tests;
