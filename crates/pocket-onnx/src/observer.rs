//! What long work tells while it lasts.

use bundle::ComponentName;

/// Watches downloads and conversions. Nothing in this crate prints.
pub trait Observer {
    /// Something that the user may want to know.
    fn notice(&self, notice: &str) {
        let _ = notice;
    }

    /// Something that the user has to know, because something will be lost or takes time.
    fn warning(&self, warning: &str) {
        let _ = warning;
    }

    /// How far the work is.
    fn progress(&self, progress: Progress<'_>) {
        let _ = progress;
    }

    /// Called before files are written: from here on, a program that is asked to end should not end at
    /// once, but let [`Observer::cancelled`] return true.
    fn begins_to_write(&self) {}

    /// Asked often while files are written: whether to stop and leave everything as it was.
    fn cancelled(&self) -> bool {
        false
    }
}

/// A step of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A download begins, or begins again.
    Fetching {
        /// The file.
        name: &'a str,
        /// Its bytes, if they are known.
        total: Option<u64>,
        /// Bytes that are on this machine already.
        already: u64,
    },
    /// A download has ended, complete or not.
    Fetched,
    /// Weights are written.
    Writing {
        /// Their bytes.
        total: u64,
    },
    /// The weights of a component begin.
    Component(ComponentName),
    /// So many more bytes were fetched or written.
    Advanced(u64),
    /// Weights of a component were rounded to bf16, which does not hold them.
    Rounded {
        /// The component.
        component: ComponentName,
        /// How many.
        weights: usize,
    },
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// An observer, as the crates below know one.
#[cfg(feature = "voice")]
pub(crate) struct Watched<'a>(pub(crate) &'a dyn Observer);

#[cfg(feature = "voice")]
impl checkpoint::FetchProgress for Watched<'_> {
    fn started(&self, name: &str, total: Option<u64>, already: u64) {
        self.0.progress(Progress::Fetching {
            name,
            total,
            already,
        });
    }

    fn advanced(&self, bytes: u64) {
        self.0.progress(Progress::Advanced(bytes));
    }

    fn finished(&self) {
        self.0.progress(Progress::Fetched);
    }
}

#[cfg(feature = "convert")]
impl export::WriteProgress for Watched<'_> {
    fn started(&self, total: u64) {
        self.0.progress(Progress::Writing { total });
    }

    fn component(&self, name: ComponentName) {
        self.0.progress(Progress::Component(name));
    }

    fn advanced(&self, bytes: u64) {
        self.0.progress(Progress::Advanced(bytes));
    }

    fn rounded(&self, component: ComponentName, weights: usize) {
        self.0.progress(Progress::Rounded { component, weights });
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
