//! Texts that arrive in pieces, whenever they come, from another thread.

use std::error::Error;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use normalize::{Rewriter, Rules};
use speech::{Arrived, ArrivingText, Asking, MOST_WAITING, MoreText, TextSource};

use crate::lock::lock;
use crate::rewriting::piece;

/// How long a speaker waits in one go, which is how soon it notices that it is to stop.
const WAIT: Duration = Duration::from_millis(20);

/// Bytes of a piece that are handed over at once, so that the other side has room in between.
const SENT_PART_BYTES: usize = MOST_WAITING / 4;

/// A text that arrives in pieces: hands it over. Clones hand over the same one. Dropping the last one
/// closes it.
#[derive(Clone)]
pub struct TextSender {
    shared: Arc<SharedText>,
    /// Counts the senders.
    _alive: Arc<Alive>,
}

struct Alive(Arc<SharedText>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.change(|state| state.text.close());
    }
}

struct SharedText {
    state: Mutex<WaitingText>,
    changed: Condvar,
    started: Instant,
}

struct WaitingText {
    text: ArrivingText,
    is_closed: bool,
    /// Why the text breaks off.
    failure: Option<Box<dyn Error + Send + Sync>>,
    /// Whether a flush was returned before the failure, so that the text before it is spoken.
    has_flushed: bool,
    /// Whether the utterance that speaks the text was dropped or has ended.
    speaker_gone: bool,
}

/// Why a piece of text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextSenderError {
    /// It was closed before.
    #[error("the text was closed: nothing can be added")]
    Closed,
    /// The utterance was dropped, or has ended.
    #[error("this text is no longer being spoken")]
    Abandoned,
}

impl TextSender {
    /// Adds a piece of any length. Waits while there is more than the speaker can take for now.
    pub fn push(&self, text: &str) -> Result<(), TextSenderError> {
        let mut rest = text;
        loop {
            let (first, behind) = rest.split_at(rest.floor_char_boundary(SENT_PART_BYTES));
            let shared = &*self.shared;
            let mut state = shared.lock();
            while state.text.is_full() && !state.speaker_gone {
                let woken = shared.changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
            state.check()?;
            state.text.push(first, shared.started.elapsed());
            shared.changed.notify_all();
            if behind.is_empty() {
                return Ok(());
            }
            rest = behind;
        }
    }

    /// Makes the utterance speak all that was pushed, without waiting for the end of a sentence.
    pub fn flush(&self) -> Result<(), TextSenderError> {
        self.shared.change(|state| {
            state.check()?;
            state.text.flush();
            Ok(())
        })
    }

    /// Ends the text: nothing more will come. Closing it again changes nothing.
    pub fn close(&self) {
        self.shared.change(|state| {
            state.is_closed = true;
            state.text.close();
        });
    }

    /// The text breaks off here: whole sentences before are spoken, then the utterance fails.
    pub fn fail(&self, error: impl Into<Box<dyn Error + Send + Sync>>) {
        self.shared.change(|state| {
            state.is_closed = true;
            state.text.break_off();
            state.failure.get_or_insert(error.into());
        });
    }
}

impl WaitingText {
    fn check(&self) -> Result<(), TextSenderError> {
        match (self.speaker_gone, self.is_closed) {
            // Whether the speaker has come to the end of a closed text is a matter of time.
            (_, true) => Err(TextSenderError::Closed),
            (true, false) => Err(TextSenderError::Abandoned),
            (false, false) => Ok(()),
        }
    }
}

impl SharedText {
    fn lock(&self) -> MutexGuard<'_, WaitingText> {
        lock(&self.state)
    }

    fn change<T>(&self, change: impl FnOnce(&mut WaitingText) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// What comes next, after a short wait where that is nothing. The end of a text that breaks off
    /// is its failure.
    fn next(&self, asking: Asking) -> Result<Arrived, Box<dyn Error + Send + Sync>> {
        let mut state = self.lock();
        let next = state.text.next(asking, self.started.elapsed());
        if next == Arrived::Over && state.failure.is_some() {
            if !std::mem::replace(&mut state.has_flushed, true) {
                return Ok(Arrived::Flush);
            }
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
        }
        let Arrived::Nothing(wait) = next else {
            self.changed.notify_all();
            return Ok(next);
        };
        let wait = wait.map_or(WAIT, |wait| wait.min(WAIT));
        let woken = self.changed.wait_timeout(state, wait);
        drop(woken.unwrap_or_else(PoisonError::into_inner));
        Ok(Arrived::Nothing(None))
    }
}

/// The utterance's side: tells the sender when the utterance is gone.
struct Receiver(Arc<SharedText>);

impl Drop for Receiver {
    fn drop(&mut self) {
        self.0.change(|state| state.speaker_gone = true);
    }
}

/// A text that arrives in pieces: what hands it over, and what
/// [`speech::SpeechModel::utterance_of`] takes. It is rewritten as it comes. An unfinished sentence is
/// spoken after a `silence`; [`speech::USUAL_SILENCE`] is one that suits most sources, and none leaves
/// it to [`TextSender::flush`].
pub fn arriving_text(rules: &Rules, silence: Option<Duration>) -> (TextSender, TextSource) {
    let shared = Arc::new(SharedText {
        state: Mutex::new(WaitingText {
            text: ArrivingText::new(silence),
            is_closed: false,
            failure: None,
            has_flushed: false,
            speaker_gone: false,
        }),
        changed: Condvar::new(),
        started: Instant::now(),
    });
    let sender = TextSender {
        _alive: Arc::new(Alive(shared.clone())),
        shared: shared.clone(),
    };
    let receiver = Receiver(shared);
    let mut rewriter = Some(Rewriter::new(rules.clone()));
    // What the rewriter kept back is spoken before what the text asked for next.
    let mut next = None;
    let source = move |mut asking: Asking| {
        if let Some(next) = next.take() {
            return Ok(next);
        }
        let Some(own) = &mut rewriter else {
            return Ok(MoreText::Over);
        };
        asking.has_text |= own.kept() > 0;
        let (rewritten, more) = match receiver.0.next(asking)? {
            Arrived::Text(text) => (own.push(&text), MoreText::Nothing),
            Arrived::Nothing(_) => return Ok(MoreText::Nothing),
            Arrived::Flush => (own.finish(), MoreText::Flush),
            Arrived::Over => (own.finish(), MoreText::Over),
        };
        if more == MoreText::Over {
            rewriter = None;
        }
        if rewritten.source.is_empty() {
            return Ok(more);
        }
        next = Some(more).filter(|more| *more != MoreText::Nothing);
        Ok(MoreText::Piece(piece(rewritten)))
    };
    (sender, Box::new(source))
}
