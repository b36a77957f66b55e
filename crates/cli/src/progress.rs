//! Progress bars of downloads and of writing.

use std::cell::RefCell;
use std::time::Duration;

use bundle::ComponentName;
use export::WriteProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
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
    bar: RefCell<ProgressBar>,
}

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            bar: RefCell::new(ProgressBar::hidden()),
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
        self.bar.replace(bar).finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.borrow().finish_and_clear();
    }
}

impl checkpoint::Progress for Bar {
    fn started(&self, name: &str, total: Option<u64>, already: u64) {
        self.start(&format!("fetching {name}"), total);
        self.bar.borrow().set_position(already);
    }

    fn advanced(&self, bytes: u64) {
        self.bar.borrow().inc(bytes);
    }

    fn finished(&self) {
        self.bar.borrow().finish_and_clear();
    }
}

impl WriteProgress for Bar {
    fn started(&self, total: u64) {
        self.start("writing", Some(total));
    }

    fn component(&self, name: ComponentName) {
        self.bar.borrow().set_message(format!("writing {name}"));
    }

    fn advanced(&self, bytes: u64) {
        self.bar.borrow().inc(bytes);
    }

    fn rounded(&self, name: ComponentName, weights: usize) {
        if self.quiet {
            return;
        }
        let weights = match weights {
            1 => "1 weight".to_owned(),
            _ => format!("{weights} weights"),
        };
        self.bar.borrow().suspend(|| {
            note(&format!(
                "notice: {name}: {weights} rounded to bf16, which cannot hold them exactly (f32 can)"
            ));
        });
    }

    fn cancelled(&self) -> bool {
        interrupt::interrupted()
    }
}
