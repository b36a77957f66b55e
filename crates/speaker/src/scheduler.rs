//! Whose call runs next, where several utterances are spoken at the same time.
//!
//! Their threads share a few cores: a thread holds a [`CorePermit`] while it computes, and between two
//! calls of a component it passes the core on if another one's call is more urgent ([`Urgency`]). So a
//! listener gets the first sound soon, nobody's sound breaks off as long as the cores make enough for
//! all, and what they make beyond that goes to the utterance that came first, which then makes room.
//!
//! A step of a backbone takes as long as reading its weights from memory. So the thread that has a core
//! runs the steps of others that wait together with its own ([`CorePermit::step`]).
//!
//! [`Urgency`]: urgency::Urgency

mod permit;
mod urgency;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use self::permit::{Answer, Companions, Waiting};
use self::urgency::TaskState;
use crate::Stop;
use crate::backbone::Backbone;
use crate::lock::lock;

pub(crate) use self::permit::CorePermit;

/// Steps that are run together, at most: more delay each other, and gain little.
const MOST_TOGETHER: usize = 4;

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
            state: Arc::new(TaskState::new(cores.arrivals, listening)),
        }
    }
}

impl ScheduledTask {
    /// Ends the utterance from any thread, within one call of a component, even before it has begun.
    pub fn stop(&self) -> Stop {
        self.state.stop().clone()
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

    /// Gives a core to the thread that is to compute next, if there is one.
    fn pass_on(&mut self) {
        match self.next(None) {
            Some(next) => next.answer(Answer::Core),
            None => self.free += 1,
        }
    }

    /// Takes those off the list, the most urgent first, whose step can be run together with
    /// `backbone`'s.
    fn companions(&mut self, backbone: &Backbone) -> Companions {
        let now = Instant::now();
        let fits = |it: &Waiting| {
            let step = it.step.as_ref();
            step.is_some_and(|step| backbone.shares_weights(&lock(step)))
        };
        let (mut steps, others): (Vec<_>, _) = self.waiting.drain(..).partition(fits);
        self.waiting = others;
        steps.sort_by_cached_key(|it| it.state.urgency(now));
        let rest = steps.split_off(steps.len().min(MOST_TOGETHER - 1));
        self.waiting.extend(rest);
        Companions(steps)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

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

    #[test]
    fn spare_cores_are_those_that_nobody_uses() {
        let scheduler = Scheduler::new(3);
        let permit = || CorePermit::new(Some(scheduler.task(Listening::AtOnce)), Part::Backbone);
        let free = || lock(&scheduler.cores).free;
        let (mut one, mut other) = (permit(), permit());
        one.hold();
        assert_eq!((one.hold_spare(2), free()), (2, 1));
        other.hold();
        assert_eq!((other.hold_spare(2), free()), (1, 0));
        one.release_spare();
        assert_eq!((other.hold_spare(8), free()), (2, 0));
        drop(one);
        other.release();
        assert_eq!(free(), 3);
        // Without a scheduler there is nobody else.
        assert_eq!(CorePermit::new(None, Part::Backbone).hold_spare(2), 2);
    }
}
