//! Speaks one text in one sound format.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use encode::{EncodeError, Encoder, Format, Options as Encoding, Patch, Tags, Target};
use speaker::{SoundChunk, SpeakerError};
use speech::{SpeechOptions, TextPiece, TextSource, Word};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::Chosen;

/// Parts that wait for a slow listener: some minutes of sound, so that a client that reads as fast
/// as it plays does not delay other requests.
const WAITING: usize = 4096;
/// How long a listener may take for one part when that many wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// Seconds of silence for a text without a word.
const SILENCE: f64 = 0.2;

/// A text to speak.
pub struct Job {
    /// What speaks.
    pub chosen: Chosen,
    /// The text.
    pub text: JobText,
    /// How it is spoken.
    pub options: SpeechOptions,
    /// How it is encoded.
    pub format: Format,
    /// Whether the header may be completed at the end.
    pub target: Target,
}

/// The text of a job.
pub enum JobText {
    /// All of it.
    Whole(TextPiece),
    /// It arrives in pieces ([`speaker::arriving_text`]).
    Arriving(TextSource),
}

impl JobText {
    fn title(&self) -> Option<String> {
        match self {
            Self::Whole(text) => Tags::title_of(text.source()),
            Self::Arriving(_) => None,
        }
    }

    /// Whether there is something to say. Chat programs that split texts at full stops send parts
    /// like `...` or an emoji, which the model would turn into noise.
    fn has_words(&self) -> bool {
        match self {
            Self::Whole(text) => text.text().chars().any(char::is_alphanumeric),
            Self::Arriving(_) => true,
        }
    }
}

/// A part of the answer, as it becomes ready.
#[derive(Clone, Debug)]
pub enum JobEvent {
    /// Bytes, and the words that end in them.
    Sound(Sound),
    /// The end.
    Done(Spoken),
    /// Speaking failed.
    Failed(String),
}

/// Bytes, and the words that end in them.
#[derive(Clone, Debug, Default)]
pub struct Sound {
    /// May be empty: a codec waits for a whole block.
    pub bytes: Vec<u8>,
    /// Only if [`SpeechOptions::words`] asks for them.
    pub words: Vec<Word>,
}

/// Figures of what was spoken.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    /// The completed header, if the target can seek.
    pub patch: Option<Patch>,
    /// Samples at the model's rate.
    pub samples: u64,
    /// Samples per second.
    pub sample_rate: u32,
    /// Time until the first sound, since a worker took the job.
    pub first_sound: Option<Duration>,
    /// Time until the last sound.
    pub elapsed: Duration,
}

/// The listener's end of a job. Dropping it ends the work within a frame.
#[derive(Debug)]
pub struct Listener {
    parts: Receiver<JobEvent>,
    gone: Arc<AtomicBool>,
}

/// The worker's end.
#[derive(Debug)]
struct Worker {
    parts: Sender<JobEvent>,
    gone: Arc<AtomicBool>,
}

/// The listener has gone.
struct Gone;

impl Listener {
    /// The next part; none after the last.
    pub async fn next(&mut self) -> Option<JobEvent> {
        self.parts.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

impl Job {
    /// The work for a [`crate::Queue`], and the listener's end.
    pub fn begin(self) -> (impl FnOnce() + Send + 'static, Listener) {
        let (sender, parts) = channel(WAITING);
        let gone = Arc::<AtomicBool>::default();
        let worker = Worker {
            parts: sender,
            gone: gone.clone(),
        };
        (move || self.run(&worker), Listener { parts, gone })
    }

    fn run(self, worker: &Worker) {
        // The client may have left while the job waited.
        if worker.is_alone() {
            return;
        }
        match self.speak(worker) {
            Ok(Ok(spoken)) => {
                tracing::info!(
                    seconds = spoken.samples as f64 / f64::from(spoken.sample_rate),
                    milliseconds = spoken.elapsed.as_millis() as u64,
                    first_sound = spoken.first_sound.map(|time| time.as_millis() as u64),
                    "spoken"
                );
                drop(worker.send(JobEvent::Done(spoken)));
            }
            Ok(Err(Gone)) => tracing::debug!("the client has gone"),
            Err(failure) => {
                tracing::error!("{failure}");
                drop(worker.send(JobEvent::Failed(failure.to_string())));
            }
        }
    }

    fn speak(self, worker: &Worker) -> Result<Result<Spoken, Gone>, Failure> {
        let started = Instant::now();
        let speaker = &self.chosen.speaker;
        let sample_rate = speaker.model().manifest().sample_rate;
        let tags = Tags {
            title: self.text.title(),
            voice: Some(self.chosen.name.clone()),
            model: Some(self.chosen.model.clone()),
        };
        let encoding = Encoding {
            sample_rate,
            target: self.target,
            tags,
        };
        let mut encoder = Encoder::new(self.format, &encoding)?;
        let mut spoken = Spoken {
            sample_rate,
            ..Spoken::default()
        };
        let mut say =
            |chunk: SoundChunk, spoken: &mut Spoken| -> Result<Result<(), Gone>, Failure> {
                let mut sound = Sound {
                    words: chunk.words,
                    ..Sound::default()
                };
                encoder.push(&chunk.samples, &mut sound.bytes)?;
                spoken.samples += chunk.samples.len() as u64;
                spoken.first_sound.get_or_insert_with(|| started.elapsed());
                Ok(worker.send(JobEvent::Sound(sound)))
            };
        if self.text.has_words() {
            let model = speaker.model();
            let utterance = match self.text {
                JobText::Whole(text) => model.utterance(text, &self.options),
                JobText::Arriving(source) => model.utterance_of(source, &self.options),
            };
            let utterance =
                speaker.say(&self.chosen.voice, utterance.map_err(SpeakerError::from)?)?;
            let stop = utterance.stop();
            for chunk in utterance {
                if worker.is_alone() {
                    stop.stop();
                    return Ok(Err(Gone));
                }
                if say(chunk?, &mut spoken)?.is_err() {
                    return Ok(Err(Gone));
                }
            }
        } else {
            let silence = silence((SILENCE * f64::from(sample_rate)) as usize);
            if say(silence, &mut spoken)?.is_err() {
                return Ok(Err(Gone));
            }
        }
        let mut rest = Sound::default();
        spoken.patch = encoder.finish(&mut rest.bytes)?;
        spoken.elapsed = started.elapsed();
        Ok(worker.send(JobEvent::Sound(rest)).map(|()| spoken))
    }
}

fn silence(samples: usize) -> SoundChunk {
    SoundChunk {
        samples: vec![0.0; samples],
        text: None,
        source: 0..0,
        words: Vec::new(),
        cut: false,
    }
}

impl Worker {
    fn is_alone(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || self.parts.is_closed()
    }

    fn send(&self, part: JobEvent) -> Result<(), Gone> {
        let mut part = part;
        let started = Instant::now();
        loop {
            match self.parts.try_send(part) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(_)) => return Err(Gone),
                Err(TrySendError::Full(_)) if started.elapsed() > PATIENCE => return Err(Gone),
                Err(TrySendError::Full(same)) => part = same,
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Why a text was not spoken to its end.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Speaker(#[from] SpeakerError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
