//! Which kernels compute products. Several give the same results, to the last bit, at speeds that
//! depend on the machine: so the first calls of the backbone time them all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bundle::WeightFormat;
use kernels::{CpuKernels, ReadOrder};

use crate::trials::Trials;

/// Fewest rows of a call that is timed as one of many rows.
const MANY_ROWS: usize = 8;
/// Calls that take the first kernels and are not timed, so that the first sound of all, which
/// somebody waits for, does not wait until a browser has compiled kernels that will lose.
const UNTIMED_CALLS: usize = 8;

/// A clock in milliseconds.
pub(crate) type Clock = fn() -> f64;

/// The choices for every format, which all components of an engine share.
#[derive(Clone, Debug)]
pub(crate) struct KernelChoices(Vec<Arc<FormatChoice>>);

/// The choices for products with weights of one format.
#[derive(Debug)]
struct FormatChoice {
    format: WeightFormat,
    clock: Clock,
    choices: Mutex<ByRows<Choice>>,
}

/// What there is once for products of one row, and once for those of several.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByRows<T> {
    pub(crate) one_row: T,
    pub(crate) many_rows: T,
}

impl<T> ByRows<T> {
    /// That for so many rows.
    pub(crate) fn of(&mut self, rows: usize) -> &mut T {
        if rows == 1 {
            &mut self.one_row
        } else {
            &mut self.many_rows
        }
    }
}

#[derive(Debug)]
struct Choice {
    kernels: Vec<CpuKernels>,
    trials: Trials,
    /// Calls until the trials begin.
    untimed_calls: usize,
}

impl Choice {
    fn new(kernels: Vec<CpuKernels>) -> Self {
        let trials = Trials::new(kernels.len());
        Self {
            kernels,
            trials,
            untimed_calls: UNTIMED_CALLS,
        }
    }

    /// The candidate that the next call is to time.
    fn next(&mut self) -> Option<usize> {
        if self.untimed_calls > 0 {
            self.untimed_calls -= 1;
            return None;
        }
        self.trials.next()
    }

    /// The kernels that have won, or the first.
    fn best(&self) -> CpuKernels {
        self.kernels[self.trials.winner().unwrap_or_default()]
    }
}

/// The kernels to choose from for products of one row with weights in `format`.
fn for_one_row(tested: &[CpuKernels], format: WeightFormat) -> Vec<CpuKernels> {
    let mut candidates = Vec::new();
    for kernels in for_many_rows(tested, format) {
        for order in ReadOrder::of(format) {
            candidates.push(kernels.with_read_order(*order));
        }
    }
    candidates
}

/// The same for products of several rows: only products that read panels by turns have
/// instructions of their own.
fn for_many_rows(tested: &[CpuKernels], format: WeightFormat) -> Vec<CpuKernels> {
    match ReadOrder::of(format) {
        [_] => tested[..1].to_vec(),
        _ => tested.to_vec(),
    }
}

impl KernelChoices {
    /// Choices among `kernels`, of which the first are preferred. There has to be one.
    pub(crate) fn new(kernels: &[CpuKernels], clock: Clock) -> Self {
        let choice = |format| {
            let choices = ByRows {
                one_row: Choice::new(for_one_row(kernels, format)),
                many_rows: Choice::new(for_many_rows(kernels, format)),
            };
            Arc::new(FormatChoice {
                format,
                clock,
                choices: Mutex::new(choices),
            })
        };
        Self(WeightFormat::ALL.into_iter().map(choice).collect())
    }

    /// Those of a component whose weights have `format`. `is_timed` says whether its calls are
    /// timed: one component's are, so that only like is compared.
    pub(crate) fn of(&self, format: WeightFormat, is_timed: bool) -> Option<ComponentChoice> {
        let choice = self.0.iter().find(|choice| choice.format == format)?;
        Some(ComponentChoice {
            choice: choice.clone(),
            is_timed,
        })
    }
}

/// A component's view of the choices: those for its weights' format.
#[derive(Clone, Debug)]
pub(crate) struct ComponentChoice {
    choice: Arc<FormatChoice>,
    is_timed: bool,
}

/// What is timed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    pub(crate) kernels: CpuKernels,
    candidate: usize,
    rows: usize,
    start: f64,
}

impl ComponentChoice {
    /// What is known to be fastest.
    pub(crate) fn best(&self) -> ByRows<CpuKernels> {
        let choices = self.choices();
        ByRows {
            one_row: choices.one_row.best(),
            many_rows: choices.many_rows.best(),
        }
    }

    /// Starts to time a call with so many rows, unless enough were timed.
    pub(crate) fn start(&self, rows: usize) -> Option<Trial> {
        if !self.is_timed || (2..MANY_ROWS).contains(&rows) {
            return None;
        }
        let mut choices = self.choices();
        let choice = choices.of(rows);
        let candidate = choice.next()?;
        Some(Trial {
            kernels: choice.kernels[candidate],
            candidate,
            rows,
            start: (self.choice.clock)(),
        })
    }

    /// Ends it.
    pub(crate) fn end(&self, trial: Trial) {
        let time = (self.choice.clock)() - trial.start;
        let mut choices = self.choices();
        let choice = choices.of(trial.rows);
        (choice.trials).record(trial.candidate, time / trial.rows as f64);
        #[cfg(not(target_arch = "wasm32"))]
        if choice.trials.winner().is_some() {
            let (format, best) = (self.choice.format, choice.best());
            tracing::debug!(%format, rows = trial.rows, isa = ?best.isa(), order = ?best.read_order(), "the fastest kernels are known");
        }
    }

    fn choices(&self) -> MutexGuard<'_, ByRows<Choice>> {
        let choices = &self.choice.choices;
        choices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
