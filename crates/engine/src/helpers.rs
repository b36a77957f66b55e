//! The threads that help with products of many rows.

use std::sync::OnceLock;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// One thread for each core but the caller's, for all components of the process; none if no thread can
/// be started. With more threads, the system would move the work from core to core.
///
/// The first call starts them. It should come before the first product: a system puts a new thread on
/// any core, also on one that works, and one that has waited on a free core.
pub(crate) fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let start = || {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = ThreadPoolBuilder::new().num_threads(cores.saturating_sub(1).max(1));
        threads.thread_name(|_| "engine".into()).build().ok()
    };
    POOL.get_or_init(start).as_ref()
}
