//! `--words FILE`: when each word is spoken, as data or as subtitles.

mod data;

use std::ops::Range;
use std::path::Path;

use anyhow::{Result, bail};
use files::{Destination, OutputFile};
use serde_json::Value;
use speaker::SoundChunk;
use speech::Word;
use subtitles::{SubtitleFormat, Subtitles, TimedWord};

use crate::destination;

/// A format of word times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WordsFormat {
    Json,
    Subtitles(SubtitleFormat),
}

/// The output of word times.
pub(crate) struct WordsFile {
    form: WordsFormat,
    file: OutputFile,
}

impl WordsFile {
    /// Opens `path`, whose ending gives the format. Problems are reported before the work starts.
    pub(crate) fn open(path: &Path, sound: Option<&Destination>) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let form = if ending.eq_ignore_ascii_case("json") {
            WordsFormat::Json
        } else if let Some(format) = SubtitleFormat::of_extension(&ending) {
            WordsFormat::Subtitles(format)
        } else {
            bail!(
                "{}: words are written as .json, .srt, .vtt or .ass: give a name with one of these endings",
                path.display()
            )
        };
        let destination = Destination::find(path)?;
        if let Some(file) = destination.file()
            && sound.is_some_and(|sound| sound.is_same_file(file))
        {
            bail!("{} is also the sound: choose another name", path.display());
        }
        destination::refuse_bundle_file(&destination, path)?;
        Ok(Self {
            form,
            file: destination.open()?,
        })
    }

    /// Writes the words.
    pub(crate) fn write(self, spoken: &SpokenWords) -> Result<()> {
        let text = match self.form {
            WordsFormat::Json => format!("{:#}\n", spoken.to_json()),
            WordsFormat::Subtitles(format) => spoken.subtitles().write(format),
        };
        Ok(self.file.finish_with(text.as_bytes())?)
    }
}

/// All words of an utterance.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpokenWords {
    /// Those of each chunk of text.
    chunks: Vec<Vec<Word>>,
    /// The source text of the last chunk.
    source: Range<usize>,
    /// The text after the last word.
    rest: String,
}

impl SpokenWords {
    /// Adds the words of a chunk of sound.
    pub(crate) fn add(&mut self, chunk: &SoundChunk) {
        if chunk.words.is_empty() {
            return;
        }
        match self.chunks.last_mut() {
            Some(last) if self.source == chunk.source => last.extend_from_slice(&chunk.words),
            _ => self.chunks.push(chunk.words.clone()),
        }
        self.source = chunk.source.clone();
    }

    /// Ends the utterance; `rest` is the text after its last word.
    pub(crate) fn finish(&mut self, rest: String) {
        self.rest = rest;
    }

    fn subtitles(&self) -> Subtitles {
        let mut subtitles = Subtitles::default();
        for words in &self.chunks {
            for (index, word) in words.iter().enumerate() {
                let timed = TimedWord {
                    text: word.text.clone(),
                    word: word.source.bytes.len(),
                    start: word.start,
                    end: word.end,
                };
                subtitles.add(timed, index == 0);
            }
        }
        subtitles
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> Value {
        data::json(&self.chunks.concat(), &self.rest)
    }
}
