//! Samples between the one who makes them and the device that takes them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::PlayerError;

/// A queue of samples with an end. The device's side never waits.
#[derive(Debug)]
pub(crate) struct SampleQueue {
    state: Mutex<QueueState>,
    /// Tells both sides' waiting of every change.
    changed: Condvar,
    /// Samples from which on [`SampleQueue::push`] waits.
    full: usize,
}

#[derive(Debug, Default)]
struct QueueState {
    samples: VecDeque<f32>,
    ending: QueueEnd,
    /// Wakes a device that found nothing.
    device: Option<Waker>,
    /// Wakes the one who waits for a stop.
    stopped: Option<Waker>,
}

#[derive(Debug, Default)]
enum QueueEnd {
    /// More samples may come.
    #[default]
    Open,
    /// Those in the queue are the last ones.
    Closed,
    /// None are wanted any more.
    Stopped,
    /// The device takes none any more.
    Gone(PlayerError),
}

impl SampleQueue {
    /// Half a second waits at most, before the next piece.
    pub(crate) fn new(sample_rate: u32) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            full: (sample_rate / 2) as usize,
        })
    }

    /// Adds samples once there is room.
    pub(crate) fn push(&self, samples: &[f32]) -> Result<(), PlayerError> {
        let mut state = self.wait_while(|state| {
            matches!(state.ending, QueueEnd::Open) && state.samples.len() >= self.full
        });
        match &state.ending {
            QueueEnd::Open => state.samples.extend(samples),
            QueueEnd::Closed | QueueEnd::Stopped => {}
            QueueEnd::Gone(error) => return Err(error.clone()),
        }
        self.tell(state);
        Ok(())
    }

    /// As many samples as there are and as fit; `Ready(0)` is the end.
    pub(crate) fn poll_take(
        &self,
        context: &mut Context<'_>,
        most: usize,
        mut take: impl FnMut(usize, f32),
    ) -> Poll<usize> {
        let mut state = self.lock();
        let count = state.samples.len().min(most);
        if count == 0 && matches!(state.ending, QueueEnd::Open) {
            state.device = Some(context.waker().clone());
            return Poll::Pending;
        }
        for (at, sample) in state.samples.drain(..count).enumerate() {
            take(at, sample);
        }
        self.changed.notify_all();
        Poll::Ready(count)
    }

    /// No more samples will come.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        if let QueueEnd::Open = state.ending {
            state.ending = QueueEnd::Closed;
        }
        self.tell(state);
    }

    /// No more samples are wanted.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.samples.clear();
        if let QueueEnd::Open | QueueEnd::Closed = state.ending {
            state.ending = QueueEnd::Stopped;
        }
        self.tell(state);
    }

    /// The device has gone.
    pub(crate) fn lose(&self, error: PlayerError) {
        let mut state = self.lock();
        state.ending = QueueEnd::Gone(error);
        self.tell(state);
    }

    /// Resolves once no samples are wanted any more.
    #[cfg(target_os = "linux")]
    pub(crate) fn poll_stopped(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if let QueueEnd::Stopped = state.ending {
            return Poll::Ready(());
        }
        state.stopped = Some(context.waker().clone());
        Poll::Pending
    }

    /// Waits until the device has taken all of a closed queue, or a stop comes; false for a stop.
    #[cfg(any(not(target_os = "linux"), feature = "alsa"))]
    pub(crate) fn wait_taken(&self) -> Result<bool, PlayerError> {
        let state = self.wait_while(|state| {
            matches!(state.ending, QueueEnd::Open | QueueEnd::Closed) && !state.samples.is_empty()
        });
        match &state.ending {
            QueueEnd::Open | QueueEnd::Closed => Ok(true),
            QueueEnd::Stopped => Ok(false),
            QueueEnd::Gone(error) => Err(error.clone()),
        }
    }

    /// Waits for a stop, or for so long.
    #[cfg(any(not(target_os = "linux"), feature = "alsa"))]
    pub(crate) fn wait_stopped(&self, longest: std::time::Duration) {
        let wait = |state: &mut QueueState| !matches!(state.ending, QueueEnd::Stopped);
        drop(self.changed.wait_timeout_while(self.lock(), longest, wait));
    }

    fn wait_while(&self, wait: impl Fn(&QueueState) -> bool) -> MutexGuard<'_, QueueState> {
        let waited = self.changed.wait_while(self.lock(), |state| wait(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, mut state: MutexGuard<'_, QueueState>) {
        let wakers = [state.device.take(), state.stopped.take()];
        drop(state);
        self.changed.notify_all();
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    fn take(queue: &SampleQueue, most: usize) -> Poll<Vec<f32>> {
        let mut context = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        let polled = queue.poll_take(&mut context, most, |_, sample| taken.push(sample));
        polled.map(|count| {
            assert_eq!(count, taken.len());
            taken
        })
    }

    #[test]
    fn samples_come_in_order_and_the_end_after_them() {
        let queue = SampleQueue::new(24_000);
        assert_eq!(take(&queue, 4), Poll::Pending);
        queue.push(&[0.1, 0.2, 0.3]).unwrap();
        assert_eq!(take(&queue, 2), Poll::Ready(vec![0.1, 0.2]));
        queue.close();
        queue.push(&[0.4]).unwrap();
        assert_eq!(take(&queue, 2), Poll::Ready(vec![0.3]));
        assert_eq!(take(&queue, 2), Poll::Ready(vec![]));
    }

    #[test]
    fn a_full_queue_makes_the_maker_wait() {
        let queue = SampleQueue::new(8);
        queue.push(&[0.0; 6]).unwrap();
        let (pushed, was_pushed) = channel();
        let maker = {
            let queue = queue.clone();
            thread::spawn(move || {
                queue.push(&[1.0]).unwrap();
                pushed.send(()).unwrap();
            })
        };
        assert!(was_pushed.try_recv().is_err());
        assert_eq!(take(&queue, 3), Poll::Ready(vec![0.0; 3]));
        was_pushed.recv().unwrap();
        maker.join().unwrap();
        assert_eq!(take(&queue, 9), Poll::Ready(vec![0.0, 0.0, 0.0, 1.0]));
    }

    #[test]
    fn a_stop_ends_all_waiting() {
        let queue = SampleQueue::new(8);
        queue.push(&[0.0; 6]).unwrap();
        let maker = {
            let queue = queue.clone();
            thread::spawn(move || queue.push(&[1.0]))
        };
        queue.stop();
        maker.join().unwrap().unwrap();
        assert_eq!(take(&queue, 9), Poll::Ready(vec![]));
    }

    #[test]
    fn a_device_that_goes_is_told_to_the_maker() {
        let queue = SampleQueue::new(8);
        queue.lose(PlayerError::ServerEnded);
        assert!(matches!(queue.push(&[0.0]), Err(PlayerError::ServerEnded)));
    }
}
