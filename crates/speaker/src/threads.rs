//! Backbone and decoder at the same time, each on its own thread.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use speech::SpeechEvent;

use crate::decoder::LatentDecoder;
use crate::generator::LatentGenerator;
use crate::scheduler::CorePermit;
use crate::{SoundChunk, SpeakerError, Stop};

/// Frames that may wait for the decoder, and chunks that may wait for the listener: enough to
/// bridge a pause on either side, few enough that memory does not grow with the text.
const WAITING_EVENTS: usize = 32;

/// Two threads at work on one utterance. Dropping it stops them.
pub(crate) struct Threads {
    /// None once dropped: senders notice that.
    chunks: Option<Receiver<Result<SoundChunk, SpeakerError>>>,
    stop: Stop,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(crate) fn start(
        generator: LatentGenerator,
        decoder: LatentDecoder,
        stop: Stop,
    ) -> Result<Self, SpeakerError> {
        let (event_sender, events) = sync_channel(WAITING_EVENTS);
        let (chunk_sender, chunks) = sync_channel(WAITING_EVENTS);
        let spawn = |name: &'static str, work: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
            thread.map_err(|_| SpeakerError::Thread { thread: name })
        };
        let mut threads = Self {
            chunks: Some(chunks),
            stop,
            handles: Vec::new(),
        };
        let work = Box::new(move || generate(generator, &event_sender));
        threads.handles.push(spawn("backbone", work)?);
        let work = Box::new(move || decode(decoder, &events, &chunk_sender));
        threads.handles.push(spawn("decoder", work)?);
        Ok(threads)
    }

    /// The next chunk; none at the end.
    pub(crate) fn next_chunk(&mut self) -> Option<Result<SoundChunk, SpeakerError>> {
        let next = self.chunks.as_ref().and_then(|chunks| chunks.recv().ok());
        if next.is_none() {
            // The senders are gone: the threads have finished, or one of them panicked.
            for handle in self.handles.drain(..) {
                let thread = handle.thread().name().map_or("decoder", |name| match name {
                    "backbone" => "backbone",
                    _ => "decoder",
                });
                if handle.join().is_err() {
                    return Some(Err(SpeakerError::Thread { thread }));
                }
            }
        }
        next
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.stop();
        self.chunks = None;
        for handle in self.handles.drain(..) {
            // A panic has been reported by the thread itself.
            let _ = handle.join();
        }
    }
}

fn generate(
    mut generator: LatentGenerator,
    events: &SyncSender<Result<SpeechEvent, SpeakerError>>,
) {
    while let Some(next) = generator.next_event().transpose() {
        let failed = next.is_err();
        if send(events, next, generator.permit()).is_none() || failed {
            return;
        }
    }
}

fn decode(
    mut decoder: LatentDecoder,
    events: &Receiver<Result<SpeechEvent, SpeakerError>>,
    chunks: &SyncSender<Result<SoundChunk, SpeakerError>>,
) {
    let mut sounding = false;
    while let Some(first) = receive(events, decoder.permit()) {
        let mut waiting = Vec::new();
        let mut failure = None;
        // The first frame does not wait for others to be decoded.
        let others = events
            .try_iter()
            .take(if sounding { usize::MAX } else { 0 });
        for event in std::iter::once(first).chain(others) {
            match event {
                Ok(event) => waiting.push(event),
                Err(error) => failure = Some(error),
            }
        }
        let (made, failure) = match decoder.take(waiting) {
            Ok(made) => (made, failure),
            Err(error) => (Vec::new(), Some(error)),
        };
        sounding |= !made.is_empty();
        for result in made.into_iter().map(Ok).chain(failure.map(Err)) {
            let failed = result.is_err();
            if send(chunks, result, decoder.permit()).is_none() || failed {
                return;
            }
        }
    }
}

/// Sends a value; gives the core back if it has to wait. None if the other side is gone.
fn send<T>(channel: &SyncSender<T>, value: T, permit: &mut CorePermit) -> Option<()> {
    match channel.try_send(value) {
        Ok(()) => Some(()),
        Err(TrySendError::Full(value)) => {
            permit.release();
            channel.send(value).ok()
        }
        Err(TrySendError::Disconnected(_)) => None,
    }
}

/// Receives a value; gives the core back if it has to wait. None if the other side is gone.
fn receive<T>(channel: &Receiver<T>, permit: &mut CorePermit) -> Option<T> {
    match channel.try_recv() {
        Ok(value) => Some(value),
        Err(TryRecvError::Empty) => {
            permit.release();
            channel.recv().ok()
        }
        Err(TryRecvError::Disconnected) => None,
    }
}
