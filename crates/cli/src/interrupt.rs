//! Handles Ctrl-C and termination: cleans up, then ends the program.

use std::process;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::sync::Notify;

/// State: there is nothing to clean up, so an interrupt ends the program at once.
const IDLE: u8 = 0;
/// State: an unfinished output exists, or something else that has to end cleanly.
const WRITING: u8 = 1;
/// State: an interrupt came in the state `WRITING`.
const INTERRUPTED_WRITING: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(IDLE);
/// Wakes tasks that wait in [`came`].
static CAME: Notify = Notify::const_new();

/// Ends the current work on an interrupt.
static STOP: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// Exit code after an interrupt.
pub(crate) const EXIT_CODE: u8 = 130;

/// Handles interrupts from now on. A second one ends the program in any case; the next conversion
/// deletes what it leaves behind.
pub(crate) fn listen() -> Result<()> {
    let answer = || {
        if STATE
            .compare_exchange(
                WRITING,
                INTERRUPTED_WRITING,
                Ordering::SeqCst,
                Ordering::SeqCst,
            )
            .is_err()
        {
            pocket_onnx::remove_temporary_folders();
            process::exit(i32::from(EXIT_CODE));
        }
        if let Some(stop) = &*STOP.lock().unwrap_or_else(PoisonError::into_inner) {
            stop();
        }
        CAME.notify_one();
    };
    ctrlc::set_handler(answer).context("cannot listen for interrupts")
}

/// While it lives, interrupts are recorded for [`interrupted`].
pub(crate) struct Writing;

impl Writing {
    pub(crate) fn begin() -> Self {
        // An interrupt that came too late for the previous work stops this work.
        let _ = STATE.compare_exchange(IDLE, WRITING, Ordering::SeqCst, Ordering::SeqCst);
        Self
    }

    /// [`Writing::begin`] for work that would notice an interrupt late: `stop` ends it.
    pub(crate) fn stopping(stop: impl Fn() + Send + 'static) -> Self {
        *STOP.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(stop));
        Self::begin()
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = STATE.compare_exchange(WRITING, IDLE, Ordering::SeqCst, Ordering::SeqCst);
        STOP.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Resolves when an interrupt comes while a [`Writing`] lives.
pub(crate) async fn came() {
    CAME.notified().await;
}

/// Whether writing should stop.
pub(crate) fn interrupted() -> bool {
    STATE.load(Ordering::SeqCst) == INTERRUPTED_WRITING
}
