//! Whose call runs next, where several utterances are spoken at the same time.
//!
//! Their threads share a few cores: a thread holds a [`CorePermit`] while it computes, and between two
//! calls of a component it passes the core on if another one's call is more urgent ([`Urgency`]). So a
//! listener gets the first sound soon, nobody's sound breaks off as long as the cores make enough for
//! all, and what they make beyond that goes to the utterance that came first, which then makes room.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::Stop;

/// Sound that a listener should have in reserve: more than others delay the next of it.
const RESERVE: Duration = Duration::from_secs(2);

/// Cores, and the utterances that share them. Clones share the same ones.
#[derive(Clone, Debug)]
pub struct Scheduler {
    cores: Arc<Mutex<Cores>>,
}

/// How an utterance is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    /// While it is made.
    AtOnce,
    /// Once all of it is made.
    AtTheEnd,
}

/// An utterance of a [`Scheduler`]. Clones are the same one.
#[derive(Clone, Debug)]
pub struct ScheduledTask {
    cores: Arc<Mutex<Cores>>,
    state: Arc<TaskState>,
}

#[derive(Debug)]
struct Cores {
    free: usize,
    /// Empty while a core is free.
    waiting: Vec<Waiting>,
    /// Utterances so far.
    arrivals: u64,
}

/// A thread that waits for a core.
#[derive(Debug)]
struct Waiting {
    state: Arc<TaskState>,
    part: Part,
    granted: Arc<AtomicBool>,
    thread: Thread,
}

#[derive(Debug)]
struct TaskState {
    /// Its place in the order of arrival.
    arrival: u64,
    listening: Listening,
    stop: Stop,
    progress: Mutex<Progress>,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    /// Sound so far.
    made: Duration,
    /// When it could have begun to play, to have played without a gap until now.
    playing_since: Instant,
}

/// How urgent an utterance is, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// It has only to notice that it is to end.
    Stopped,
    /// A listener waits for the first sound.
    Silent { arrival: u64 },
    /// A listener has less sound in reserve than [`RESERVE`]; an utterance that is heard at its end has
    /// waited longer than it would take to play what is made.
    Short { ahead_micros: i128, arrival: u64 },
    /// No listener waits.
    Ahead { arrival: u64 },
}

/// The threads of an utterance, the more urgent first: what was generated should be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Decoder,
    Backbone,
}

impl Scheduler {
    /// Utterances that compute on that many `cores`, at least one.
    pub fn new(cores: usize) -> Self {
        Self {
            cores: Arc::new(Mutex::new(Cores {
                free: cores.max(1),
                waiting: Vec::new(),
                arrivals: 0,
            })),
        }
    }

    /// The next utterance: it has arrived now.
    pub fn task(&self, listening: Listening) -> ScheduledTask {
        let mut cores = lock(&self.cores);
        cores.arrivals += 1;
        ScheduledTask {
            cores: self.cores.clone(),
            state: Arc::new(TaskState {
                arrival: cores.arrivals,
                listening,
                stop: Stop::default(),
                progress: Mutex::new(Progress {
                    made: Duration::ZERO,
                    playing_since: Instant::now(),
                }),
            }),
        }
    }
}

impl ScheduledTask {
    /// Ends the utterance from any thread, within one call of a component, even before it has begun.
    pub fn stop(&self) -> Stop {
        self.state.stop.clone()
    }
}

impl TaskState {
    fn add_sound(&self, sound: Duration, now: Instant) {
        let mut progress = lock(&self.progress);
        let had_stopped = now.saturating_duration_since(progress.playing_since) > progress.made;
        if self.listening == Listening::AtOnce && had_stopped {
            // It begins to play, or goes on after a gap.
            progress.playing_since = now.checked_sub(progress.made).unwrap_or(now);
        }
        progress.made += sound;
    }

    fn urgency(&self, now: Instant) -> Urgency {
        let arrival = self.arrival;
        if self.stop.is_stopped() {
            return Urgency::Stopped;
        }
        let progress = *lock(&self.progress);
        let played = now.saturating_duration_since(progress.playing_since);
        let reserve = match self.listening {
            Listening::AtOnce if progress.made.is_zero() => return Urgency::Silent { arrival },
            Listening::AtOnce => RESERVE,
            Listening::AtTheEnd => Duration::ZERO,
        };
        if progress.made < played + reserve {
            let [made, played] = [progress.made, played].map(|time| time.as_micros() as i128);
            Urgency::Short {
                ahead_micros: made - played,
                arrival,
            }
        } else {
            Urgency::Ahead { arrival }
        }
    }
}

impl Cores {
    /// Takes the thread that is to compute next off the list, if it is more urgent than `than`.
    fn next(&mut self, than: Option<(&TaskState, Part)>) -> Option<Waiting> {
        if self.waiting.is_empty() {
            return None;
        }
        let now = Instant::now();
        let ranks = self
            .waiting
            .iter()
            .map(|it| (it.state.urgency(now), it.part));
        let (index, first) = ranks.enumerate().min_by_key(|(_, rank)| *rank)?;
        let is_next = than.is_none_or(|(state, part)| first < (state.urgency(now), part));
        is_next.then(|| self.waiting.swap_remove(index))
    }
}

impl Waiting {
    fn grant(&self) {
        self.granted.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// A thread's permit to compute. Without a scheduler it always has one.
#[derive(Debug)]
pub(crate) struct CorePermit {
    task: Option<ScheduledTask>,
    part: Part,
    is_held: bool,
    granted: Arc<AtomicBool>,
}

impl CorePermit {
    pub(crate) fn new(task: Option<ScheduledTask>, part: Part) -> Self {
        Self {
            task,
            part,
            is_held: false,
            granted: Arc::default(),
        }
    }

    /// Waits until the thread may compute; to be called before each call of a component.
    pub(crate) fn hold(&mut self) {
        let Some(task) = &self.task else {
            return;
        };
        let mut cores = lock(&task.cores);
        if self.is_held {
            let Some(next) = cores.next(Some((&task.state, self.part))) else {
                return;
            };
            next.grant();
        } else if cores.free > 0 {
            cores.free -= 1;
            self.is_held = true;
            return;
        }
        self.is_held = false;
        self.granted.store(false, Ordering::Relaxed);
        cores.waiting.push(Waiting {
            state: task.state.clone(),
            part: self.part,
            granted: self.granted.clone(),
            thread: thread::current(),
        });
        drop(cores);
        while !self.granted.load(Ordering::Acquire) {
            thread::park();
        }
        self.is_held = true;
    }

    /// More sound of the utterance has been made.
    pub(crate) fn add_sound(&self, sound: Duration) {
        if let Some(task) = &self.task {
            task.state.add_sound(sound, Instant::now());
        }
    }

    /// Gives the core back; to be called before waiting for anything else.
    pub(crate) fn release(&mut self) {
        let Some(task) = self.task.as_ref().filter(|_| self.is_held) else {
            return;
        };
        self.is_held = false;
        let mut cores = lock(&task.cores);
        match cores.next(None) {
            Some(next) => next.grant(),
            None => cores.free += 1,
        }
    }
}

impl Drop for CorePermit {
    fn drop(&mut self) {
        self.release();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_listener_with_the_least_sound_comes_first() {
        let scheduler = Scheduler::new(1);
        let [rich, poor, whole, new, gone] = [
            Listening::AtOnce,
            Listening::AtOnce,
            Listening::AtTheEnd,
            Listening::AtOnce,
            Listening::AtOnce,
        ]
        .map(|listening| scheduler.task(listening).state);
        let now = Instant::now();
        rich.add_sound(9 * SECOND, now);
        poor.add_sound(SECOND, now);
        whole.add_sound(SECOND * 9 / 10, now);
        gone.stop.stop();
        let order = |after: Duration| {
            let mut tasks = [&rich, &poor, &whole, &new, &gone];
            tasks.sort_by_key(|task| task.urgency(now + after));
            tasks.map(|task| task.arrival)
        };
        // In order of arrival where nobody waits.
        assert_eq!(order(SECOND / 2), [5, 4, 2, 1, 3]);
        // It has waited for longer than it takes to play what there is.
        assert_eq!(order(2 * SECOND), [5, 4, 3, 2, 1]);
        // What has played all goes on with what comes next: it is no more behind than others.
        poor.add_sound(SECOND, now + 20 * SECOND);
        whole.add_sound(40 * SECOND, now + 20 * SECOND);
        rich.add_sound(SECOND / 2, now + 20 * SECOND);
        assert_eq!(order(20 * SECOND), [5, 4, 1, 2, 3]);
    }

    #[test]
    fn a_core_is_passed_on_to_what_is_more_urgent() {
        let scheduler = Scheduler::new(1);
        let first = scheduler.task(Listening::AtOnce);
        first.state.add_sound(SECOND, Instant::now());
        let mut held = CorePermit::new(Some(first), Part::Backbone);
        held.hold();
        let (done, order) = channel();
        let waiting = |name: &'static str, task: ScheduledTask, part| {
            let done = done.clone();
            thread::spawn(move || {
                let mut permit = CorePermit::new(Some(task), part);
                permit.hold();
                done.send(name).unwrap();
            })
        };
        let later = scheduler.task(Listening::AtOnce);
        later.state.add_sound(9 * SECOND, Instant::now());
        let new = scheduler.task(Listening::AtOnce);
        let threads = [
            waiting("later", later, Part::Decoder),
            waiting("new, backbone", new.clone(), Part::Backbone),
            waiting("new, decoder", new, Part::Decoder),
        ];
        while lock(&scheduler.cores).waiting.len() < threads.len() {
            thread::yield_now();
        }
        held.hold();
        done.send("first").unwrap();
        held.release();
        for thread in threads {
            thread.join().unwrap();
        }
        drop(done);
        assert_eq!(
            order.iter().collect::<Vec<_>>(),
            ["new, decoder", "new, backbone", "first", "later"]
        );
        assert_eq!(lock(&scheduler.cores).free, 1);
    }
}
