//! Reports on the progress of a download.

/// Receives progress of downloads, one after the other. Files that are already here report nothing.
pub trait FetchProgress {
    /// `name` begins: `already` of `total` bytes are on this machine. Called again for the same
    /// file if the download has to start over.
    fn started(&self, name: &str, total: Option<u64>, already: u64);

    /// `bytes` more have arrived since the last call.
    fn advanced(&self, bytes: u64);

    /// The download has ended, complete or not.
    fn finished(&self);
}

/// Ignores progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl FetchProgress for NoProgress {
    fn started(&self, _name: &str, _total: Option<u64>, _already: u64) {}
    fn advanced(&self, _bytes: u64) {}
    fn finished(&self) {}
}

/// Reports one file to `progress`, and its end on every way out.
pub(super) struct Meter<'a> {
    progress: &'a dyn FetchProgress,
    name: &'a str,
    running: bool,
    up_to_date: bool,
}

impl<'a> Meter<'a> {
    pub(super) fn new(progress: &'a dyn FetchProgress, name: &'a str) -> Self {
        Self {
            progress,
            name,
            running: false,
            up_to_date: false,
        }
    }

    /// Bytes from `already` on are about to arrive; reported only if that changed.
    pub(super) fn begin(&mut self, total: Option<u64>, already: u64) {
        if !self.up_to_date {
            self.progress.started(self.name, total, already);
            self.running = true;
            self.up_to_date = true;
        }
    }

    /// What has arrived so far is discarded.
    pub(super) fn start_over(&mut self) {
        self.up_to_date = false;
    }

    pub(super) fn advance(&self, bytes: u64) {
        self.progress.advanced(bytes);
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        if self.running {
            self.progress.finished();
        }
    }
}
