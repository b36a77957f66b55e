//! A text while it is spoken, on a thread of its own.

use std::io::{self, Write};
use std::iter::Peekable;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::vec::IntoIter;

use speaker::{SoundChunk, SpeakerError, Stop};
use speech::{SpeechOptions, TextPiece};

use super::protocol::Events;
use crate::Chosen;
use crate::http::with_causes;

/// Sound is handed over in tenths of a second, so that a stop is noticed.
const PARTS: u32 = 10;

/// What is to be spoken, and how.
pub(super) struct TextToSpeak {
    pub(super) chosen: Chosen,
    /// None if it has no word.
    pub(super) text: Option<TextPiece>,
    /// Bytes of the text before each index mark, and its name, in order.
    pub(super) marks: Vec<(usize, String)>,
    pub(super) options: SpeechOptions,
    /// What samples are multiplied by.
    pub(super) gain: f32,
}

/// A text that is being spoken.
pub(super) struct Speaking {
    control: Arc<Control>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Control {
    stopped: AtomicBool,
    paused: AtomicBool,
    /// Ends the making of sound.
    stop: Mutex<Option<Stop>>,
}

/// How a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpeakingEnd {
    End,
    Stopped,
    Paused,
}

#[derive(Debug, thiserror::Error)]
enum SpeakingError {
    #[error(transparent)]
    Speaker(#[from] SpeakerError),
    #[error("speech-dispatcher does not read any more")]
    Pipe(#[from] io::Error),
}

impl Speaking {
    /// Begins to speak.
    pub(super) fn begin<W: Write + Send + 'static>(
        spoken: TextToSpeak,
        events: Events<W>,
    ) -> io::Result<Self> {
        let control = Arc::<Control>::default();
        let run = {
            let control = control.clone();
            move || {
                let ending = speak(spoken, &events, &control).unwrap_or_else(|failure| {
                    tracing::error!("{}", with_causes(&failure));
                    SpeakingEnd::Stopped
                });
                let told = events.say(match ending {
                    SpeakingEnd::End => "702 END",
                    SpeakingEnd::Stopped => "703 STOP",
                    SpeakingEnd::Paused => "704 PAUSE",
                });
                if let Err(error) = told {
                    tracing::error!("{}", with_causes(&SpeakingError::from(error)));
                }
            }
        };
        let thread = thread::Builder::new().name("speaking".to_owned());
        Ok(Self {
            control,
            thread: thread.spawn(run)?,
        })
    }

    /// Ends it at once.
    pub(super) fn stop(&self) {
        self.control.stopped.store(true, Ordering::Relaxed);
        let stop = self.control.stop.lock();
        if let Some(stop) = &*stop.unwrap_or_else(PoisonError::into_inner) {
            stop.stop();
        }
    }

    /// Ends it at the next index mark.
    pub(super) fn pause(&self) {
        self.control.paused.store(true, Ordering::Relaxed);
    }

    /// Waits until it has ended.
    pub(super) fn wait(self) {
        if self.thread.join().is_err() {
            tracing::error!("a text ended with a panic");
        }
    }
}

fn speak<W: Write>(
    spoken: TextToSpeak,
    events: &Events<W>,
    control: &Control,
) -> Result<SpeakingEnd, SpeakingError> {
    events.say("701 BEGIN")?;
    let speaker = &spoken.chosen.speaker;
    let mut playing = Playing {
        events,
        control,
        sample_rate: speaker.model().manifest().sample_rate,
        gain: spoken.gain,
        sent: 0,
        marks: spoken.marks.into_iter().peekable(),
        tells_words: spoken.options.words,
        word_end: 0.0,
    };
    if let Some(text) = spoken.text {
        let utterance = speaker.model().utterance(text, &spoken.options);
        let utterance = utterance.map_err(SpeakerError::from)?;
        let utterance = speaker.say(&spoken.chosen.voice, utterance)?;
        let stop = control.stop.lock();
        *stop.unwrap_or_else(PoisonError::into_inner) = Some(utterance.stop());
        for chunk in utterance {
            if let Some(ending) = playing.chunk(&chunk?)? {
                return Ok(ending);
            }
        }
    }
    Ok(playing.rest()?.unwrap_or(SpeakingEnd::End))
}

/// Hands over sound and index marks in order.
struct Playing<'a, W> {
    events: &'a Events<W>,
    control: &'a Control,
    sample_rate: u32,
    gain: f32,
    /// Samples that were handed over.
    sent: u64,
    marks: Peekable<IntoIter<(usize, String)>>,
    tells_words: bool,
    /// When the last word before the next mark ends, in seconds.
    word_end: f64,
}

impl<W: Write> Playing<'_, W> {
    /// Hands over a chunk, with the marks that are in it.
    fn chunk(&mut self, chunk: &SoundChunk) -> io::Result<Option<SpeakingEnd>> {
        let first = self.sent;
        let mut samples = &chunk.samples[..];
        for (at, name) in self.passed(chunk) {
            let before = (at * f64::from(self.sample_rate)) as u64;
            let before =
                before.saturating_sub(first + (chunk.samples.len() - samples.len()) as u64);
            let (now, later) = samples.split_at(samples.len().min(before as usize));
            samples = later;
            if let Some(ending) = self.samples(now)? {
                return Ok(Some(ending));
            }
            if let Some(ending) = self.mark(&name)? {
                return Ok(Some(ending));
            }
        }
        self.samples(samples)
    }

    /// The marks that this chunk shows to have been passed, and when, in seconds. A mark is passed
    /// where the last word before it ends; without word times, where a later chunk of text begins.
    /// Words include the punctuation behind them, so that a sentence's end is known with its last
    /// word.
    fn passed(&mut self, chunk: &SoundChunk) -> Vec<(f64, String)> {
        let mut passed = Vec::new();
        if self.tells_words {
            for word in &chunk.words {
                self.before(word.source.bytes.end, &mut passed);
                self.word_end = word.end;
                self.before(word.source.bytes.end + 1, &mut passed);
            }
        } else if chunk.text.is_some() {
            self.word_end = self.sent as f64 / f64::from(self.sample_rate);
            self.before(chunk.source.start + 1, &mut passed);
        }
        passed
    }

    /// Takes the marks before byte `end` of the text.
    fn before(&mut self, end: usize, passed: &mut Vec<(f64, String)>) {
        while let Some((_, name)) = self.marks.next_if(|(at, _)| *at < end) {
            passed.push((self.word_end, name));
        }
    }

    /// The marks after the last sound.
    fn rest(&mut self) -> io::Result<Option<SpeakingEnd>> {
        while let Some((_, name)) = self.marks.next() {
            if let Some(ending) = self.mark(&name)? {
                return Ok(Some(ending));
            }
        }
        Ok(self.stopped())
    }

    fn mark(&self, name: &str) -> io::Result<Option<SpeakingEnd>> {
        if let Some(ending) = self.stopped() {
            return Ok(Some(ending));
        }
        self.events.mark(name)?;
        let paused = self.control.paused.load(Ordering::Relaxed);
        Ok(paused.then_some(SpeakingEnd::Paused))
    }

    fn samples(&mut self, samples: &[f32]) -> io::Result<Option<SpeakingEnd>> {
        for part in samples.chunks((self.sample_rate / PARTS) as usize) {
            if let Some(ending) = self.stopped() {
                return Ok(Some(ending));
            }
            let whole = |sample: &f32| ((sample * self.gain).clamp(-1.0, 1.0) * 32767.0) as i16;
            let integers: Vec<_> = part.iter().map(whole).collect();
            self.events.sound(&integers, self.sample_rate)?;
            self.sent += part.len() as u64;
        }
        Ok(None)
    }

    fn stopped(&self) -> Option<SpeakingEnd> {
        let stopped = self.control.stopped.load(Ordering::Relaxed);
        stopped.then_some(SpeakingEnd::Stopped)
    }
}
