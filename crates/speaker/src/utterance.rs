//! A text that is being spoken, as an iterator of sound.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use speech::{Decoding, SpeechNotice};

use crate::backbone::Backbone;
use crate::decoder::LatentDecoder;
use crate::generator::{End, LatentGenerator};
use crate::lock::lock;
use crate::scheduler::{CorePermit, Part, ScheduledTask};
use crate::threads::Threads;
use crate::{PreparedVoice, SoundChunk, Speaker, SpeakerError, Stop, Timings};

/// Chunks of sound, the first of them one frame long. Dropping it stops the work at once; after
/// an error there is no more.
pub struct Utterance {
    work: UtteranceWork,
    started: Instant,
    first_sound: Option<Duration>,
    samples: u64,
    timings: Arc<Mutex<Timings>>,
    end: Arc<Mutex<End>>,
    stop: Stop,
}

enum UtteranceWork {
    Threads(Threads),
    /// Backbone and decoder alternate on one thread; chunks wait to be fetched.
    Turns {
        generator: Box<LatentGenerator>,
        decoder: Box<LatentDecoder>,
        waiting: std::vec::IntoIter<SoundChunk>,
    },
    Over,
}

impl Utterance {
    pub(crate) fn start(
        speaker: &Speaker,
        voice: &PreparedVoice,
        utterance: speech::Generation,
        task: Option<ScheduledTask>,
    ) -> Result<Self, SpeakerError> {
        let started = Instant::now();
        let timings = Arc::<Mutex<Timings>>::default();
        let stop = task.as_ref().map(ScheduledTask::stop).unwrap_or_default();
        let end = Arc::new(Mutex::new(End {
            rest: String::new(),
            notices: utterance.notices(),
        }));
        let decoding = Decoding::new(speaker.model(), utterance.options().speed);
        let components = &speaker.components;
        let backbone = Backbone::new(components, voice, utterance, timings.clone(), stop.clone());
        let generator = LatentGenerator::new(
            backbone,
            timings.clone(),
            end.clone(),
            stop.clone(),
            CorePermit::new(task.clone(), Part::Backbone),
            speaker.threads,
        );
        let stream = components.mimi_decoder.fork();
        let decoder = LatentDecoder::new(
            decoding,
            speaker.model().manifest().sample_rate,
            stream,
            timings.clone(),
            stop.clone(),
            CorePermit::new(task, Part::Decoder),
        );
        let work = if speaker.threads > 1 {
            UtteranceWork::Threads(Threads::start(generator, decoder, stop.clone())?)
        } else {
            UtteranceWork::Turns {
                generator: Box::new(generator),
                decoder: Box::new(decoder),
                waiting: Vec::new().into_iter(),
            }
        };
        Ok(Self {
            work,
            started,
            first_sound: None,
            samples: 0,
            timings,
            end,
            stop,
        })
    }

    /// Time from the call to the first sound, if there was one.
    pub fn first_sound(&self) -> Option<Duration> {
        self.first_sound
    }

    /// Time since the call.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Samples so far.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Ends it from any thread, within one call of a component.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Notices: things in the text or the options that may be mistakes. They are complete only at the
    /// end, as those of [`speech::Generation::notices`].
    pub fn notices(&self) -> Vec<SpeechNotice> {
        self.end().notices
    }

    /// The text after the last word, once everything is spoken and words were requested.
    pub fn rest(&self) -> String {
        self.end().rest
    }

    fn end(&self) -> End {
        lock(&self.end).clone()
    }

    /// Where the time has gone so far.
    pub fn timings(&self) -> Timings {
        *lock(&self.timings)
    }
}

impl Iterator for Utterance {
    type Item = Result<SoundChunk, SpeakerError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match &mut self.work {
            UtteranceWork::Threads(threads) => threads.next_chunk(),
            UtteranceWork::Turns {
                generator,
                decoder,
                waiting,
            } => take_turns(generator, decoder, waiting).transpose(),
            UtteranceWork::Over => None,
        };
        match &next {
            Some(Ok(chunk)) => {
                self.samples += chunk.samples.len() as u64;
                self.first_sound
                    .get_or_insert_with(|| self.started.elapsed());
            }
            Some(Err(_)) | None => self.work = UtteranceWork::Over,
        }
        next
    }
}

fn take_turns(
    generator: &mut LatentGenerator,
    decoder: &mut LatentDecoder,
    waiting: &mut std::vec::IntoIter<SoundChunk>,
) -> Result<Option<SoundChunk>, SpeakerError> {
    loop {
        if let Some(chunk) = waiting.next() {
            return Ok(Some(chunk));
        }
        let event = generator.next_event();
        // The decoder is to have it.
        generator.permit().release();
        let Some(event) = event? else {
            return Ok(None);
        };
        let made = decoder.take(vec![event]);
        decoder.permit().release();
        *waiting = made?.into_iter();
    }
}
