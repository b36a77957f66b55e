//! Which kernels compute products. Several give the same results, to the last bit, at speeds that
//! depend on the machine: so the first calls of the backbone time them all.

use std::sync::{Arc, Mutex, PoisonError};

use bundle::WeightFormat;
use kernels::{CpuKernels, ReadOrder};

use crate::trials::Trials;

/// Fewest rows of a call that is timed as one of many rows.
const MANY_ROWS: usize = 8;

/// A clock in milliseconds.
pub(crate) type Clock = fn() -> f64;

/// The choices for every format, which all components of an engine share.
#[derive(Debug)]
pub(crate) struct KernelChoices {
    clock: Clock,
    formats: Vec<(WeightFormat, Mutex<FormatChoice>)>,
}

/// The choices for products with weights of one format.
#[derive(Debug)]
struct FormatChoice {
    one_row: Choice,
    many_rows: Choice,
}

#[derive(Debug)]
struct Choice {
    kernels: Vec<CpuKernels>,
    trials: Trials,
}

impl Choice {
    fn new(kernels: Vec<CpuKernels>) -> Self {
        let trials = Trials::new(kernels.len());
        Self { kernels, trials }
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
            let choice = FormatChoice {
                one_row: Choice::new(for_one_row(kernels, format)),
                many_rows: Choice::new(for_many_rows(kernels, format)),
            };
            (format, Mutex::new(choice))
        };
        Self {
            clock,
            formats: WeightFormat::ALL.into_iter().map(choice).collect(),
        }
    }
}

/// A component's view of the choices: those for its weights' format.
#[derive(Clone, Debug)]
pub(crate) struct ComponentChoice {
    choices: Arc<KernelChoices>,
    format: WeightFormat,
    /// Whether its calls are timed. One component times them, so that only like is compared.
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

/// The kernels for products.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProductKernels {
    pub(crate) one_row: CpuKernels,
    pub(crate) many_rows: CpuKernels,
}

impl ProductKernels {
    /// Those for so many rows.
    pub(crate) fn of(&mut self, rows: usize) -> &mut CpuKernels {
        if rows == 1 {
            &mut self.one_row
        } else {
            &mut self.many_rows
        }
    }
}

impl FormatChoice {
    fn of(&mut self, rows: usize) -> &mut Choice {
        if rows == 1 {
            &mut self.one_row
        } else {
            &mut self.many_rows
        }
    }
}

impl ComponentChoice {
    pub(crate) fn new(choices: Arc<KernelChoices>, format: WeightFormat, is_timed: bool) -> Self {
        Self {
            choices,
            format,
            is_timed,
        }
    }

    /// What is known to be fastest.
    pub(crate) fn best(&self) -> ProductKernels {
        let best = self.with(|choice| ProductKernels {
            one_row: choice.one_row.best(),
            many_rows: choice.many_rows.best(),
        });
        best.unwrap_or_default()
    }

    /// Starts to time a call with so many rows, unless enough were timed.
    pub(crate) fn start(&self, rows: usize) -> Option<Trial> {
        if !self.is_timed || (2..MANY_ROWS).contains(&rows) {
            return None;
        }
        let trial = self.with(|choice| {
            let Choice { kernels, trials } = choice.of(rows);
            let candidate = trials.next();
            trials.winner().is_none().then(|| Trial {
                kernels: kernels[candidate],
                candidate,
                rows,
                start: (self.choices.clock)(),
            })
        });
        trial.flatten()
    }

    /// Ends it.
    pub(crate) fn end(&self, trial: Trial) {
        let time = (self.choices.clock)() - trial.start;
        self.with(|choice| {
            let choice = choice.of(trial.rows);
            (choice.trials).record(trial.candidate, time / trial.rows as f64);
            #[cfg(not(target_arch = "wasm32"))]
            if choice.trials.winner().is_some() {
                let (format, best) = (self.format, choice.best());
                tracing::debug!(%format, rows = trial.rows, isa = ?best.isa(), order = ?best.read_order(), "the fastest kernels are known");
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut FormatChoice) -> T) -> Option<T> {
        let mut formats = self.choices.formats.iter();
        let (_, choice) = formats.find(|(format, _)| *format == self.format)?;
        Some(work(
            &mut choice.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

#[cfg(test)]
mod tests;
