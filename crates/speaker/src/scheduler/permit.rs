//! A thread's permit to compute.

use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use speech::Action;

use super::urgency::TaskState;
use super::{Part, ScheduledTask};
use crate::SpeakerError;
use crate::backbone::{Backbone, run_together};
use crate::lock::lock;

/// A thread's permit to compute. Without a scheduler it always has one.
#[derive(Debug)]
pub(crate) struct CorePermit {
    task: Option<ScheduledTask>,
    part: Part,
    is_held: bool,
    /// Cores that it holds besides its own.
    spare: usize,
    answer: Arc<Mutex<Option<Answer>>>,
}

impl CorePermit {
    pub(crate) fn new(task: Option<ScheduledTask>, part: Part) -> Self {
        Self {
            task,
            part,
            is_held: false,
            spare: 0,
            answer: Arc::default(),
        }
    }

    /// Waits until the thread may compute; to be called before each call of a component.
    pub(crate) fn hold(&mut self) {
        drop(self.wait(None));
    }

    /// Waits until the thread may compute or another one has run the step of its `backbone`; then that
    /// is what comes after the step.
    fn wait(
        &mut self,
        backbone: Option<&Arc<Mutex<Backbone>>>,
    ) -> Option<Result<Action, SpeakerError>> {
        let task = self.task.as_ref()?;
        let mut cores = lock(&task.cores);
        if self.is_held {
            let next = cores.next(Some((&task.state, self.part)))?;
            next.answer(Answer::Core);
        } else if cores.free > 0 {
            cores.free -= 1;
            self.is_held = true;
            return None;
        }
        self.is_held = false;
        cores.waiting.push(Waiting {
            state: task.state.clone(),
            part: self.part,
            step: backbone.cloned(),
            answer: self.answer.clone(),
            thread: thread::current(),
        });
        drop(cores);
        loop {
            let answer = lock(&self.answer).take();
            match answer {
                None => thread::park(),
                Some(Answer::Core) => {
                    self.is_held = true;
                    return None;
                }
                Some(Answer::Stepped(action)) => return Some(action),
            }
        }
    }

    /// Runs the step that comes next, once this thread has a core, and what follows of the frame; so it
    /// does with other threads' steps that wait. What comes then.
    pub(crate) fn step(&mut self, backbone: &Arc<Mutex<Backbone>>) -> Result<Action, SpeakerError> {
        if let Some(action) = self.wait(Some(backbone)) {
            return action;
        }
        let mut own = lock(backbone);
        let mut companions = match &self.task {
            Some(task) => lock(&task.cores).companions(&own),
            None => Companions(Vec::new()),
        };
        let steps = companions.0.iter().filter_map(|it| it.step.as_deref());
        let mut others: Vec<_> = steps.map(lock).collect();
        let all = std::iter::once(&mut *own).chain(others.iter_mut().map(|it| &mut **it));
        let mut actions = run_together(all).into_iter();
        drop(others);
        let action = actions.next();
        companions.answer(actions);
        action.unwrap_or(Ok(Action::Again))
    }

    /// Takes cores that nobody uses for the next call, so that up to `most` threads can compute it. How
    /// many can.
    pub(crate) fn hold_spare(&mut self, most: usize) -> usize {
        let Some(task) = &self.task else { return most };
        let mut cores = lock(&task.cores);
        let more = cores.free.min(most.saturating_sub(1 + self.spare));
        cores.free -= more;
        self.spare += more;
        1 + self.spare
    }

    /// Gives them back.
    pub(crate) fn release_spare(&mut self) {
        let spare = std::mem::take(&mut self.spare);
        self.pass_on(spare);
    }

    /// Gives so many cores to others.
    fn pass_on(&self, count: usize) {
        if let Some(task) = self.task.as_ref().filter(|_| count > 0) {
            let mut cores = lock(&task.cores);
            (0..count).for_each(|_| cores.pass_on());
        }
    }

    /// More sound of the utterance has been made.
    pub(crate) fn add_sound(&self, sound: Duration) {
        if let Some(task) = &self.task {
            task.state.add_sound(sound, Instant::now());
        }
    }

    /// Gives the core back; to be called before waiting for anything else.
    pub(crate) fn release(&mut self) {
        let own = usize::from(std::mem::take(&mut self.is_held));
        let spare = std::mem::take(&mut self.spare);
        self.pass_on(own + spare);
    }
}

impl Drop for CorePermit {
    fn drop(&mut self) {
        self.release();
    }
}

/// A thread that waits for a core.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) state: Arc<TaskState>,
    pub(super) part: Part,
    /// The backbone whose step it waits to run.
    pub(super) step: Option<Arc<Mutex<Backbone>>>,
    answer: Arc<Mutex<Option<Answer>>>,
    thread: Thread,
}

/// What a thread has waited for.
#[derive(Debug)]
pub(super) enum Answer {
    /// It has a core.
    Core,
    /// It has none, but another thread has run its step: what comes after that.
    Stepped(Result<Action, SpeakerError>),
}

impl Waiting {
    pub(super) fn answer(self, answer: Answer) {
        *lock(&self.answer) = Some(answer);
        self.thread.unpark();
    }
}

/// Threads whose steps another one runs. All get an answer, even if that one ends with a panic.
#[derive(Debug)]
pub(super) struct Companions(pub(super) Vec<Waiting>);

impl Companions {
    fn answer(&mut self, mut actions: impl Iterator<Item = Result<Action, SpeakerError>>) {
        for waiting in self.0.drain(..) {
            let failed = SpeakerError::Thread { thread: "backbone" };
            let action = actions.next().unwrap_or(Err(failed));
            waiting.answer(Answer::Stepped(action));
        }
    }
}

impl Drop for Companions {
    fn drop(&mut self) {
        self.answer(std::iter::empty());
    }
}
