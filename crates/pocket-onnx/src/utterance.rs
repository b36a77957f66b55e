//! A text that is being spoken.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use speaker::Stop;
use speech::{SpeechNotice, Word};

use crate::{Result, Tts};

/// A piece of sound.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Chunk {
    /// Samples at [`Tts::sample_rate`], one channel, -1 to 1 for the most part.
    pub audio: Vec<f32>,
    /// The sentences that are being spoken; `None` in a pause.
    pub text: Option<Arc<str>>,
    /// Their bytes in the given text.
    pub source: Range<usize>,
    /// The words that end in it, if [`SpeechOptions::words`](crate::SpeechOptions::words) asks for them.
    pub words: Vec<Word>,
    /// Whether the text was cut off here because no end of speech was found.
    pub cut: bool,
}

impl From<speaker::SoundChunk> for Chunk {
    fn from(chunk: speaker::SoundChunk) -> Self {
        let speaker::SoundChunk {
            samples,
            text,
            source,
            words,
            cut,
        } = chunk;
        Self {
            audio: samples,
            text,
            source,
            words,
            cut,
        }
    }
}

/// A text that is being spoken: an iterator of [`Chunk`]s, the first of them one frame (80 ms) long.
///
/// The work is done on another thread, a few seconds ahead of the caller. Dropping the iterator ends it;
/// after an error the iterator is at its end.
#[must_use = "an utterance that is dropped is not spoken"]
pub struct Utterance {
    utterance: speaker::Utterance,
    /// Keeps the model's files.
    tts: Tts,
}

impl Utterance {
    pub(crate) fn new(tts: &Tts, utterance: speaker::Utterance) -> Self {
        Self {
            utterance,
            tts: tts.clone(),
        }
    }

    /// All samples, once everything is spoken.
    pub fn audio(self) -> Result<Vec<f32>> {
        let mut audio = Vec::new();
        for chunk in self {
            audio.extend(chunk?.audio);
        }
        Ok(audio)
    }

    /// Speaks it all into a file; the ending names the format: `.wav`, `.flac`, `.opus`, `.mp3` or
    /// `.pcm`. The file takes its place when it is complete.
    ///
    /// ```
    /// # fn main() -> pocket_onnx::Result<()> {
    /// let tts = pocket_onnx::Tts::starling()?;
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("hello.flac");
    /// tts.speak("Hello world.")?.save(&path)?;
    /// # assert!(path.exists());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "encode")]
    pub fn save(self, path: impl AsRef<std::path::Path>) -> Result<()> {
        crate::sound::save(self, path.as_ref())
    }

    /// Ends it from any thread.
    pub fn stop(&self) -> Stop {
        self.utterance.stop()
    }

    /// Time from the call to the first sound, if there was one.
    pub fn first_sound(&self) -> Option<Duration> {
        self.utterance.first_sound()
    }

    /// Notices: things in the text or the options that may be mistakes, such as a misspelt pause. That a
    /// text has no words is known only at its end.
    pub fn notices(&self) -> Vec<SpeechNotice> {
        self.utterance.notices()
    }

    /// The text after the last word, once everything is spoken and words were asked for.
    pub fn rest(&self) -> String {
        self.utterance.rest()
    }

    /// Samples per second.
    pub fn sample_rate(&self) -> u32 {
        self.tts.sample_rate()
    }
}

impl Iterator for Utterance {
    type Item = Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.utterance.next()?;
        Some(next.map(Chunk::from).map_err(Into::into))
    }
}

impl std::iter::FusedIterator for Utterance {}

impl fmt::Debug for Utterance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Utterance")
            .field("samples", &self.utterance.samples())
            .finish_non_exhaustive()
    }
}
