//! Speaks one text in one sound format.

use std::time::{Duration, Instant};

use encode::{EncodeError, EncodeOptions, Encoder, Format, Patch, Tags, Target};
use speaker::{Listening, ScheduledTask, Scheduler, SpeakerError, Stop};
use speech::{SpeechError, SpeechOptions, TextPiece, TextSource, Word};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::Chosen;
use crate::http::with_causes;

/// Parts that wait for a slow listener: some minutes of sound, so that a client that reads as fast
/// as it plays does not delay other requests.
const MAX_WAITING_PARTS: usize = 4096;
/// How long a listener may take for one part when that many wait.
const LISTENER_TIMEOUT: Duration = Duration::from_secs(10);

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
}

/// A part of the answer, as it becomes ready.
#[derive(Clone, Debug)]
pub enum JobEvent {
    /// Bytes, and the words that end in them.
    Sound(EncodedSound),
    /// The end.
    Done(SpokenFigures),
    /// Speaking failed.
    Failed(JobFailure),
}

/// Why speaking failed.
#[derive(Clone, Debug)]
pub struct JobFailure {
    /// In words.
    pub message: String,
    /// Whether the text is wrong, and not the server.
    pub is_of_text: bool,
}

/// Bytes, and the words that end in them.
#[derive(Clone, Debug, Default)]
pub struct EncodedSound {
    /// May be empty: a codec waits for a whole block.
    pub bytes: Vec<u8>,
    /// Only if [`SpeechOptions::words`] asks for them.
    pub words: Vec<Word>,
}

/// Figures of what was spoken.
#[derive(Clone, Debug, Default)]
pub struct SpokenFigures {
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

/// How a job ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All was spoken.
    Spoken(SpokenFigures),
    /// The listener has gone.
    Abandoned,
    /// Speaking failed.
    Failed,
}

/// The listener's end of a job. Dropping it ends the work within a frame.
#[derive(Debug)]
pub struct Listener {
    parts: Receiver<JobEvent>,
    stop: Stop,
}

/// The worker's end.
#[derive(Debug)]
struct JobSender {
    parts: Sender<JobEvent>,
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
        // First, so that the end that this brings is not taken for that of the text.
        self.parts.close();
        self.stop.stop();
    }
}

impl Job {
    /// The work for a [`crate::WorkQueue`], which shares the cores of `scheduler`, and the listener's end.
    pub fn begin(
        self,
        scheduler: &Scheduler,
    ) -> (impl FnOnce() -> Outcome + Send + 'static, Listener) {
        let (sender, parts) = channel(MAX_WAITING_PARTS);
        let task = scheduler.task(match self.target {
            Target::Stream => Listening::AtOnce,
            Target::Seekable => Listening::AtTheEnd,
        });
        let stop = task.stop();
        let worker = JobSender { parts: sender };
        (move || self.run(task, &worker), Listener { parts, stop })
    }

    fn run(self, task: ScheduledTask, worker: &JobSender) -> Outcome {
        // The client may have left while the job waited.
        if worker.is_alone() {
            return Outcome::Abandoned;
        }
        match self.speak(task, worker) {
            Ok(Ok(spoken)) => {
                tracing::info!(
                    seconds = spoken.samples as f64 / f64::from(spoken.sample_rate),
                    milliseconds = spoken.elapsed.as_millis() as u64,
                    first_sound = spoken.first_sound.map(|time| time.as_millis() as u64),
                    "spoken"
                );
                drop(worker.send(JobEvent::Done(spoken.clone())));
                Outcome::Spoken(spoken)
            }
            Ok(Err(Gone)) => {
                tracing::debug!("the client has gone");
                Outcome::Abandoned
            }
            Err(failure) => {
                let message = with_causes(&failure);
                tracing::error!("{message}");
                let is_of_text = matches!(
                    failure,
                    JobError::Speaker(SpeakerError::Speech(SpeechError::Text(_)))
                );
                drop(worker.send(JobEvent::Failed(JobFailure {
                    message,
                    is_of_text,
                })));
                Outcome::Failed
            }
        }
    }

    fn speak(
        self,
        task: ScheduledTask,
        worker: &JobSender,
    ) -> Result<Result<SpokenFigures, Gone>, JobError> {
        let started = Instant::now();
        let speaker = &self.chosen.speaker;
        let sample_rate = speaker.model().manifest().sample_rate;
        let tags = Tags {
            title: self.text.title(),
            voice: Some(self.chosen.name.clone()),
            model: Some(self.chosen.model.clone()),
        };
        let encoding = EncodeOptions {
            sample_rate,
            target: self.target,
            tags,
        };
        let mut encoder = Encoder::new(self.format, &encoding)?;
        let mut spoken = SpokenFigures {
            sample_rate,
            ..SpokenFigures::default()
        };
        let model = speaker.model();
        let utterance = match self.text {
            JobText::Whole(text) => model.utterance(text, &self.options),
            JobText::Arriving(source) => model.utterance_of(source, &self.options),
        };
        let utterance = utterance.map_err(SpeakerError::from)?;
        for chunk in speaker.say_scheduled(&self.chosen.voice, utterance, task)? {
            let chunk = chunk?;
            let mut sound = EncodedSound {
                words: chunk.words,
                ..EncodedSound::default()
            };
            encoder.push(&chunk.samples, &mut sound.bytes)?;
            spoken.samples += chunk.samples.len() as u64;
            (spoken.first_sound).get_or_insert_with(|| started.elapsed());
            if worker.send(JobEvent::Sound(sound)).is_err() {
                return Ok(Err(Gone));
            }
        }
        // Then it has not been spoken to its end.
        if worker.is_alone() {
            return Ok(Err(Gone));
        }
        let mut rest = EncodedSound::default();
        spoken.patch = encoder.finish(&mut rest.bytes)?;
        spoken.elapsed = started.elapsed();
        Ok(worker.send(JobEvent::Sound(rest)).map(|()| spoken))
    }
}

impl JobSender {
    fn is_alone(&self) -> bool {
        self.parts.is_closed()
    }

    fn send(&self, part: JobEvent) -> Result<(), Gone> {
        let mut part = part;
        let started = Instant::now();
        loop {
            match self.parts.try_send(part) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(_)) => return Err(Gone),
                Err(TrySendError::Full(_)) if started.elapsed() > LISTENER_TIMEOUT => {
                    return Err(Gone);
                }
                Err(TrySendError::Full(same)) => part = same,
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Why a text was not spoken to its end.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Speaker(#[from] SpeakerError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
