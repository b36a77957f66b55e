//! One connection: requests are spoken one after the other, in the order in which they come.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use encode::{Format, SampleFormat, Target};
use serde_json::{Value, json};
use speaker::{TextSender, arriving_text};
use speech::{Speed, USUAL_SILENCE};
use tokio::io::{AsyncWriteExt as _, BufReader, BufWriter, WriteHalf, copy, sink, split};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::event::{Event, EventError};
use super::info::info;
use crate::http::{ApiError, ExtraOptions, Service, check_text};
use crate::names::{model_and_voice, model_for};
use crate::{Chosen, ClientStream, ConnectionPermit, Job, JobEvent, JobText, Listener};

/// Events that wait to be sent.
const MAX_WAITING_EVENTS: usize = 16;
/// How long the next piece of a text may take: until then the text holds a worker.
const TEXT_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a client that was refused may go on sending: a connection that is closed before that loses the error.
const REFUSED_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a sample.
const SAMPLE_BYTES: usize = 2;

pub(crate) struct Connection {
    service: Arc<Service>,
    events: Sender<Event>,
    /// What is being spoken.
    speaking: Option<JoinHandle<()>>,
    /// A text that comes in pieces.
    text: Option<TextSender>,
    /// Whether a request was answered with an error. It ends the connection: Home Assistant reads until the sound or
    /// the connection ends, whatever else comes.
    refused: bool,
}

impl Connection {
    /// Answers a client until it closes, is refused, or sends something damaged.
    pub(crate) async fn run(
        stream: ClientStream,
        service: Arc<Service>,
        permit: &ConnectionPermit,
    ) -> Result<(), EventError> {
        let (reader, writer) = split(stream);
        let mut reader = BufReader::new(reader);
        let (events, waiting) = channel(MAX_WAITING_EVENTS);
        let mut sending = tokio::spawn(send(waiting, writer));
        let mut connection = Self {
            service,
            events,
            speaking: None,
            text: None,
            refused: false,
        };
        let ended = loop {
            let mut read = pin!(Event::read(&mut reader));
            let event = loop {
                tokio::select! {
                    event = &mut read => break event,
                    // The client does not read any more.
                    _ = &mut sending => break Ok(None),
                    () = sleep(TEXT_TIMEOUT), if connection.text.is_some() => {
                        tracing::info!("a text ends because nothing more of it comes");
                        connection.end_text();
                    }
                }
            };
            match event {
                Ok(Some(event)) => {
                    permit.mark_used();
                    if connection.answer(event).await.is_none() {
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // The client has gone: stop speaking.
        if let Some(speaking) = connection.speaking.take() {
            speaking.abort();
        }
        let refused = connection.refused;
        drop(connection);
        if refused {
            // What waits is sent first.
            drop(sending.await);
            drop(timeout(REFUSED_TIMEOUT, copy(&mut reader, &mut sink())).await);
        } else {
            sending.abort();
        }
        ended
    }

    /// None once the client does not read any more, or is refused.
    async fn answer(&mut self, event: Event) -> Option<()> {
        match event.kind.as_str() {
            "describe" => self.send(info(&self.service.voices)).await,
            "ping" => {
                let text = json!({ "text": event.text("text") });
                self.send(Event::new("pong", text)).await
            }
            // A client that streams sends the whole text, too, for servers that cannot.
            "synthesize" if self.text.is_some() => Some(()),
            "synthesize" => {
                let text = event.text("text").unwrap_or_default().to_owned();
                self.begin(&event, Some(text)).await
            }
            "synthesize-start" => self.begin(&event, None).await,
            "synthesize-chunk" => {
                let piece = event.text("text").unwrap_or_default().to_owned();
                if let Some(text) = self.text.clone() {
                    // It waits while there is more than the speaker can take.
                    drop(spawn_blocking(move || text.push(&piece)).await);
                }
                Some(())
            }
            "synthesize-stop" => {
                self.end_text();
                Some(())
            }
            _ => Some(()),
        }
    }

    /// What has come is all of the text.
    fn end_text(&mut self) {
        if let Some(text) = self.text.take() {
            text.close();
        }
    }

    /// Begins to speak a text, or one that comes in pieces, after what is being spoken.
    async fn begin(&mut self, event: &Event, text: Option<String>) -> Option<()> {
        self.end_text();
        if let Some(speaking) = self.speaking.take() {
            drop(speaking.await);
        }
        let voice = event.data.get("voice").cloned().unwrap_or_default();
        let is_stream = text.is_none();
        let service = self.service.clone();
        let prepared = spawn_blocking(move || prepare(&service, &voice, text)).await;
        let (job, sender) = match prepared {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(error)) => return self.refuse(error.message()).await,
            Err(error) => return self.refuse(&error.to_string()).await,
        };
        let rate = job.chosen.speaker.model().manifest().sample_rate;
        let listener = match self.service.start(job) {
            Ok(listener) => listener,
            Err(full) => return self.refuse(&full.to_string()).await,
        };
        self.text = sender;
        let events = self.events.clone();
        self.speaking = Some(tokio::spawn(async move {
            // If sending fails, the client has gone, which the next call of `send` notices too.
            let _sent = forward(listener, rate, is_stream, &events).await;
        }));
        Some(())
    }

    async fn refuse(&mut self, message: &str) -> Option<()> {
        tracing::info!("a Wyoming request is refused: {message}");
        self.refused = true;
        self.send(failure(message)).await?;
        None
    }

    async fn send(&self, event: Event) -> Option<()> {
        self.events.send(event).await.ok()
    }
}

/// What a request asks for.
fn prepare(
    service: &Service,
    voice: &Value,
    text: Option<String>,
) -> Result<(Job, Option<TextSender>), ApiError> {
    let chosen = choose(service, voice)?;
    let own = ExtraOptions::default();
    let options = own.options(&chosen.speaker, Speed::ONE, false)?;
    let (text, sender) = if let Some(text) = text {
        check_text("text", &text, &service.settings)?;
        (
            JobText::Whole(own.piece(text, &chosen.speaker, &service.settings)?),
            None,
        )
    } else {
        let rules = own.rules(&chosen.speaker, &service.settings)?;
        let (sender, source) = arriving_text(&rules, Some(USUAL_SILENCE));
        (JobText::Arriving(source), Some(sender))
    };
    let job = Job {
        chosen,
        text,
        options,
        format: Format::Pcm(SampleFormat::I16),
        target: Target::Stream,
    };
    Ok((job, sender))
}

fn choose(service: &Service, voice: &Value) -> Result<Chosen, ApiError> {
    let voices = &service.voices;
    if let Some(name) = voice.get("name").and_then(Value::as_str) {
        let (model, voice) = model_and_voice(name);
        return Ok(voices.choose(model, Some(voice))?);
    }
    let language = voice.get("language").and_then(Value::as_str);
    let model = language.and_then(|language| model_for(voices, language));
    Ok(voices.choose(model.as_deref(), None)?)
}

/// Sends the sound as it comes.
async fn forward(
    mut listener: Listener,
    rate: u32,
    is_stream: bool,
    events: &Sender<Event>,
) -> Option<()> {
    let form = json!({ "rate": rate, "width": SAMPLE_BYTES, "channels": 1 });
    let mut samples = 0_u64;
    let milliseconds = |samples: u64| samples * 1000 / u64::from(rate);
    let mut begun = false;
    while let Some(part) = listener.next().await {
        match part {
            JobEvent::Sound(sound) if sound.bytes.is_empty() => {}
            JobEvent::Sound(sound) => {
                if !begun {
                    begun = true;
                    events
                        .send(Event::new("audio-start", form.clone()))
                        .await
                        .ok()?;
                }
                let mut data = form.clone();
                data["timestamp"] = milliseconds(samples).into();
                samples += (sound.bytes.len() / SAMPLE_BYTES) as u64;
                let mut event = Event::new("audio-chunk", data);
                event.payload = sound.bytes;
                events.send(event).await.ok()?;
            }
            JobEvent::Done(_) => {}
            JobEvent::Failed(job) => events.send(failure(&job.message)).await.ok()?,
        }
    }
    if !begun {
        events.send(Event::new("audio-start", form)).await.ok()?;
    }
    let end = json!({ "timestamp": milliseconds(samples) });
    events.send(Event::new("audio-stop", end)).await.ok()?;
    if is_stream {
        events
            .send(Event::new("synthesize-stopped", json!({})))
            .await
            .ok()?;
    }
    Some(())
}

async fn send(mut waiting: Receiver<Event>, writer: WriteHalf<ClientStream>) {
    let mut writer = BufWriter::new(writer);
    while let Some(event) = waiting.recv().await {
        // It fails, too, if the client takes nothing for too long.
        if event.write(&mut writer).await.is_err() {
            return;
        }
    }
    // The client learns that nothing more comes. If it has gone, there is nobody to tell.
    drop(writer.shutdown().await);
}

fn failure(message: &str) -> Event {
    Event::new("error", json!({ "text": message, "code": null }))
}
