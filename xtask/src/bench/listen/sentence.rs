//! The held-out sentences.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::workspace;

/// Who speaks every sentence.
pub(super) const LISTEN_VOICES: [&str; 2] = ["robin", "heron"];

/// Of the sentences, each so many-th is judged by DNSMOS, when it is spoken first.
const JUDGED: usize = 8;

/// A sentence that the model was not trained with.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ListenSentence {
    pub(super) text: String,
}

/// One sentence, to be spoken once.
#[derive(Clone, Debug)]
pub(super) struct PlannedRecording {
    /// Index of the sentence.
    pub(super) sentence: usize,
    pub(super) voice: &'static str,
    pub(super) seed: u64,
    pub(super) text: String,
}

/// Those of the model's folder.
pub(super) fn sentences() -> Result<Vec<ListenSentence>> {
    let path = workspace().join("models/starling/sentences.json");
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))
}

/// All of them by every voice.
pub(super) fn utterances(sentences: &[ListenSentence], seed: u64) -> Vec<PlannedRecording> {
    let of_voice = |voice| {
        (sentences.iter().enumerate()).map(move |(sentence, it)| PlannedRecording {
            sentence,
            voice,
            seed,
            text: it.text.clone(),
        })
    };
    LISTEN_VOICES.into_iter().flat_map(of_voice).collect()
}

impl PlannedRecording {
    /// A name for a file.
    pub(super) fn name(&self) -> String {
        format!("{}-{:03}-{}", self.voice, self.sentence, self.seed)
    }

    /// Whether DNSMOS judges it.
    pub(super) fn is_judged(&self) -> bool {
        self.seed == 1 && self.sentence.is_multiple_of(JUDGED)
    }

    /// What a speaking program reads. Every sentence has noise of its own.
    pub(super) fn line(&self) -> String {
        let Self {
            voice, seed, text, ..
        } = self;
        let seed = seed * 1000 + self.sentence as u64;
        format!("{}\t{voice}\t{seed}\t{text}\n", self.name())
    }
}
