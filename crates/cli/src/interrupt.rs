//! Ctrl-C and termination: clean up, then go.

use std::process;
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result};
use tokio::sync::Notify;

/// Nothing on disk needs clearing away: an interrupt ends the program at once.
const IDLE: u8 = 0;
/// Half-written output exists, or something else that has to end well.
const WRITING: u8 = 1;
/// An interrupt came while writing.
const INTERRUPTED: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(IDLE);
/// Wakes whoever waits in [`came`].
static CAME: Notify = Notify::const_new();

/// Exit code of a program that an interrupt ended.
const EXIT_CODE: i32 = 130;

/// From now on interrupts are answered here. A second one ends the program in any case;
/// what it leaves behind is cleared away by the next conversion.
pub(crate) fn listen() -> Result<()> {
    let answer = || {
        if STATE
            .compare_exchange(WRITING, INTERRUPTED, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            process::exit(EXIT_CODE);
        }
        CAME.notify_one();
    };
    ctrlc::set_handler(answer).context("cannot listen for interrupts")
}

/// While it lives, interrupts are kept for [`interrupted`].
pub(crate) struct Writing;

impl Writing {
    pub(crate) fn begin() -> Self {
        STATE.store(WRITING, Ordering::SeqCst);
        Self
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        STATE.store(IDLE, Ordering::SeqCst);
    }
}

/// Resolves when an interrupt comes while a [`Writing`] lives.
pub(crate) async fn came() {
    CAME.notified().await;
}

/// Whether to stop writing.
pub(crate) fn interrupted() -> bool {
    STATE.load(Ordering::SeqCst) == INTERRUPTED
}
