//! Progress bars of downloads and of writing.

use std::cell::RefCell;
use std::time::Duration;

use bundle::ComponentName;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pocket_onnx::{Observer, Progress};

use crate::interrupt::{self, Writing};
use crate::output::note;

/// A line on standard error that shows how far speaking is, if that is a terminal.
pub(crate) fn speaking() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The template is a constant; a wrong one would show the plain line.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// A bar on standard error, if that is a terminal and `--quiet` is not given.
pub(crate) struct Bar {
    quiet: bool,
    shown: RefCell<ProgressBar>,
    /// Interrupts are kept while files are written.
    writing: RefCell<Option<Writing>>,
}

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            shown: RefCell::new(ProgressBar::hidden()),
            writing: RefCell::new(None),
        }
    }

    fn start(&self, name: &str, total: Option<u64>) {
        if self.quiet {
            return;
        }
        let style = match total {
            Some(_) => {
                "{msg:32!} {bar:30} {bytes:>10} of {total_bytes:10} {bytes_per_sec:12} {eta} left"
            }
            None => "{msg:32!} {spinner} {bytes:>10} {bytes_per_sec:12}",
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        // The templates are constants; a wrong one would show the plain bar.
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.shown.replace(bar).finish_and_clear();
    }
}

impl Bar {
    fn rounded(&self, name: ComponentName, weights: usize) {
        if self.quiet {
            return;
        }
        let weights = match weights {
            1 => "1 weight".to_owned(),
            _ => format!("{weights} weights"),
        };
        self.shown.borrow().suspend(|| {
            note(&format!(
                "notice: {name}: {weights} rounded to bf16, which cannot hold them exactly (f32 can)"
            ));
        });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.borrow().finish_and_clear();
    }
}

impl Observer for Bar {
    fn notice(&self, notice: &str) {
        if !self.quiet {
            note(&format!("notice: {notice}"));
        }
    }

    /// Also with `--quiet`.
    fn warning(&self, warning: &str) {
        note(&format!("notice: {warning}"));
    }

    fn progress(&self, progress: Progress<'_>) {
        match progress {
            Progress::Fetching {
                name,
                total,
                already,
            } => {
                self.start(&format!("fetching {name}"), total);
                self.shown.borrow().set_position(already);
            }
            Progress::Fetched => self.shown.borrow().finish_and_clear(),
            Progress::Writing { total } => self.start("writing", Some(total)),
            Progress::Component(name) => self.shown.borrow().set_message(format!("writing {name}")),
            Progress::Advanced(bytes) => self.shown.borrow().inc(bytes),
            Progress::Rounded { component, weights } => self.rounded(component, weights),
            _ => {}
        }
    }

    fn begins_to_write(&self) {
        self.writing.replace(Some(Writing::begin()));
    }

    fn cancelled(&self) -> bool {
        interrupt::interrupted()
    }
}
