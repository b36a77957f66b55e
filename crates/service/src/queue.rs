//! The order in which requests are answered.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Work = Box<dyn FnOnce() + Send>;

/// A few workers, and the requests that wait for one, in order of arrival.
#[derive(Clone, Debug)]
pub struct WorkQueue {
    sender: SyncSender<Work>,
}

/// Too many requests wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait")]
pub struct Full;

impl WorkQueue {
    /// Starts `workers`, for which up to `waiting` requests may wait. They end with the last clone
    /// of the queue.
    ///
    /// # Errors
    ///
    /// If the system has no more threads.
    pub fn start(workers: usize, waiting: usize) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(waiting);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 1..=workers.max(1) {
            let receiver = receiver.clone();
            thread::Builder::new()
                .name(format!("speech {number}"))
                .spawn(move || work(&receiver))?;
        }
        Ok(Self { sender })
    }

    /// Gives the work to the next free worker.
    ///
    /// # Errors
    ///
    /// [`Full`] if too many wait already.
    pub fn push(&self, work: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        match self.sender.try_send(Box::new(work)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Full),
        }
    }
}

fn work(receiver: &Mutex<Receiver<Work>>) {
    loop {
        let next = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(work) = next else {
            return;
        };
        // A fault in one request must not leave the others without an answer.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!("a request ended with a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn work_is_done_in_order_and_refused_when_too_much_waits() {
        let queue = WorkQueue::start(1, 2).unwrap();
        let (open, door) = channel::<()>();
        let (begun, has_begun) = channel();
        queue
            .push(move || {
                begun.send(()).unwrap();
                door.recv().unwrap();
            })
            .unwrap();
        has_begun.recv().unwrap();
        let (done, order) = channel();
        for number in 0..2 {
            let done = done.clone();
            queue.push(move || done.send(number).unwrap()).unwrap();
        }
        assert_eq!(queue.push(|| ()), Err(Full));
        open.send(()).unwrap();
        assert_eq!(order.recv(), Ok(0));
        assert_eq!(order.recv(), Ok(1));
    }

    #[test]
    fn a_panic_does_not_end_a_worker() {
        let queue = WorkQueue::start(1, 2).unwrap();
        queue.push(|| panic!("a fault")).unwrap();
        let (done, is_done) = channel();
        // The queue may be full until the panic is handled.
        while queue
            .push({
                let done = done.clone();
                move || done.send(()).unwrap()
            })
            .is_err()
        {
            thread::yield_now();
        }
        assert_eq!(is_done.recv(), Ok(()));
    }
}
