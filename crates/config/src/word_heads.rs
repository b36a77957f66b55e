//! The heads of the backbone's attention that look at the word that sounds.

use serde::{Deserialize, Serialize};

use crate::Variant;

/// Heads of a model that are averaged, at most.
pub const MOST_WORD_HEADS: usize = 5;

/// A head of the backbone's attention, as the YAML's `timestamp_heads` lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WordHead {
    /// The layer, from 0.
    pub layer: usize,
    /// The query head in it, from 0.
    pub head: usize,
}

impl WordHead {
    const fn at(layer: usize, head: usize) -> Self {
        Self { layer, head }
    }
}

/// Heads of `pocket-tts-timestamped` 1.4.0; those of the included model were trained to be such.
const HEADS: &[(&str, &[WordHead])] = {
    const fn h(layer: usize, head: usize) -> WordHead {
        WordHead::at(layer, head)
    }
    const ENGLISH: &[WordHead] = &[h(3, 8), h(2, 0)];
    const ENGLISH_24: &[WordHead] = &[h(14, 10), h(17, 11), h(15, 4)];
    const ENGLISH_18M: &[WordHead] = &[h(2, 7), h(3, 4)];
    const ENGLISH_7M: &[WordHead] = &[h(2, 7), h(2, 5)];
    &[
        ("english_2026-01", ENGLISH),
        ("english_2026-04", ENGLISH),
        ("english_2026-04_24l", ENGLISH_24),
        ("english_2026-09", ENGLISH),
        ("english_2026-09_2", ENGLISH),
        ("english_2026-09_24l", ENGLISH_24),
        ("english_drifting_26-09", &[h(2, 15)]),
        // The weights of `english`.
        ("english_2026-10", ENGLISH),
        ("english", ENGLISH),
        ("english_18m_2026-10", ENGLISH_18M),
        ("english_18m_refl_2026-10", ENGLISH_18M),
        ("english_7m_2026-10", ENGLISH_7M),
        ("english_7m_refl_2026-10", ENGLISH_7M),
        ("english_2m_2026-10", &[h(5, 2), h(2, 2), h(2, 0), h(3, 0)]),
        ("english_2m_refl_2026-10", &[h(5, 2), h(2, 2)]),
        ("dutch", &[h(4, 5), h(3, 9), h(3, 14), h(2, 0)]),
        ("dutch_24l", &[h(17, 13), h(17, 11)]),
        ("french", &[h(3, 9)]),
        ("french_24l", &[h(17, 13), h(16, 9), h(18, 5), h(17, 11)]),
        ("german", &[h(3, 14), h(3, 9), h(3, 10)]),
        ("german_24l", &[h(17, 11), h(15, 4)]),
        ("italian", &[h(3, 9), h(4, 5), h(3, 10)]),
        ("italian_24l", &[h(17, 13), h(13, 10), h(18, 5), h(14, 10)]),
        (
            "portuguese",
            &[h(3, 9), h(4, 2), h(4, 5), h(3, 14), h(3, 4)],
        ),
        ("portuguese_24l", &[h(17, 13), h(18, 1), h(20, 12)]),
        ("spanish", &[h(3, 9), h(4, 2), h(4, 5), h(3, 10)]),
        ("spanish_24l", &[h(17, 13), h(17, 11), h(18, 1)]),
        (Variant::INCLUDED, &[h(3, 0), h(5, 0)]),
    ]
};

impl Variant {
    /// The heads that tell when words are spoken.
    pub fn word_heads(&self) -> &'static [WordHead] {
        let row = HEADS.iter().find(|(name, _)| *name == self.name);
        row.map_or(&[], |(_, heads)| heads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_heads_that_it_has() {
        for variant in Variant::all() {
            let transformer = &variant.config().flow_lm.transformer;
            let heads = variant.word_heads();
            assert!(
                (1..=MOST_WORD_HEADS).contains(&heads.len()),
                "{}",
                variant.name
            );
            for (index, head) in heads.iter().enumerate() {
                assert!(
                    head.layer < transformer.num_layers && head.head < transformer.num_heads,
                    "{}: {head:?}",
                    variant.name
                );
                assert!(!heads[..index].contains(head), "{}", variant.name);
            }
        }
    }
}
