//! How urgent an utterance is.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Listening;
use crate::Stop;
use crate::lock::lock;

/// Sound that a listener should have in reserve: more than others delay the next of it.
const RESERVE: Duration = Duration::from_secs(2);

/// An utterance, as far as its urgency goes.
#[derive(Debug)]
pub(super) struct TaskState {
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
pub(super) enum Urgency {
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

impl TaskState {
    /// The one that arrives now, after others.
    pub(super) fn new(arrival: u64, listening: Listening) -> Self {
        Self {
            arrival,
            listening,
            stop: Stop::default(),
            progress: Mutex::new(Progress {
                made: Duration::ZERO,
                playing_since: Instant::now(),
            }),
        }
    }

    /// Ends it.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// More of its sound was made.
    pub(super) fn add_sound(&self, sound: Duration, now: Instant) {
        let mut progress = lock(&self.progress);
        let had_stopped = now.saturating_duration_since(progress.playing_since) > progress.made;
        if self.listening == Listening::AtOnce && had_stopped {
            // It begins to play, or goes on after a gap.
            progress.playing_since = now.checked_sub(progress.made).unwrap_or(now);
        }
        progress.made += sound;
    }

    pub(super) fn urgency(&self, now: Instant) -> Urgency {
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

#[cfg(test)]
mod tests {
    use super::super::Scheduler;
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
        gone.stop().stop();
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
}
