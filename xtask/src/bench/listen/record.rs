//! What was measured, kept so that nothing is spoken twice.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::hearing::HeardWords;
use super::sentence::PlannedRecording;
use super::speaking::RecordingInfo;

/// What was measured of one recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ListenRecord {
    /// Index of what was said.
    pub(super) sentence: usize,
    pub(super) voice: String,
    pub(super) seed: u64,
    /// Latent frames.
    pub(super) frames: usize,
    /// Samples beyond full scale, and the largest magnitude.
    pub(super) clipped: usize,
    pub(super) peak: f32,
    pub(super) words: usize,
    /// Words that are wrong; at most all: a recogniser that goes round in circles adds hundreds.
    pub(super) wrong: usize,
    pub(super) lost: usize,
    /// Score of DNSMOS, where it was asked for.
    pub(super) mos: Option<f64>,
    /// Level of the quietest tenth, in dB of full scale.
    pub(super) quiet: f64,
}

/// A line of the file of records.
#[derive(Debug, Serialize, Deserialize)]
struct KeptRecord {
    /// What spoke.
    fingerprint: String,
    row: String,
    #[serde(flatten)]
    record: ListenRecord,
}

/// Row, voice, sentence and seed.
type Place = (String, String, usize, u64);

/// All that was measured of the same programs and files.
pub(super) struct ListenRecords {
    fingerprint: String,
    known: HashMap<Place, ListenRecord>,
    file: File,
}

impl ListenRecord {
    pub(super) fn new(
        utterance: &PlannedRecording,
        spoken: &RecordingInfo,
        heard: &HeardWords,
    ) -> Self {
        Self {
            sentence: utterance.sentence,
            voice: utterance.voice.to_owned(),
            seed: utterance.seed,
            frames: spoken.frames,
            clipped: spoken.clipped,
            peak: spoken.peak,
            words: heard.words,
            wrong: heard.wrong.min(heard.words),
            lost: heard.lost,
            mos: heard.mos,
            quiet: heard.quiet,
        }
    }
}

impl ListenRecords {
    /// Opens the file of records in `folder`.
    pub(super) fn open(folder: &Path, fingerprint: &str) -> Result<Self> {
        let path = folder.join("records");
        let text = fs::read_to_string(&path).unwrap_or_default();
        // A run that broke off may have left half a line.
        let kept = (text.lines()).filter_map(|line| serde_json::from_str::<KeptRecord>(line).ok());
        let known = kept
            .filter(|kept| kept.fingerprint == fingerprint)
            .map(|KeptRecord { row, record, .. }| {
                let place = (row, record.voice.clone(), record.sentence, record.seed);
                (place, record)
            })
            .collect();
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self {
            fingerprint: fingerprint.to_owned(),
            known,
            file: file.with_context(|| format!("cannot write {}", path.display()))?,
        })
    }

    /// What was measured of an utterance.
    pub(super) fn find(&self, row: &str, utterance: &PlannedRecording) -> Option<&ListenRecord> {
        let PlannedRecording {
            sentence,
            voice,
            seed,
            ..
        } = utterance;
        let place = (row.to_owned(), (*voice).to_owned(), *sentence, *seed);
        self.known.get(&place)
    }

    /// Keeps what was measured.
    pub(super) fn add(&mut self, row: &str, record: ListenRecord) -> Result<()> {
        let place = (
            row.to_owned(),
            record.voice.clone(),
            record.sentence,
            record.seed,
        );
        let kept = KeptRecord {
            fingerprint: self.fingerprint.clone(),
            row: row.to_owned(),
            record,
        };
        // In one piece: another run may write at the same time.
        (self.file).write_all((serde_json::to_string(&kept)? + "\n").as_bytes())?;
        self.known.insert(place, kept.record);
        Ok(())
    }
}
